use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use tonic::Status;
use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _};

use super::Code;
use crate::context;

/// The `domain` of every ErrorInfo.
pub const DOMAIN: &str = "tickmesh";

/// A failure as a caller sees it: a code, a reason for programs, a message for people, and details.
///
/// Becomes a `google.rpc.Status` with exactly one `ErrorInfo`. Never holds a stack trace, SQL or a file path.
///
/// ```
/// use tickmesh_mesh::status::{Code, Fault};
/// let fault = Fault::new(Code::NotFound, "MODEL_UNKNOWN", "there is no model ZZZZ").meta("known", "AAPL, NVDA");
/// let status = tonic::Status::from(fault);
/// assert_eq!(status.code(), tonic::Code::NotFound);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Fault(Box<Parts>);

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parts {
    pub(super) code: Code,
    pub(super) reason: String,
    pub(super) message: String,
    pub(super) metadata: HashMap<String, String>,
    /// Field and rule.
    pub(super) fields: Vec<(String, String)>,
    /// Kind, name and description.
    pub(super) resource: Option<(String, String, String)>,
    pub(super) retry_after: Option<Duration>,
    /// Subject and description.
    pub(super) quota: Option<(String, String)>,
}

impl Fault {
    /// A failure; `reason` is in UPPER_SNAKE_CASE.
    pub fn new(code: Code, reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            code,
            reason: reason.into(),
            message: message.into(),
            metadata: HashMap::new(),
            fields: Vec::new(),
            resource: None,
            retry_after: None,
            quota: None,
        }))
    }

    /// A bug or a broken dependency: the cause is logged, the caller gets an id to ask about.
    pub fn internal(cause: impl fmt::Display) -> Self {
        let id = uuid::Uuid::new_v4().to_string();
        match context::current() {
            Some(call) => {
                let (request_id, trace_id) = (&*call.request_id, call.trace.trace_id.as_str());
                tracing::error!(error_id = %id, request_id, trace_id, %cause, "internal error");
            }
            None => tracing::error!(error_id = %id, %cause, "internal error"),
        }
        Self::new(Code::Internal, "INTERNAL", format!("an internal error occurred; its id is {id}"))
            .meta("error_id", id)
    }

    /// Not now: the caller may try again after `delay`.
    pub fn unavailable(reason: impl Into<String>, message: impl Into<String>, delay: Duration) -> Self {
        Self::new(Code::Unavailable, reason, message).retry_after(delay)
    }

    /// Adds a fact for programs.
    #[must_use]
    pub fn meta(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.metadata.insert(key.into(), value.into());
        self
    }

    /// Adds a bad field and the rule that it breaks.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>, rule: impl Into<String>) -> Self {
        self.0.fields.push((field.into(), rule.into()));
        self
    }

    /// Names the resource that this is about.
    #[must_use]
    pub fn resource(
        mut self,
        kind: impl Into<String>,
        name: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        self.0.resource = Some((kind.into(), name.into(), description.into()));
        self
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.0.retry_after = Some(delay);
        self
    }

    /// Names a limit with its figure and its use.
    #[must_use]
    pub fn quota(mut self, subject: impl Into<String>, description: impl Into<String>) -> Self {
        self.0.quota = Some((subject.into(), description.into()));
        self
    }

    pub(super) fn parts(&self) -> &Parts {
        &self.0
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The reason in UPPER_SNAKE_CASE.
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// The message for people.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// A fact for programs.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.0.metadata.get(key).map(String::as_str)
    }

    /// The bad fields with their rules.
    pub fn violations(&self) -> &[(String, String)] {
        &self.0.fields
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Fault {}

impl From<Fault> for Status {
    fn from(fault: Fault) -> Self {
        let Parts { code, reason, message, mut metadata, fields, resource, retry_after, quota } = *fault.0;
        if let Some(context) = context::current() {
            metadata.insert("request_id".into(), context.request_id.to_string());
        }
        let mut details = ErrorDetails::new();
        details.set_error_info(reason, DOMAIN, metadata);
        if !fields.is_empty() {
            let violations: Vec<_> = fields.into_iter().map(|(field, rule)| FieldViolation::new(field, rule)).collect();
            details.set_bad_request(violations);
        }
        if let Some((kind, name, description)) = resource {
            details.set_resource_info(kind, name, "", description);
        }
        if let Some(delay) = retry_after {
            details.set_retry_info(Some(delay));
        }
        if let Some((subject, description)) = quota {
            details.add_quota_failure_violation(subject, description);
        }
        Status::with_error_details(code.grpc(), message, details)
    }
}

impl From<Status> for Fault {
    /// Takes over another service's failure with its reason and details.
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let (reason, metadata) = details
            .error_info()
            .map_or_else(|| ("UPSTREAM".to_owned(), HashMap::new()), |i| (i.reason.clone(), i.metadata.clone()));
        let mut fault = Self::new(Code::from(status.code()), reason, status.message());
        fault.0.metadata = metadata;
        if let Some(bad) = details.bad_request() {
            fault.0.fields = bad.field_violations.iter().map(|v| (v.field.clone(), v.description.clone())).collect();
        }
        if let Some(r) = details.resource_info() {
            fault.0.resource = Some((r.resource_type.clone(), r.resource_name.clone(), r.description.clone()));
        }
        fault.0.retry_after = details.retry_info().and_then(|r| r.retry_delay);
        let quota = details.quota_failure().and_then(|q| q.violations.first());
        fault.0.quota = quota.map(|v| (v.subject.clone(), v.description.clone()));
        fault
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_the_wire_with_all_details() {
        let fault = Fault::new(Code::ResourceExhausted, "QUOTA", "too many symbols")
            .meta("limit", "1000")
            .field("symbols", "must list 1,000 at most")
            .resource("symbol", "ZZZZ", "unknown")
            .retry_after(Duration::from_millis(250))
            .quota("symbols", "1,200 of 1,000");
        assert_eq!(Fault::from(Status::from(fault.clone())), fault);
    }

    #[test]
    fn has_exactly_one_error_info() {
        let status = Status::from(Fault::new(Code::NotFound, "SYMBOL_UNKNOWN", "no"));
        let info = status.get_details_error_info().unwrap();
        assert_eq!((info.reason.as_str(), info.domain.as_str()), ("SYMBOL_UNKNOWN", DOMAIN));
    }
}
