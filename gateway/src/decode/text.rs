//! Text of a query parameter → a value.

use prost_reflect::{Kind, Value};
use serde_json::Value as Json;

use super::{RuleText, enumeration, scalar, well_known};

/// Reads the text of a query parameter as a value of `kind`.
///
/// # Errors
/// The rule that the text breaks, in words that follow the field's name.
pub fn text(kind: &Kind, text: &str) -> Result<Value, RuleText> {
    match kind {
        Kind::String => Ok(Value::String(text.to_owned())),
        Kind::Bytes => scalar::bytes(text),
        Kind::Bool => text.parse().map(Value::Bool).map_err(|_| "must be true or false".to_owned()),
        Kind::Enum(descriptor) => enumeration::by_any_name(descriptor, text),
        Kind::Message(inner) if well_known::is_well_known(inner.full_name()) => from_json(inner, text),
        Kind::Message(_) => Err("is a message: give its fields as name.field=value".to_owned()),
        number => scalar::number(number, text),
    }
}

/// A wrapper takes its scalar's text, which for JSON is a string (`"5"`) but for booleans a literal.
fn from_json(inner: &prost_reflect::MessageDescriptor, text: &str) -> Result<Value, RuleText> {
    let json = match (inner.name(), text) {
        ("BoolValue", "true") => Json::Bool(true),
        ("BoolValue", "false") => Json::Bool(false),
        _ => Json::String(text.to_owned()),
    };
    well_known::value(inner, &json)
}
