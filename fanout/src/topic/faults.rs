//! How streams fail.

use std::time::Duration;

use tickmesh_mesh::status::Code;
use tonic::Status;

use crate::Fault;
use crate::log::{Log, Lost, LostReason};

/// How soon a client that was too slow may come back.
const SLOW_RETRY: Duration = Duration::from_secs(1);

/// A cursor cannot be resumed and the client did not ask for best effort.
pub(crate) fn out_of_range(log: &Log, lost: Lost) -> Fault {
    cannot_resume(lost.reason)
        .meta("oldest_cursor", log.cursor(lost.oldest))
        .meta("newest_cursor", log.cursor(log.head()))
        .meta("epoch", log.epoch())
}

/// A cursor cannot be resumed, as the log that it is of is not there.
pub(crate) fn no_log() -> Fault {
    cannot_resume(LostReason::Epoch)
}

fn cannot_resume(reason: LostReason) -> Fault {
    Fault::new(Code::OutOfRange, reason.as_str(), "the stream cannot go on after resume_after without a hole")
}

/// The client does not keep up. `cursor` is the last place that it was told.
pub(crate) fn slow_consumer(cursor: Option<String>) -> Fault {
    let fault = Fault::new(Code::ResourceExhausted, "SLOW_CONSUMER", "the client reads more slowly than events arrive");
    at(fault.retry_after(SLOW_RETRY), cursor)
}

/// The stream ended on purpose.
pub(crate) fn draining(cursor: Option<String>, retry_after: Duration) -> Fault {
    at(Fault::unavailable("DRAINING", "the stream has ended on purpose; reconnect", retry_after), cursor)
}

/// The time that the client gave the stream is over.
pub(crate) fn deadline(cursor: Option<String>) -> Fault {
    at(Fault::new(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", "the call's deadline has passed"), cursor)
}

/// Says where to go on.
fn at(fault: Fault, cursor: Option<String>) -> Fault {
    match cursor {
        Some(cursor) => fault.meta("cursor", cursor),
        None => fault,
    }
}

/// The stream has no history to begin with.
pub(crate) fn no_history() -> Fault {
    Fault::new(Code::InvalidArgument, "BAD_REQUEST", "this stream keeps no history")
        .field("start_time", "is not offered by this stream")
}

/// A fault as the status of a call. The stream outlives the handler, so the call's id comes along.
pub(crate) fn status(fault: Fault, request_id: Option<&str>) -> Status {
    match request_id {
        Some(id) => fault.meta("request_id", id).into(),
        None => fault.into(),
    }
}
