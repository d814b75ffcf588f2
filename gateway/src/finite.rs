//! Numbers that JSON has no word for.

use prost_reflect::{DynamicMessage, Value};

/// Whether every number in a message is finite.
pub(crate) fn is_finite(message: &DynamicMessage) -> bool {
    message.fields().all(|(_, value)| all_finite(value))
}

fn all_finite(value: &Value) -> bool {
    match value {
        Value::F64(number) => number.is_finite(),
        Value::F32(number) => number.is_finite(),
        Value::Message(message) => is_finite(message),
        Value::List(items) => items.iter().all(all_finite),
        Value::Map(entries) => entries.values().all(all_finite),
        _ => true,
    }
}
