//! How long a request of REST may take to arrive, and as long again its unary call.

use std::time::Duration;

use http::{HeaderMap, HeaderName};
use tickmesh_mesh::context::{self, RequestContext};
use tickmesh_mesh::status::{Code, Fault};
use tokio::time::Instant;
use tonic::Status;

use super::error::bad_field;
use crate::contract::Method;

/// The time that a call without a deadline of its own has.
const DEFAULT: Duration = Duration::from_secs(5);

/// The longest time that a client can ask for.
const LONGEST: Duration = Duration::from_secs(60);

/// A client's own deadline in seconds, for example `2.5`.
const HEADER: HeaderName = HeaderName::from_static("x-request-timeout");

/// The time that a call has; `None` for one that waits on purpose.
///
/// # Errors
/// INVALID_ARGUMENT if the client's own deadline is no positive number of seconds.
pub(super) fn of(method: &Method, headers: &HeaderMap) -> Result<Option<Duration>, Fault> {
    if method.waits() {
        return Ok(None);
    }
    let Some(asked) = headers.get(HEADER) else { return Ok(Some(DEFAULT)) };
    let seconds = asked.to_str().ok().and_then(|text| text.trim().trim_end_matches('s').parse::<f64>().ok());
    let asked = seconds.filter(|seconds| *seconds > 0.0).and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    match asked {
        Some(asked) => Ok(Some(asked.min(LONGEST))),
        None => Err(bad_field(HEADER.as_str(), "must be a positive number of seconds, for example 2.5".to_owned())),
    }
}

/// Awaits a request's body for as long as its call may take: a client that stalls in the middle of one holds its connection
/// no longer.
///
/// # Errors
/// Why it cannot be read; DEADLINE_EXCEEDED if it takes too long.
pub(super) async fn arrived<T>(
    time: Option<Duration>,
    body: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    let time = time.unwrap_or(DEFAULT);
    match tokio::time::timeout(time, body).await {
        Ok(body) => body,
        Err(_) => {
            let text = format!("the request's body did not arrive whole within {time:?}");
            Err(Fault::new(Code::DeadlineExceeded, "DEADLINE", text))
        }
    }
}

/// Awaits a call for as long as it may take; dropping it on time-out cancels it upstream.
///
/// # Errors
/// What the call ends with; DEADLINE_EXCEEDED if it takes too long.
pub(super) async fn within<T>(
    time: Option<Duration>,
    call: impl Future<Output = Result<T, Status>>,
) -> Result<T, Status> {
    let Some(time) = time else { return call.await };
    let call = known_upstream(Instant::now() + time, call);
    match tokio::time::timeout(time, call).await {
        Ok(answer) => answer,
        Err(_) => {
            Err(Fault::new(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", format!("no answer within {time:?}")).into())
        }
    }
}

/// Puts the deadline into the call's context, from which upstream calls hand it on.
async fn known_upstream<T>(deadline: Instant, call: impl Future<Output = T>) -> T {
    match context::current() {
        Some(context) => context::scope(RequestContext { deadline: Some(deadline), ..context }, call).await,
        None => call.await,
    }
}
