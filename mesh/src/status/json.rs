use serde_json::{Value, json};

use super::Fault;
use super::fault::{DOMAIN, Parts};
use crate::context;

impl Fault {
    /// As `google.rpc.Status` in JSON, with decoded details.
    pub fn to_json(&self) -> Value {
        let Parts { code, message, .. } = self.parts();
        json!({ "code": code.grpc() as i32, "message": message, "details": details(self.parts()) })
    }
}

fn details(parts: &Parts) -> Vec<Value> {
    let Parts { code: _, reason, message: _, metadata, fields, resource, retry_after, quota } = parts;
    let mut metadata = metadata.clone();
    if let Some(context) = context::current() {
        metadata.insert("request_id".into(), context.request_id.to_string());
    }
    let mut details = vec![detail("ErrorInfo", json!({ "reason": reason, "domain": DOMAIN, "metadata": metadata }))];
    if !fields.is_empty() {
        let fields: Vec<_> =
            fields.iter().map(|(field, rule)| json!({ "field": field, "description": rule })).collect();
        details.push(detail("BadRequest", json!({ "fieldViolations": fields })));
    }
    if let Some((kind, name, description)) = resource {
        let value = json!({ "resourceType": kind, "resourceName": name, "description": description });
        details.push(detail("ResourceInfo", value));
    }
    if let Some(delay) = retry_after {
        details.push(detail("RetryInfo", json!({ "retryDelay": format!("{:.3}s", delay.as_secs_f64()) })));
    }
    if let Some((subject, description)) = quota {
        let violation = json!({ "subject": subject, "description": description });
        details.push(detail("QuotaFailure", json!({ "violations": [violation] })));
    }
    details
}

fn detail(kind: &str, mut value: Value) -> Value {
    value["@type"] = format!("type.googleapis.com/google.rpc.{kind}").into();
    value
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::status::Code;

    #[test]
    fn has_the_shape_of_a_status_with_details() {
        let fault =
            Fault::new(Code::ResourceExhausted, "CPU_QUEUE_FULL", "full").retry_after(Duration::from_millis(1500));
        let json = fault.to_json();
        assert_eq!(json["code"], 8);
        assert_eq!(json["details"][0]["@type"], "type.googleapis.com/google.rpc.ErrorInfo");
        assert_eq!(json["details"][0]["reason"], "CPU_QUEUE_FULL");
        assert_eq!(json["details"][1]["retryDelay"], "1.500s");
    }
}
