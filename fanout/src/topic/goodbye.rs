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

/// Resolves when a stream is to end: its connection does, or it is old enough, or its call's deadline passes.
pub(crate) async fn goodbye<E>(ending: E, age: Duration, deadline: Option<Instant>) -> Goodbye
where
    E: Future + Send + 'static,
{
    let mut ending = Box::pin(ending);
    let late = async {
        match deadline {
            Some(deadline) => sleep_until(deadline).await,
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
