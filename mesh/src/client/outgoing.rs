use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;

use crate::context::RequestContext;
use crate::layer::{REQUEST_ID, TRACE_PARENT, TRACE_STATE, timeout_of};

/// Kept back from a deadline that is handed on, so that the answer "too late" arrives in time.
const MARGIN: Duration = Duration::from_millis(50);

/// When an outgoing call's answer is of no more use: the earliest of what the request says, what is left of its
/// caller's time less a margin, and, if nobody says, the method's own time.
pub(super) fn deadline(
    headers: &HeaderMap,
    context: Option<&RequestContext>,
    default: Option<Duration>,
    now: Instant,
) -> Option<Instant> {
    let asked = timeout_of(headers).and_then(|time| now.checked_add(time));
    let left = context.and_then(|context| context.deadline).map(|at| at.checked_sub(MARGIN).unwrap_or(now));
    let given = asked.into_iter().chain(left).min();
    given.or_else(|| default.and_then(|time| now.checked_add(time)))
}

/// Hands on the caller's id and trace, and the deadline.
pub(super) fn sign(headers: &mut HeaderMap, context: Option<&RequestContext>, deadline: Option<Instant>, now: Instant) {
    if let Some(context) = context {
        put(headers, REQUEST_ID, &context.request_id);
        put(headers, TRACE_PARENT, &context.trace.parent());
        if let Some(state) = &context.trace.state {
            put(headers, TRACE_STATE, state);
        }
    }
    if let Some(deadline) = deadline {
        put(headers, http::HeaderName::from_static("grpc-timeout"), &timeout(deadline.saturating_duration_since(now)));
    }
}

fn put(headers: &mut HeaderMap, name: http::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// As `grpc-timeout` writes it, in at most eight digits.
fn timeout(left: Duration) -> String {
    match left.as_millis() {
        millis @ ..=99_999_999 => format!("{millis}m"),
        _ => format!("{}S", left.as_secs().min(99_999_999)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::context::{Caller, Trace};

    fn context(deadline: Instant) -> RequestContext {
        let trace =
            Trace { trace_id: "a".repeat(32), span_id: "b".repeat(16), sampled: true, state: Some("v=1".into()) };
        let caller = Arc::new(Caller::anonymous());
        RequestContext { request_id: "order-7".into(), caller, deadline: Some(deadline), trace: Arc::new(trace) }
    }

    #[test]
    fn hands_on_what_is_left_less_a_margin() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let context = context(now + second);
        assert_eq!(deadline(&HeaderMap::new(), Some(&context), None, now), Some(now + second - MARGIN));
        let mut headers = HeaderMap::new();
        put(&mut headers, http::HeaderName::from_static("grpc-timeout"), "200m");
        assert_eq!(deadline(&headers, Some(&context), None, now), Some(now + Duration::from_millis(200)));
        assert_eq!(deadline(&HeaderMap::new(), None, Some(second), now), Some(now + second));
        assert_eq!(deadline(&HeaderMap::new(), None, None, now), None);
    }

    #[test]
    fn hands_on_id_and_trace() {
        let now = Instant::now();
        let mut headers = HeaderMap::new();
        sign(&mut headers, Some(&context(now)), Some(now + Duration::from_millis(1234)), now);
        assert_eq!(headers[REQUEST_ID], "order-7");
        assert_eq!(headers[TRACE_PARENT], format!("00-{}-{}-01", "a".repeat(32), "b".repeat(16)));
        assert_eq!(
            (&headers[TRACE_STATE], &headers["grpc-timeout"]),
            (&"v=1".parse().unwrap(), &"1234m".parse().unwrap())
        );
        assert_eq!(timeout(Duration::from_secs(200_000)), "200000S");
    }
}
