//! Who calls, by which id, until when: set once by the layer above all doors, read anywhere below it.

use std::sync::Arc;

use tokio::time::Instant;

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Whose data it may see.
    pub tenant: String,
    /// Who it is within the tenant.
    pub subject: String,
    /// What it may do.
    pub scopes: Vec<String>,
}

impl Caller {
    /// Nobody in particular: the caller of a mesh without authentication.
    pub fn anonymous() -> Self {
        Self { tenant: "default".into(), subject: "anonymous".into(), scopes: Vec::new() }
    }
}

/// The W3C trace context of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// 32 hexadecimal digits.
    pub trace_id: String,
    /// 16 hexadecimal digits: our span, the parent of what we call.
    pub span_id: String,
    /// Whether the trace is recorded.
    pub sampled: bool,
    /// The vendors' part, handed on as it came.
    pub state: Option<String>,
}

impl Trace {
    /// The `traceparent` header for what we call.
    pub fn parent(&self) -> String {
        format!("00-{}-{}-{:02x}", self.trace_id, self.span_id, u8::from(self.sampled))
    }
}

/// One call's context.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// The call's id, taken from `x-request-id` or made.
    pub request_id: Arc<str>,
    /// Who calls.
    pub caller: Arc<Caller>,
    /// When its answer is of no more use.
    pub deadline: Option<Instant>,
    /// Its place in a trace.
    pub trace: Arc<Trace>,
}

tokio::task_local! {
    static CURRENT: RequestContext;
}

/// The context of the call that this task serves, if it serves one.
pub fn current() -> Option<RequestContext> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Runs `future` as part of a call: for tasks that a handler starts on behalf of its caller.
pub async fn scope<F: Future>(context: RequestContext, future: F) -> F::Output {
    CURRENT.scope(context, future).await
}

/// Runs `step` as part of a call, without awaiting.
pub fn enter<T>(context: &RequestContext, step: impl FnOnce() -> T) -> T {
    CURRENT.sync_scope(context.clone(), step)
}
