//! One method by one of its rules → an operation.

use serde_json::{Value as Json, json};

use super::comments::{Comments, first_sentence};
use super::parameters::parameters;
use super::schema::Schemas;
use crate::contract::{Body, Kind, Method, Rule};

/// The path and the operation of a method by its rule of that index.
pub(super) fn operation(
    method: &Method,
    rule: &Rule,
    index: usize,
    schemas: &mut Schemas<'_>,
    comments: &Comments,
) -> (String, Json) {
    let descriptor = method.descriptor();
    let service = descriptor.parent_service();
    let comment = comments.of_method(descriptor);
    let id = format!("{}_{}", service.name(), descriptor.name());
    let mut operation = json!({
        "operationId": if index == 0 { id } else { format!("{id}_{}", index + 1) },
        "tags": [service.name()],
        "summary": first_sentence(comment),
        "description": comment,
        "parameters": parameters(method, rule, schemas),
        "responses": {"200": success(method, schemas), "default": failure(schemas, method)},
    });
    if rule.body == Body::Request {
        let schema = schemas.message(&method.input());
        operation["requestBody"] = json!({"required": true, "content": {"application/json": {"schema": schema}}});
    }
    (rule.template.open_api().path, operation)
}

fn success(method: &Method, schemas: &mut Schemas<'_>) -> Json {
    let schema = schemas.message(&method.output());
    if method.kind() != Kind::ServerStream {
        return json!({"description": "The response.", "content": {"application/json": {"schema": schema}}});
    }
    let status = status(schemas, method);
    let late = json!({
        "type": "object", "properties": {"error": status}, "required": ["error"], "additionalProperties": false,
    });
    json!({
        "description": "The messages of the stream, one a line or one an event. What ends it early is its last line, \
            `{\"error\": …}`, or an event of type `error`.",
        "content": {
            "application/x-ndjson": {"schema": {"oneOf": [schema, late]}},
            "text/event-stream": {"schema": {"anyOf": [schema, status]}},
        },
    })
}

fn failure(schemas: &mut Schemas<'_>, method: &Method) -> Json {
    json!({"description": "Why the call failed.", "content": {"application/json": {"schema": status(schemas, method)}}})
}

fn status(schemas: &mut Schemas<'_>, method: &Method) -> Json {
    let status = method.descriptor().parent_pool().get_message_by_name("google.rpc.Status");
    status.map_or_else(|| json!({"type": "object"}), |status| schemas.message(&status))
}
