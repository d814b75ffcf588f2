//! One error, the same through gRPC, gRPC-Web and REST.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use http::Request;
use prost::Message as _;
use serde_json::{Value as Json, json};
use tickmesh_proto::google::rpc;
use tickmesh_proto::market::v1::GetSnapshotRequest;
use tickmesh_proto::market::v1::market_service_client::MarketServiceClient;

use crate::client::{get, send};
use crate::harness::{Mesh, soon};

/// What an error says, without the ids of its call.
fn essence(details: &[u8], code: i32, message: &str) -> Json {
    let status = rpc::Status::decode(details).unwrap();
    assert_eq!((status.code, status.message.as_str()), (code, message), "the details repeat code and message");
    json!({"code": code, "message": message, "types": status.details.iter().map(|any| any.type_url.clone()).collect::<Vec<_>>()})
}

#[tokio::test]
async fn through_three_doors() {
    let mesh = Mesh::start().await;
    let mut market = MarketServiceClient::new(mesh.channel());
    let native = soon(market.get_snapshot(GetSnapshotRequest { symbol: "ZZZZ".to_owned() })).await.unwrap_err();
    let native = essence(native.details(), native.code().into(), native.message());

    let mut body = vec![0, 0, 0, 0];
    let request = GetSnapshotRequest { symbol: "ZZZZ".to_owned() }.encode_to_vec();
    body.push(u8::try_from(request.len()).unwrap());
    body.extend(request);
    let path = "/tickmesh.market.v1.MarketService/GetSnapshot";
    let web = send(&mesh, Request::post("/").header("content-type", "application/grpc-web"), path, &body).await;
    let details = BASE64_STANDARD_NO_PAD.decode(web.header("grpc-status-details-bin").trim_end_matches('=')).unwrap();
    let message = web.header("grpc-message").replace("%20", " ");
    let web = essence(&details, web.header("grpc-status").parse().unwrap(), &message);

    let rest = get(&mesh, "/v1/market/ZZZZ/snapshot").await.json();
    let types: Vec<_> = rest["details"].as_array().unwrap().iter().map(|detail| detail["@type"].clone()).collect();
    let rest = json!({"code": rest["code"], "message": rest["message"], "types": types});
    assert_eq!((&native, &native), (&web, &rest));
}
