//! Objects → maps.

use std::collections::HashMap;

use prost_reflect::{FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};
use serde_json::Value as Json;
use tickmesh_mesh::status::Violations;

use super::message::{kind_of, value as read};
use super::{RuleText, scalar};

/// Reads a JSON object as the map of `field`.
pub(super) fn value(field: &FieldDescriptor, json: &Json, violations: &mut Violations) -> Value {
    let mut entries = HashMap::new();
    match (field.kind(), json) {
        (Kind::Message(entry), Json::Object(fields)) => {
            for (name, json) in fields {
                let pair = violations.within(&format!("[{name:?}]"), |violations| pair(&entry, name, json, violations));
                entries.extend(pair);
            }
        }
        _ => violations.add("", format!("must be an object, not {}", kind_of(json))),
    }
    Value::Map(entries)
}

fn pair(entry: &MessageDescriptor, name: &str, json: &Json, violations: &mut Violations) -> Option<(MapKey, Value)> {
    let key = match key(&entry.map_entry_key_field().kind(), name) {
        Ok(key) => key,
        Err(rule) => {
            violations.add("", rule);
            return None;
        }
    };
    Some((key, read(&entry.map_entry_value_field().kind(), json, violations)?))
}

fn key(kind: &Kind, name: &str) -> Result<MapKey, RuleText> {
    let value = match kind {
        Kind::String => Value::String(name.to_owned()),
        Kind::Bool => Value::Bool(name.parse().map_err(|_| "must be true or false".to_owned())?),
        number => scalar::number(number, name)?,
    };
    value.into_map_key().ok_or_else(|| "must be a map key".to_owned())
}

#[cfg(test)]
mod tests {
    use prost_reflect::DescriptorPool;
    use serde_json::json;

    use crate::decode::message;
    use crate::testing::named;

    fn read(json: &serde_json::Value) -> (String, Vec<(String, String)>) {
        let pool = DescriptorPool::decode(tickmesh_proto::FILE_DESCRIPTOR_SET).unwrap();
        let mut violations = super::Violations::new();
        let info = message(&pool.get_message_by_name("google.rpc.ErrorInfo").unwrap(), json, &mut violations);
        (serde_json::to_string(&info).unwrap(), named(violations))
    }

    #[test]
    fn entries_are_read_and_bad_ones_named_by_their_key() {
        assert_eq!(read(&json!({"metadata": {"a": "1"}})), (r#"{"metadata":{"a":"1"}}"#.to_owned(), Vec::new()));
        let (_, violations) = read(&json!({"metadata": {"a": 1}}));
        assert_eq!(violations[0].0, r#"metadata["a"]"#);
        let (_, violations) = read(&json!({"metadata": []}));
        assert_eq!(violations[0].1, "must be an object, not a list");
    }
}
