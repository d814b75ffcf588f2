use std::net::SocketAddr;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;
use tracing::{Level, Span};
use uuid::Uuid;

use super::call::Call;
use crate::context::{Caller, RequestContext, Trace};

/// Carries a call's id: taken from the request or made, and returned.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// W3C Trace Context, the parent.
pub const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");

/// W3C Trace Context, the vendors' part.
pub const TRACE_STATE: HeaderName = HeaderName::from_static("tracestate");

/// Longer ids are replaced: they stand in logs and errors.
const MAX_ID_BYTES: usize = 128;

/// The longest `tracestate` that W3C asks to hand on.
const MAX_STATE_BYTES: usize = 512;

/// What a request says about itself, completed.
pub(super) fn context(headers: &HeaderMap, deadline: Option<Instant>) -> RequestContext {
    RequestContext {
        request_id: request_id(headers),
        caller: Arc::new(Caller::anonymous()),
        deadline,
        trace: Arc::new(trace(headers)),
    }
}

macro_rules! call_span {
    ($level:expr, $context:expr) => {
        tracing::span!(
            $level,
            "call",
            request_id = %$context.request_id,
            trace_id = %$context.trace.trace_id,
            span_id = %$context.trace.span_id,
            rpc_method = tracing::field::Empty,
            peer = tracing::field::Empty,
        )
    };
}

/// The span of a call: what is logged within it carries these fields. A filter that is coarser than `info` lets calls
/// go without one, which writing the fields down would make dearer by a twentieth; [`span_of_failure`] names those that
/// fail.
pub(super) fn span(call: &Call, context: &RequestContext, peer: Option<SocketAddr>) -> Span {
    completed(call_span!(Level::INFO, context), call, peer)
}

/// The span in which a call's failure is told, whatever the filter.
pub(super) fn span_of_failure(call: &Call, context: &RequestContext, peer: Option<SocketAddr>) -> Span {
    completed(call_span!(Level::ERROR, context), call, peer)
}

fn completed(span: Span, call: &Call, peer: Option<SocketAddr>) -> Span {
    if let Some(method) = call.method.as_ref().filter(|_| !span.is_disabled()) {
        span.record("rpc_method", tracing::field::display(format_args!("{}/{}", method.service, method.name)));
    }
    if let Some(peer) = peer {
        span.record("peer", tracing::field::display(peer));
    }
    span
}

/// Puts the call's id on its answer.
pub(super) fn sign(headers: &mut HeaderMap, context: &RequestContext) {
    if let Ok(id) = HeaderValue::from_str(&context.request_id) {
        headers.insert(REQUEST_ID, id);
    }
}

fn request_id(headers: &HeaderMap) -> Arc<str> {
    let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
    match given.filter(|id| (1..=MAX_ID_BYTES).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic())) {
        Some(id) => id.into(),
        None => random_id().to_string().into(),
    }
}

fn trace(headers: &HeaderMap) -> Trace {
    let span_id = format!("{:016x}", rand::random::<u64>().max(1));
    let parent = headers.get(TRACE_PARENT).and_then(|parent| parent.to_str().ok()).and_then(parse_parent);
    let Some((trace_id, sampled)) = parent else {
        return Trace { trace_id: random_id().simple().to_string(), span_id, sampled: false, state: None };
    };
    let state = headers.get(TRACE_STATE).and_then(|state| state.to_str().ok());
    let state = state.filter(|state| state.len() <= MAX_STATE_BYTES).map(str::to_owned);
    Trace { trace_id, span_id, sampled, state }
}

/// A version 4 UUID. Ids need to differ, not to be secret: the thread's generator spares each call two system calls.
fn random_id() -> Uuid {
    uuid::Builder::from_random_bytes(rand::random()).into_uuid()
}

/// `version-trace-parent-flags`, as W3C Trace Context level 1 has it: the trace's id and whether it is sampled.
fn parse_parent(parent: &str) -> Option<(String, bool)> {
    let mut parts = parent.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |text: &str, len: usize| {
        text.len() == len && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let is_id = |text: &str, len: usize| is_hex(text, len) && text.bytes().any(|b| b != b'0');
    let is_whole = version != "00" || parts.next().is_none();
    let is_valid = is_hex(version, 2) && version != "ff" && is_id(trace, 32) && is_id(span, 16) && is_hex(flags, 2);
    let flags = u8::from_str_radix(flags, 16).ok()?;
    (is_valid && is_whole).then(|| (trace.to_owned(), flags & 1 == 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn takes_a_sane_id_and_replaces_others() {
        assert_eq!(&*request_id(&headers(&[(REQUEST_ID, "order-7")])), "order-7");
        assert_eq!(request_id(&headers(&[(REQUEST_ID, "two words")])).len(), 36);
        assert_eq!(request_id(&HeaderMap::new()).len(), 36);
    }

    #[test]
    fn continues_a_trace_with_a_span_of_its_own() {
        const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let taken = trace(&headers(&[(TRACE_PARENT, PARENT), (TRACE_STATE, "vendor=1")]));
        assert_eq!(taken.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_ne!(taken.span_id, "00f067aa0ba902b7");
        assert_eq!((taken.sampled, taken.state.as_deref()), (true, Some("vendor=1")));
        assert_eq!(parse_parent(&taken.parent()), Some((taken.trace_id, true)), "what we hand on is valid again");
    }

    #[test]
    fn refuses_malformed_parents() {
        for bad in [
            "",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        ] {
            assert_eq!(parse_parent(bad), None, "{bad}");
        }
    }
}
