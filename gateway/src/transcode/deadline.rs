//! How long a request of REST has, from its head to its answer.

use std::time::Duration;

use http::{HeaderMap, HeaderName};
use tickmesh_mesh::context::{self, RequestContext};
use tickmesh_mesh::status::{Code, Fault};
use tokio::time::{Instant, timeout_at};
use tonic::Status;

use super::error::bad_field;
use crate::contract::Method;

/// The time that a call without a deadline of its own has, once its request is there.
const DEFAULT: Duration = Duration::from_secs(5);

/// The time that a request without a deadline of its own has to arrive: the largest takes it at 1.2 Mbit/s.
const ARRIVAL: Duration = Duration::from_secs(30);

/// The longest time that a client can ask for.
const LONGEST: Duration = Duration::from_secs(60);

/// A client's own deadline in seconds, for example `2.5`.
const HEADER: HeaderName = HeaderName::from_static("x-request-timeout");

/// Until when the client waits.
#[derive(Clone, Copy, Debug)]
pub(super) enum Deadline {
    /// As long as it takes: the call waits on purpose.
    Open,
    /// It has not said.
    Unsaid,
    /// Until then: so long after the request's head.
    At(Instant, Duration),
}

impl Deadline {
    /// The deadline of a call whose head has just arrived.
    ///
    /// # Errors
    /// INVALID_ARGUMENT if the client's own deadline is no positive number of seconds.
    pub(super) fn of(method: &Method, headers: &HeaderMap) -> Result<Self, Fault> {
        if method.waits() {
            return Ok(Self::Open);
        }
        let Some(asked) = headers.get(HEADER) else { return Ok(Self::Unsaid) };
        let seconds = asked.to_str().ok().and_then(|text| text.trim().trim_end_matches('s').parse::<f64>().ok());
        let asked =
            seconds.filter(|seconds| *seconds > 0.0).and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        match asked {
            Some(asked) => Ok(Self::after(asked.min(LONGEST))),
            None => Err(bad_field(HEADER.as_str(), "must be a positive number of seconds, for example 2.5".to_owned())),
        }
    }

    fn after(time: Duration) -> Self {
        Self::At(Instant::now() + time, time)
    }

    /// The same, or `time` from now if that is earlier.
    pub(super) fn at_most(self, time: Duration) -> Self {
        match self {
            Self::At(at, asked) if at <= Instant::now() + time => Self::At(at, asked),
            _ => Self::after(time),
        }
    }

    /// Awaits a request's body: a client that stalls in the middle of one holds its connection no longer.
    ///
    /// # Errors
    /// Why it cannot be read; DEADLINE_EXCEEDED if it takes too long.
    pub(super) async fn arrived<T>(self, body: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        let (at, time) = self.or(ARRIVAL);
        let late = || exceeded(format!("the request's body did not arrive whole within {time:?}"));
        timeout_at(at, body).await.unwrap_or_else(|_| Err(late()))
    }

    /// Awaits a call for as long as it may take; dropping it on time-out cancels it upstream.
    ///
    /// # Errors
    /// What the call ends with; DEADLINE_EXCEEDED if it takes too long.
    pub(super) async fn answered<T>(self, call: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
        if matches!(self, Self::Open) {
            return call.await;
        }
        let (at, time) = self.or(DEFAULT);
        let late = || exceeded(format!("no answer within {time:?}")).into();
        timeout_at(at, known_upstream(at, call)).await.unwrap_or_else(|_| Err(late()))
    }

    fn or(self, time: Duration) -> (Instant, Duration) {
        match self {
            Self::At(at, asked) => (at, asked),
            Self::Open | Self::Unsaid => (Instant::now() + time, time),
        }
    }
}

fn exceeded(text: String) -> Fault {
    Fault::new(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", text)
}

/// Puts the deadline into the call's context, from which upstream calls hand it on.
async fn known_upstream<T>(deadline: Instant, call: impl Future<Output = T>) -> T {
    match context::current() {
        Some(context) => context::scope(RequestContext { deadline: Some(deadline), ..context }, call).await,
        None => call.await,
    }
}
