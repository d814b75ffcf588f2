//! The OpenAPI 3.1 document of the REST door, made from the descriptors.
//!
//! Every path, parameter and schema follows from the contracts; every description is the comment beside it, so the
//! document cannot say anything else than the `.proto` files do.

mod comments;
mod names;
mod operation;
mod parameters;
mod schema;

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::contract::Contracts;
use comments::Comments;
use schema::Schemas;

/// Makes the document.
pub fn document(contracts: &Contracts) -> Json {
    let comments = Comments::new(contracts.pool());
    let mut schemas = Schemas::new(&comments, contracts.pool());
    let mut paths: BTreeMap<String, Map<String, Json>> = BTreeMap::new();
    for method in contracts.methods() {
        for (index, rule) in method.rules().iter().enumerate() {
            let (path, operation) = operation::operation(method, rule, index, &mut schemas, &comments);
            paths.entry(path).or_default().insert(rule.verb.as_str().to_lowercase(), operation);
        }
    }
    let tags: Vec<Json> = contracts.pool().services().map(|service| tag(&service, &comments)).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "tickmesh",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Market data in; forecasts, signals and portfolio weights out.",
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": tags,
        "paths": paths,
        "components": {"schemas": schemas.finish()},
    })
}

const DESCRIPTION: &str = "JSON follows the canonical proto3 mapping: lowerCamelCase names (snake_case is read too), 64-bit \
    integers as strings, times in RFC 3339, durations in seconds such as `1.5s`, absent fields left out. Errors are \
    `google.rpc.Status` with decoded details and the mapped HTTP code. Unknown fields and parameters are refused by name. \
    Server streams answer in NDJSON, or in server-sent events when asked with `Accept: text/event-stream`: `id:` is the \
    cursor, and `Last-Event-ID` resumes.";

fn tag(service: &prost_reflect::ServiceDescriptor, comments: &Comments) -> Json {
    json!({"name": service.name(), "description": comments.of_service(service)})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn openapi() -> Json {
        document(&Contracts::read(tickmesh_proto::FILE_DESCRIPTOR_SET).unwrap())
    }

    /// Every reference in the document.
    fn references(json: &Json, found: &mut Vec<String>) {
        match json {
            Json::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Json::as_str).map(str::to_owned));
                fields.values().for_each(|json| references(json, found));
            }
            Json::Array(items) => items.iter().for_each(|json| references(json, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_has_its_schema() {
        let document = openapi();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 100, "only {} references", found.len());
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference} is missing");
        }
    }

    #[test]
    fn every_operation_is_described_and_named_once() {
        let document = openapi();
        let mut ids = std::collections::HashSet::new();
        for (path, verbs) in document["paths"].as_object().unwrap() {
            for (verb, operation) in verbs.as_object().unwrap() {
                let id = operation["operationId"].as_str().unwrap();
                assert!(ids.insert(id.to_owned()), "{id} stands twice");
                assert!(!operation["summary"].as_str().unwrap().is_empty(), "{verb} {path} has no summary");
                assert!(operation["responses"]["default"].is_object(), "{verb} {path} has no error");
            }
        }
    }

    #[test]
    fn path_parameters_are_declared() {
        let document = openapi();
        for (path, verbs) in document["paths"].as_object().unwrap() {
            for operation in verbs.as_object().unwrap().values() {
                let parameters = operation["parameters"].as_array().unwrap();
                let in_path = parameters.iter().filter(|parameter| parameter["in"] == "path").count();
                assert_eq!(path.matches('{').count(), in_path, "{path}");
            }
        }
    }

    #[test]
    fn fields_have_their_comments_types_and_behaviour() {
        let document = openapi();
        let bar = &document["components"]["schemas"]["tickmesh.market.v1.Bar"];
        assert_eq!(bar["properties"]["tradeCount"]["type"], "string");
        assert_eq!(bar["properties"]["tradeCount"]["format"], "uint64");
        assert!(bar["properties"]["high"]["description"].as_str().unwrap().starts_with("Highest price"));
        assert!(bar["required"].as_array().unwrap().contains(&json!("symbol")));
        assert_eq!(bar["properties"]["quality"]["readOnly"], true);
    }

    #[test]
    fn a_line_of_a_stream_is_a_message_or_an_error() {
        let document = openapi();
        let stream = &document["paths"]["/v1/market/bars:stream"]["get"];
        let content = &stream["responses"]["200"]["content"];
        let lines = content["application/x-ndjson"]["schema"]["oneOf"].as_array().unwrap();
        assert_eq!(lines[0]["$ref"], "#/components/schemas/tickmesh.market.v1.StreamBarsResponse");
        assert_eq!(lines[1]["properties"]["error"]["$ref"], "#/components/schemas/google.rpc.Status");
        assert_eq!(lines[1]["required"], json!(["error"]));
        let events = content["text/event-stream"]["schema"]["anyOf"].as_array().unwrap();
        assert_eq!(events[1]["$ref"], "#/components/schemas/google.rpc.Status");
    }

    #[test]
    fn headers_that_the_door_reads_are_declared() {
        let document = openapi();
        let headers = |path: &str, verb: &str| {
            let parameters = document["paths"][path][verb]["parameters"].as_array().unwrap();
            let headers = parameters.iter().filter(|parameter| parameter["in"] == "header");
            headers.map(|header| header["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(headers("/predict", "post"), ["x-request-timeout"]);
        assert_eq!(headers("/v1/market/ticks", "get"), ["Last-Event-ID"]);
        assert_eq!(headers("/v1/market/bars", "get"), [""; 0], "it has no cursor");
    }

    #[test]
    fn queries_list_every_field_that_they_can_bind() {
        let document = openapi();
        let parameters = document["paths"]["/portfolio/optimize"]["get"]["parameters"].as_array().unwrap();
        let names: Vec<_> = parameters.iter().map(|parameter| parameter["name"].as_str().unwrap()).collect();
        assert!(names.contains(&"symbols") && names.contains(&"constraints.maxWeight"), "{names:?}");
        assert!(!names.iter().any(|name| name.starts_with("currentWeights")), "{names:?}");
    }
}
