//! A request's body.

use prost_reflect::{DynamicMessage, Kind, MessageDescriptor};
use serde_json::Value as Json;
use tickmesh_mesh::status::Violations;

use super::{json, message};
use crate::contract::find_field;

/// The deepest nesting of a JSON body.
pub const MAX_DEPTH: usize = 64;

/// Reads a body as JSON, whatever its content type says; an empty body is `{}`. What does not fit is added to
/// `violations`, and the message holds the rest; none if nothing of it can be read.
pub fn body(descriptor: &MessageDescriptor, bytes: &[u8], violations: &mut Violations) -> Option<DynamicMessage> {
    let mut repeated = Violations::new();
    match parse(bytes, &mut repeated) {
        Ok(json) => {
            violations.append(repeated, |path| proto_path(descriptor, path));
            Some(message(descriptor, &json, violations))
        }
        Err(rule) => {
            violations.add("body", rule);
            None
        }
    }
}

/// A path in the contract's names: `current_weights[1].symbol` for `currentWeights[1].symbol`. What leads nowhere stays
/// as it is spelt.
fn proto_path(descriptor: &MessageDescriptor, path: &str) -> String {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let (name, index) = first.split_at(first.find('[').unwrap_or(first.len()));
    let Some(field) = find_field(descriptor, name) else { return path.to_owned() };
    let inner = match (field.kind(), rest) {
        (Kind::Message(inner), Some(rest)) if !field.is_map() => format!(".{}", proto_path(&inner, rest)),
        (_, rest) => rest.map_or_else(String::new, |rest| format!(".{rest}")),
    };
    format!("{}{index}{inner}", field.name())
}

fn parse(bytes: &[u8], violations: &mut Violations) -> Result<Json, String> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Json::Object(serde_json::Map::new()));
    }
    let json = json(bytes, violations).map_err(|error| format!("must be JSON: {error}"))?;
    if !json.is_object() {
        return Err(format!("must be a JSON object, not {}", super::message::kind_of(&json)));
    }
    if depth(&json) > MAX_DEPTH {
        return Err(format!("must not be nested deeper than {MAX_DEPTH}"));
    }
    Ok(json)
}

/// How deep a value is nested. serde_json has refused anything beyond its own recursion limit of 128 by now.
fn depth(json: &Json) -> usize {
    match json {
        Json::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Json::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> Result<Json, String> {
        super::parse(bytes, &mut Violations::new())
    }

    #[test]
    fn only_json_objects_are_bodies() {
        assert!(parse(b"").is_ok());
        assert!(parse(b" \n").is_ok());
        assert!(parse(b"{}").is_ok());
        assert_eq!(parse(b"[]").unwrap_err(), "must be a JSON object, not a list");
        assert!(parse(b"{\"a\":").unwrap_err().starts_with("must be JSON: EOF"));
        assert!(parse(b"{} {}").unwrap_err().contains("trailing"));
        assert!(parse(b"\xff").is_err());
    }

    #[test]
    fn nesting_has_a_limit() {
        let nested = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert!(parse(nested(MAX_DEPTH + 1).as_bytes()).unwrap_err().contains("deeper than 64"));
        assert!(parse(nested(100_000).as_bytes()).is_err());
    }
}
