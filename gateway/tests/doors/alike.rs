//! One error, the same through gRPC, gRPC-Web and REST.

use http::Request;
use prost::Message as _;
use serde_json::{Value as Json, json};
use tickmesh_proto::google::rpc;
use tickmesh_proto::market::v1::GetSnapshotRequest;
use tickmesh_proto::market::v1::market_service_client::MarketServiceClient;
use tonic::Status;

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
    let web = Status::from_header_map(&web.headers).unwrap();
    let web = essence(web.details(), web.code().into(), web.message());

    let rest = get(&mesh, "/v1/market/ZZZZ/snapshot").await.json();
    let types: Vec<_> = rest["details"].as_array().unwrap().iter().map(|detail| detail["@type"].clone()).collect();
    let rest = json!({"code": rest["code"], "message": rest["message"], "types": types});
    assert_eq!((&native, &native), (&web, &rest));
}
