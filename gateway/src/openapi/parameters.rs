//! Path, query and header parameters of an operation.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Value as Json, json};

use super::schema::Schemas;
use crate::contract::{Body, Kind as Call, Method, Rule, resolve};
use crate::decode::is_well_known;
use crate::live::is_live;
use crate::template::PathParameter;

/// All parameters of a method by one of its rules.
pub(super) fn parameters(method: &Method, rule: &Rule, schemas: &mut Schemas<'_>) -> Vec<Json> {
    let in_path = rule.template.open_api().parameters;
    let mut parameters: Vec<Json> =
        in_path.iter().map(|parameter| path_parameter(&method.input(), parameter, schemas)).collect();
    if rule.body == Body::Nothing {
        let bound: Vec<&[String]> = rule.template.fields().collect();
        query_parameters(&method.input(), &mut Path::default(), &bound, schemas, &mut parameters);
    }
    parameters.extend(header_parameter(method));
    parameters
}

/// The header that the door itself reads.
fn header_parameter(method: &Method) -> Option<Json> {
    let (name, schema, description) = match method.kind() {
        Call::Unary if !method.waits() => (
            "x-request-timeout",
            json!({"type": "number", "exclusiveMinimum": 0, "default": 5}),
            "How many seconds the call may take; more than 60 are cut to 60.",
        ),
        Call::ServerStream if is_live(method) => (
            "Last-Event-ID",
            json!({"type": "string"}),
            "The `id` of the last event that a browser's `EventSource` saw: the stream goes on after it.",
        ),
        _ => return None,
    };
    Some(json!({"name": name, "in": "header", "required": false, "description": description, "schema": schema}))
}

fn path_parameter(input: &MessageDescriptor, parameter: &PathParameter, schemas: &Schemas<'_>) -> Json {
    let field = resolve(input, &parameter.field).and_then(|path| path.last().cloned());
    let comment = field.map(|field| schemas.describe(&field)).unwrap_or_default();
    let description =
        if parameter.whole { comment } else { format!("Part of `{}`. {comment}", parameter.field.join(".")) };
    json!({
        "name": parameter.name, "in": "path", "required": true, "description": description, "schema": {"type": "string"},
    })
}

/// Where the walk through nested messages stands.
#[derive(Default)]
struct Path {
    /// JSON names, as a parameter is written.
    json: Vec<String>,
    /// Proto names, as a rule binds them.
    proto: Vec<String>,
    /// Messages on the way, so that one that holds itself ends the walk.
    messages: Vec<String>,
}

fn query_parameters(
    message: &MessageDescriptor,
    path: &mut Path,
    bound: &[&[String]],
    schemas: &mut Schemas<'_>,
    parameters: &mut Vec<Json>,
) {
    if path.messages.iter().any(|name| name == message.full_name()) {
        return;
    }
    path.messages.push(message.full_name().to_owned());
    for field in message.fields() {
        path.json.push(field.json_name().to_owned());
        path.proto.push(field.name().to_owned());
        if !bound.contains(&path.proto.as_slice()) {
            match nested(&field) {
                Nested::No => parameters.push(query_parameter(&field, path, schemas)),
                Nested::In(inner) => query_parameters(&inner, path, bound, schemas, parameters),
                Nested::BodyOnly => {}
            }
        }
        path.json.pop();
        path.proto.pop();
    }
    path.messages.pop();
}

enum Nested {
    No,
    In(MessageDescriptor),
    BodyOnly,
}

fn nested(field: &FieldDescriptor) -> Nested {
    match field.kind() {
        _ if field.is_map() => Nested::BodyOnly,
        Kind::Message(inner) if is_well_known(inner.full_name()) => Nested::No,
        Kind::Message(_) if field.is_list() => Nested::BodyOnly,
        Kind::Message(inner) => Nested::In(inner),
        _ => Nested::No,
    }
}

fn query_parameter(field: &FieldDescriptor, path: &Path, schemas: &mut Schemas<'_>) -> Json {
    let mut schema = schemas.field(field);
    if let Json::Object(schema) = &mut schema {
        schema.remove("description");
        schema.remove("readOnly");
    }
    let mut description = schemas.describe(field);
    if matches!(field.kind(), Kind::Enum(_)) {
        description.push_str("\n\nThe value's prefix may be left out.");
    }
    let required = path.json.len() == 1 && schemas.is_required(field);
    json!({"name": path.json.join("."), "in": "query", "required": required, "description": description, "schema": schema})
}
