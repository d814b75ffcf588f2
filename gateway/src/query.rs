//! Query parameters → fields of a request.
//!
//! A parameter is named by its field's path, in proto names or JSON names: `constraints.max_weight=0.4`,
//! `heartbeatInterval=5s`. A repeated field takes its parameter several times. Unknown parameters are refused, every
//! one of them by name.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage as _, Value};
use tickmesh_mesh::status::Violations;

use crate::contract::{FieldPath, find_field, resolve};
use crate::decode::{is_well_known, text};
use crate::percent::decode_form;

/// Binds every parameter of a raw query to its field. What does not fit is added to `violations`.
pub fn bind(message: &mut DynamicMessage, query: &str, violations: &mut Violations) {
    for (name, value) in parameters(query) {
        match (name, value) {
            (Some(name), Some(value)) => bind_one(message, &name, &value, violations),
            (name, _) => violations.add(&name.unwrap_or_else(|| "query".to_owned()), "must be percent-encoded UTF-8"),
        }
    }
}

/// Refuses every parameter of a query: the rpc's fields all come from elsewhere.
pub fn refuse(query: &str, violations: &mut Violations) {
    for (name, _) in parameters(query) {
        violations.add(&name.unwrap_or_else(|| "query".to_owned()), "must be in the JSON body, not in the query");
    }
}

/// The decoded pairs of a query; `None` for what cannot be decoded.
fn parameters(query: &str) -> impl Iterator<Item = (Option<String>, Option<String>)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode_form(name), decode_form(value))
    })
}

fn bind_one(message: &mut DynamicMessage, name: &str, raw: &str, violations: &mut Violations) {
    let names: Vec<&str> = name.split('.').collect();
    let Some(path) = resolve(&message.descriptor(), &names) else {
        violations.add(name, unknown(&message.descriptor(), &names));
        return;
    };
    if let Err(rule) = value_of(&path, raw).and_then(|value| place(message, &path, value)) {
        violations.add(&proto_name(&path), rule);
    }
}

fn value_of(path: &FieldPath, raw: &str) -> Result<Value, String> {
    let field = last(path);
    match field.kind() {
        _ if field.is_map() => Err("is a map: it can only be given in a JSON body".to_owned()),
        Kind::Message(inner) if field.is_list() && !is_well_known(inner.full_name()) => {
            Err("is a list of messages: it can only be given in a JSON body".to_owned())
        }
        kind => text(&kind, raw),
    }
}

/// Puts a value at the end of `path`, making the messages on the way.
fn place(message: &mut DynamicMessage, path: &[FieldDescriptor], value: Value) -> Result<(), String> {
    let Some((field, rest)) = path.split_first() else { return Ok(()) };
    if let Some(other) = rival(message, field) {
        return Err(format!("must not be given together with {other}"));
    }
    if !rest.is_empty() {
        let inner = message.get_field_mut(field).as_message_mut().expect("only the last field of a path is no message");
        return place(inner, rest, value);
    }
    if field.is_list() {
        message.get_field_mut(field).as_list_mut().expect("a repeated field holds a list").push(value);
        return Ok(());
    }
    if message.has_field(field) {
        return Err("must be given once".to_owned());
    }
    message.set_field(field, value);
    Ok(())
}

/// Another field of the same oneof that is set already.
fn rival(message: &DynamicMessage, field: &FieldDescriptor) -> Option<String> {
    let set = field.containing_oneof()?.fields().find(|other| other != field && message.has_field(other));
    set.map(|other| other.name().to_owned())
}

fn last(path: &FieldPath) -> &FieldDescriptor {
    path.last().expect("a field path is never empty")
}

/// A path in proto names, as error details have it.
pub(crate) fn proto_name(path: &[FieldDescriptor]) -> String {
    path.iter().map(FieldDescriptor::name).collect::<Vec<_>>().join(".")
}

