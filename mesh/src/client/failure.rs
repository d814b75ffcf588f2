use std::time::Duration;

use tonic::{Code, Status};

use crate::status::{self, Fault};

/// When to try a lost upstream again.
const RETRY: Duration = Duration::from_secs(1);

/// A failure of the way to an upstream, not of the upstream: UNAVAILABLE, whatever broke (tonic calls most of it UNKNOWN).
pub(super) fn lost(name: &str, error: tonic::codegen::StdError) -> Status {
    let status = Status::from_error(error);
    if status.code() == Code::DeadlineExceeded {
        return status;
    }
    tracing::debug!(upstream = name, error = %status.message(), "call lost");
    Fault::unavailable("UPSTREAM_LOST", format!("the connection to {name} is lost"), RETRY)
        .meta("upstream", name)
        .into()
}

/// A call whose deadline passed while it waited for an upstream.
pub(super) fn late(name: &str) -> Status {
    let text = format!("{name} did not answer before the call's deadline");
    Fault::new(status::Code::DeadlineExceeded, "DEADLINE", text).meta("upstream", name).into()
}
