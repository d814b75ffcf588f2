//! Google's well-known types, whose JSON is not an object of their fields.

use prost_reflect::{DynamicMessage, Kind, MessageDescriptor, ReflectMessage as _, Value};
use serde_json::Value as Json;

use super::RuleText;
use crate::finite::is_finite;

/// Whether a message has a JSON form of its own.
pub(crate) fn is_well_known(full_name: &str) -> bool {
    let Some(name) = full_name.strip_prefix("google.protobuf.") else { return false };
    let wrapper = name.strip_suffix("Value").is_some_and(|scalar| {
        matches!(
            scalar,
            "" | "Bool" | "Bytes" | "Double" | "Float" | "Int32" | "Int64" | "List" | "String" | "UInt32" | "UInt64"
        )
    });
    wrapper || matches!(name, "Any" | "Duration" | "Empty" | "FieldMask" | "Struct" | "Timestamp")
}

/// Whether `null` is a value of this kind and not its absence.
pub(super) fn takes_null(kind: &Kind) -> bool {
    match kind {
        Kind::Message(inner) => inner.full_name() == "google.protobuf.Value",
        Kind::Enum(inner) => inner.full_name() == "google.protobuf.NullValue",
        _ => false,
    }
}

/// Reads a well-known type.
pub(super) fn value(descriptor: &MessageDescriptor, json: &Json) -> Result<Value, RuleText> {
    match DynamicMessage::deserialize(descriptor.clone(), json) {
        Ok(message) if is_finite(&message) && is_normal(&message) => Ok(Value::Message(message)),
        Ok(_) => Err(rule(descriptor, "the value is out of range")),
        Err(error) => Err(rule(descriptor, &error.to_string())),
    }
}

/// Whether a time's parts are within their ranges.
fn is_normal(message: &DynamicMessage) -> bool {
    let nanos = message.get_field_by_name("nanos").and_then(|value| value.as_i32());
    match (message.descriptor().full_name(), nanos) {
        ("google.protobuf.Timestamp", Some(nanos)) => (0..1_000_000_000).contains(&nanos),
        ("google.protobuf.Duration", Some(nanos)) => nanos.abs() < 1_000_000_000,
        _ => true,
    }
}

fn rule(descriptor: &MessageDescriptor, error: &str) -> RuleText {
    match descriptor.full_name() {
        "google.protobuf.Timestamp" => "must be an RFC 3339 time, for example 2021-03-12T21:00:00Z".to_owned(),
        "google.protobuf.Duration" => "must be a duration in seconds, for example 1.5s".to_owned(),
        "google.protobuf.FieldMask" => "must be a field mask, for example symbol,asOf".to_owned(),
        "google.protobuf.DoubleValue" | "google.protobuf.FloatValue" => "must be a finite number".to_owned(),
        name => format!("must be a {name}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use prost_reflect::DescriptorPool;
    use serde_json::json;

    use super::*;

    fn read(name: &str, json: &Json) -> Result<String, RuleText> {
        let pool = DescriptorPool::decode(tickmesh_proto::FILE_DESCRIPTOR_SET).unwrap();
        let value = value(&pool.get_message_by_name(name).unwrap(), json)?;
        Ok(serde_json::to_string(value.as_message().unwrap()).unwrap())
    }

    #[test]
    fn times_have_their_own_form() {
        let timestamp = "google.protobuf.Timestamp";
        assert_eq!(read(timestamp, &json!("2021-03-12T21:00:00Z")).unwrap(), "\"2021-03-12T21:00:00Z\"");
        assert_eq!(read(timestamp, &json!("2021-03-12T16:00:00-05:00")).unwrap(), "\"2021-03-12T21:00:00Z\"");
        for bad in [json!("yesterday"), json!("2021-03-12"), json!(5), json!({}), json!("2021-02-30T00:00:00Z")] {
            assert!(read(timestamp, &bad).unwrap_err().starts_with("must be an RFC 3339 time"), "{bad}");
        }
    }

    #[test]
    fn durations_have_their_own_form() {
        let duration = "google.protobuf.Duration";
        assert_eq!(read(duration, &json!("1.5s")).unwrap(), "\"1.500s\"");
        for bad in [json!("1.5"), json!("soon"), json!(1)] {
            assert!(read(duration, &bad).unwrap_err().starts_with("must be a duration"), "{bad}");
        }
    }
}
