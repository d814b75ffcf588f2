//! gRPC-Web, binary and text, over HTTP/1.1.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::{Buf as _, BufMut as _, Bytes};
use http::Request;
use prost::Message as _;
use tickmesh_proto::market::v1::{GetSnapshotRequest, Snapshot, StreamTicksRequest, StreamTicksResponse};

use crate::client::{Answer, open, send};
use crate::harness::{Mesh, soon};

const SNAPSHOT: &str = "/tickmesh.market.v1.MarketService/GetSnapshot";
const TICKS: &str = "/tickmesh.market.v1.MarketService/StreamTicks";

fn framed(message: &impl prost::Message) -> Vec<u8> {
    let mut frame = vec![0];
    frame.put_u32(u32::try_from(message.encoded_len()).unwrap());
    message.encode(&mut frame).unwrap();
    frame
}

/// The messages of a body and the text of its trailers.
fn taken_apart(mut body: Bytes) -> (Vec<Bytes>, String) {
    let (mut messages, mut trailers) = (Vec::new(), String::new());
    while body.has_remaining() {
        let flags = body.get_u8();
        let length = body.get_u32() as usize;
        let frame = body.split_to(length);
        match flags {
            0 => messages.push(frame),
            0x80 => trailers = String::from_utf8(frame.to_vec()).unwrap(),
            flags => panic!("flags {flags}"),
        }
    }
    (messages, trailers)
}

/// Decodes base64 in which each chunk may be padded on its own.
fn unpadded(text: &str) -> Vec<u8> {
    let quartets = text.as_bytes().chunks(4);
    quartets.flat_map(|quartet| BASE64_STANDARD.decode(quartet).unwrap()).collect()
}

async fn call(mesh: &Mesh, content_type: &str, path: &str, body: &[u8]) -> Answer {
    let request = Request::post("/").header("content-type", content_type).header("accept", content_type);
    send(mesh, request.header("x-grpc-web", "1"), path, body).await
}

fn snapshot_of(symbol: &str) -> Vec<u8> {
    framed(&GetSnapshotRequest { symbol: symbol.to_owned() })
}

#[tokio::test]
async fn binary() {
    let mesh = Mesh::start().await;
    let answer = call(&mesh, "application/grpc-web+proto", SNAPSHOT, &snapshot_of("AAPL")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/grpc-web+proto");
    let (messages, trailers) = taken_apart(answer.body);
    assert_eq!(Snapshot::decode(messages[0].clone()).unwrap().last_price, 101.5);
    assert!(trailers.contains("grpc-status:0"), "{trailers}");
}

#[tokio::test]
async fn text() {
    let mesh = Mesh::start().await;
    let body = BASE64_STANDARD.encode(snapshot_of("AAPL"));
    let answer = call(&mesh, "application/grpc-web-text", SNAPSHOT, body.as_bytes()).await;
    assert_eq!(answer.status, 200);
    let body = String::from_utf8(answer.body.to_vec()).unwrap();
    let (messages, trailers) = taken_apart(unpadded(&body).into());
    assert_eq!(Snapshot::decode(messages[0].clone()).unwrap().last_price, 101.5);
    assert!(trailers.contains("grpc-status:0"), "{trailers}");
}

#[tokio::test]
async fn an_error_has_its_status_and_details() {
    let mesh = Mesh::start().await;
    let answer = call(&mesh, "application/grpc-web+proto", SNAPSHOT, &snapshot_of("ZZZZ")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("grpc-status"), "5");
    assert!(!answer.header("grpc-status-details-bin").is_empty());
}

#[tokio::test]
async fn a_stream_arrives_as_it_goes_and_ends_with_its_client() {
    use http_body_util::BodyExt as _;
    let mesh = Mesh::start().await;
    let request = Request::post("/").header("content-type", "application/grpc-web+proto");
    let body = framed(&StreamTicksRequest { symbols: vec!["AAPL".to_owned()], ..Default::default() });
    let mut response = open(&mesh, request, TICKS, &body).await;
    let frame = soon(response.body_mut().frame()).await.unwrap().unwrap().into_data().unwrap();
    let (messages, _) = taken_apart(frame);
    assert_eq!(StreamTicksResponse::decode(messages[0].clone()).unwrap().sequence, 1);
    soon(mesh.market.open_streams(1)).await;
    drop(response);
    soon(mesh.market.open_streams(0)).await;
}
