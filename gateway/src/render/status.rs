//! Errors → JSON.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage};
use serde_json::{Value as Json, json};
use tickmesh_mesh::status::{Code, DOMAIN};
use tickmesh_proto::google::rpc;
use tonic::Status;

const ERROR_INFO: &str = "type.googleapis.com/google.rpc.ErrorInfo";

/// Writes an error as `google.rpc.Status` with decoded details; there is always an `ErrorInfo` among them.
pub fn status(status: &Status, pool: &DescriptorPool) -> Vec<u8> {
    let details = rpc::Status::decode(status.details()).unwrap_or_default().details;
    let has_info = details.iter().any(|any| any.type_url == ERROR_INFO);
    let mut details: Vec<Json> = details.iter().map(|any| detail(any, pool)).collect();
    if !has_info {
        let reason = Code::from(status.code()).name();
        details.insert(0, json!({"@type": ERROR_INFO, "reason": reason, "domain": DOMAIN}));
    }
    let body = json!({"code": i32::from(status.code()), "message": status.message(), "details": details});
    body.to_string().into_bytes()
}

/// One detail in its JSON form, or as base64 if its type is not among the contracts.
fn detail(any: &prost_types::Any, pool: &DescriptorPool) -> Json {
    let known = || {
        let descriptor = pool.get_message_by_name("google.protobuf.Any")?;
        let any = DynamicMessage::decode(descriptor, any.encode_to_vec().as_slice()).ok()?;
        serde_json::to_value(&any).ok()
    };
    known().unwrap_or_else(|| json!({"@type": any.type_url, "value": BASE64_STANDARD.encode(&any.value)}))
}

#[cfg(test)]
mod tests {
    use tonic_types::{ErrorDetails, StatusExt as _};

    use super::*;

    fn pool() -> DescriptorPool {
        DescriptorPool::decode(tickmesh_proto::FILE_DESCRIPTOR_SET).unwrap()
    }

    fn json(error: &Status) -> Json {
        serde_json::from_slice(&status(error, &pool())).unwrap()
    }

    #[test]
    fn details_are_decoded() {
        let mut details = ErrorDetails::with_error_info("SYMBOL_UNKNOWN", "tickmesh", [("symbol".into(), "X".into())]);
        details.set_resource_info("instrument", "X", "", "no such instrument");
        let error = Status::with_error_details(tonic::Code::NotFound, "unknown symbol X", details);
        let json = json(&error);
        assert_eq!(json["code"], 5);
        assert_eq!(json["message"], "unknown symbol X");
        let details = json["details"].as_array().unwrap();
        assert_eq!(details.len(), 2);
        let info = details.iter().find(|detail| detail["@type"] == ERROR_INFO).unwrap();
        assert_eq!((&info["reason"], &info["metadata"]["symbol"]), (&json!("SYMBOL_UNKNOWN"), &json!("X")));
    }

    #[test]
    fn an_error_without_details_gets_an_error_info() {
        let json = json(&Status::deadline_exceeded("too late"));
        assert_eq!(
            json["details"][0],
            json!({"@type": ERROR_INFO, "reason": "DEADLINE_EXCEEDED", "domain": "tickmesh"})
        );
    }

    #[test]
    fn a_detail_of_an_unknown_type_is_kept() {
        let any = prost_types::Any { type_url: "type.example/a.B".into(), value: vec![1, 2] };
        let inner = rpc::Status { code: 3, message: String::new(), details: vec![any] };
        let json = json(&Status::with_details(tonic::Code::InvalidArgument, "", inner.encode_to_vec().into()));
        assert_eq!(json["details"][1], json!({"@type": "type.example/a.B", "value": "AQI="}));
    }
}
