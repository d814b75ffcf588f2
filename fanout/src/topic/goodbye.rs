use std::future::pending;
use std::time::Duration;

use tickmesh_proto::r#type::v1::end_of_stream::Reason;
use tokio::time::{Instant, sleep, sleep_until};

/// Why a stream ends on purpose.
pub(crate) struct Goodbye {
    pub(crate) reason: Reason,
    /// What the caller gave as its ending, kept until the goodbye is said: a server drains as long as it is held.
    _held: Box<dyn Send>,
}

/// Kept back from a call's deadline, so that its client has the goodbye and the cursor in it before its own timer ends
/// the call: the way to the client, a relay between and a busy machine take their time.
const MARGIN: Duration = Duration::from_millis(100);

/// When a call says goodbye whose deadline this is: a margin before it, at most a quarter of the time that is left.
fn polite(deadline: Instant) -> Instant {
    let left = deadline.saturating_duration_since(Instant::now());
    deadline - MARGIN.min(left / 4)
}

/// Resolves when a stream is to end: its connection does, or it is old enough, or its call's deadline is near.
pub(crate) async fn goodbye<E>(ending: E, age: Duration, deadline: Option<Instant>) -> Goodbye
where
    E: Future + Send + 'static,
{
    let mut ending = Box::pin(ending);
    let late = async {
        match deadline {
            Some(deadline) => sleep_until(polite(deadline)).await,
            None => pending().await,
        }
    };
    let reason = tokio::select! {
        _ = &mut ending => Reason::Draining,
        () = sleep(age) => Reason::Draining,
        () = late => Reason::Deadline,
    };
    Goodbye { reason, _held: Box::new(ending) }
}
