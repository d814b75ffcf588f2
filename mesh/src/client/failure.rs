use std::error::Error;
use std::iter::successors;
use std::time::Duration;

use tonic::{Code, Status, TimeoutExpired};

use crate::status::{self, Fault};

/// When to try a lost upstream again.
const RETRY: Duration = Duration::from_secs(1);

/// Whether a call failed on its way and was not answered. Services give details with every error; what has none comes
/// from a broken connection, whichever code a client library gives it.
pub fn is_lost(status: &Status) -> bool {
    let by_connection = matches!(status.code(), Code::Unknown | Code::Internal | Code::Cancelled);
    status.code() == Code::Unavailable || (by_connection && status.details().is_empty())
}

/// A failure of the way to an upstream, not of the upstream: UNAVAILABLE, whatever broke (tonic calls most of it
/// UNKNOWN).
pub(super) fn lost(name: &str, error: &(dyn Error + 'static)) -> Status {
    if causes(error).any(|cause| cause.is::<TimeoutExpired>()) {
        return late(name); // tonic reads the header that tells the upstream, and was the first to notice
    }
    let causes: Vec<_> = causes(error).map(ToString::to_string).collect();
    tracing::debug!(upstream = name, error = causes.join(": "), "call lost");
    Fault::unavailable("UPSTREAM_LOST", format!("the connection to {name} is lost"), RETRY)
        .meta("upstream", name)
        .into()
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |&error| error.source())
}

/// A call whose deadline passed while it waited for an upstream.
pub(super) fn late(name: &str) -> Status {
    let text = format!("{name} did not answer before the call's deadline");
    Fault::new(status::Code::DeadlineExceeded, "DEADLINE_EXCEEDED", text).meta("upstream", name).into()
}