/// Why a name leads nowhere, with the names that would.
fn unknown(message: &MessageDescriptor, names: &[&str]) -> String {
    let mut inside = message.clone();
    for name in names {
        match find_field(&inside, name).map(|field| (field.kind(), field.is_list() || field.is_map())) {
            Some((Kind::Message(inner), false)) => inside = inner,
            Some(_) => return format!("is unknown: {name} has no fields to name in a query"),
            None => break,
        }
    }
    let known: Vec<_> = inside.fields().map(|field| field.json_name().to_owned()).collect();
    match known.as_slice() {
        [] => "is unknown: there are no parameters".to_owned(),
        known => format!("is unknown: {} has {}", inside.name(), known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use prost_reflect::DescriptorPool;
    use tickmesh_mesh::status::Violations;

    use super::*;
    use crate::testing::named;

    fn bound(message: &str, query: &str) -> (String, Vec<(String, String)>) {
        let pool = DescriptorPool::decode(tickmesh_proto::FILE_DESCRIPTOR_SET).unwrap();
        let mut message = DynamicMessage::new(pool.get_message_by_name(message).unwrap());
        let mut violations = Violations::new();
        bind(&mut message, query, &mut violations);
        (serde_json::to_string(&message).unwrap(), named(violations))
    }

    fn json(message: &str, query: &str) -> String {
        let (json, violations) = bound(message, query);
        assert_eq!(violations, [], "{query}");
        json
    }

    const OPTIMIZE: &str = "tickmesh.portfolio.v1.OptimizeRequest";
    const STREAM: &str = "tickmesh.market.v1.StreamTicksRequest";

    #[test]
    fn repeated_fields_enums_and_nested_paths() {
        assert_eq!(
            json(OPTIMIZE, "symbols=AAPL&symbols=NVDA&objective=MAX_SHARPE&constraints.maxWeight=0.5&risk_free_rate=0"),
            r#"{"symbols":["AAPL","NVDA"],"objective":"OBJECTIVE_MAX_SHARPE","riskFreeRate":0.0,"constraints":{"maxWeight":0.5}}"#
        );
        assert_eq!(json(OPTIMIZE, ""), "{}");
    }

    #[test]
    fn times_and_durations() {
        assert_eq!(json(OPTIMIZE, "as_of=2021-03-12T21:00:00Z"), r#"{"asOf":"2021-03-12T21:00:00Z"}"#);
        assert_eq!(
            json(STREAM, "heartbeatInterval=5s&delivery=ALL&best_effort=true"),
            r#"{"delivery":"DELIVERY_ALL","bestEffort":true,"heartbeatInterval":"5s"}"#
        );
    }

    #[test]
    fn every_parameter_that_does_not_fit_is_named() {
        let (_, violations) =
            bound(OPTIMIZE, "symbol=AAPL&lookback=many&lookback=5&lookback=6&constraints.x=1&bounds=1&a=%ff");
        let fields: Vec<_> = violations.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(fields, ["symbol", "lookback", "lookback", "constraints.x", "bounds", "a"]);
        assert!(violations[0].1.contains("OptimizeRequest has symbols, objective"), "{violations:?}");
        assert!(violations[3].1.contains("Constraints has minWeight"), "{violations:?}");
    }

    #[test]
    fn a_message_is_given_by_its_fields() {
        let (_, violations) = bound(OPTIMIZE, "constraints=1&current_weights=1");
        assert!(violations[0].1.contains("name.field=value"), "{violations:?}");
        assert!(violations[1].1.contains("JSON body"), "{violations:?}");
    }

    proptest! {
        /// Whatever text a parameter has, it arrives in its field.
        #[test]
        fn text_survives(text in ".{1,20}") {
            let encoded: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
            let json = json(STREAM, &format!("resume_after={encoded}"));
            let read: serde_json::Value = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(read["resumeAfter"].as_str(), Some(text.as_str()));
        }

        /// No query makes the binder panic.
        #[test]
        fn any_query_is_bound_or_refused(query in "[a-z_.=&%+0-9A-Z]{0,60}") {
            let _ = bound(OPTIMIZE, &query);
        }
    }
}
