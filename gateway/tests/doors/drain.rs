//! The gateway goes: every live stream ends politely, and then the gateway does.

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value as Json, json};
use tickmesh_proto::market::v1::StreamTicksRequest;
use tickmesh_proto::market::v1::market_service_client::MarketServiceClient;
use tickmesh_proto::market::v1::stream_ticks_response::Control;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::client::{open, read_until};
use crate::harness::{Mesh, soon};

#[tokio::test]
async fn a_native_stream_ends_with_end_of_stream_and_unavailable() {
    let mut mesh = Mesh::start().await;
    let mut market = MarketServiceClient::new(mesh.channel());
    let mut messages = soon(market.stream_ticks(StreamTicksRequest::default())).await.unwrap().into_inner();
    for sequence in [1, 2] {
        assert_eq!(soon(messages.message()).await.unwrap().unwrap().sequence, sequence);
    }
    mesh.shut_down();
    let last = soon(messages.message()).await.unwrap().unwrap();
    assert_eq!((last.sequence, last.cursor.as_str()), (3, "c1"));
    assert!(matches!(last.control, Some(Control::EndOfStream(end)) if end.cursor == "c1"));
    let status = soon(messages.message()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.get_details_retry_info().is_some(), "{status:?}");
    soon(mesh.market.open_streams(0)).await;
    mesh.drained().await;
}

#[tokio::test]
async fn lines_end_with_end_of_stream_and_unavailable() {
    let mut mesh = Mesh::start().await;
    let mut response = open(&mesh, Request::get("/"), "/v1/market/ticks", b"").await;
    read_until(response.body_mut(), "\"c1\"").await;
    mesh.shut_down();
    let rest = soon(response.into_body().collect()).await.unwrap().to_bytes();
    let lines: Vec<Json> = rest
        .split(|byte| *byte == b'\n')
        .filter(|l| !l.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    assert_eq!(lines[0]["endOfStream"], json!({"reason": "REASON_DRAINING", "cursor": "c1"}));
    assert_eq!((lines.len(), &lines[1]["error"]["code"]), (2, &json!(14)));
    mesh.drained().await;
}

#[tokio::test]
async fn a_socket_is_told_to_come_back() {
    let mut mesh = Mesh::start().await;
    let (mut socket, _) = soon(connect_async(format!("ws://{}/ws/realtime", mesh.gateway))).await.unwrap();
    mesh.shut_down();
    let frame = loop {
        if let Message::Close(frame) = soon(socket.next()).await.expect("a goodbye comes first").unwrap() {
            break frame.unwrap();
        }
    };
    assert_eq!((u16::from(frame.code), frame.reason.starts_with("DRAINING")), (1001, true));
    mesh.drained().await;
}

#[tokio::test]
async fn a_stream_that_waits_for_its_beginning_holds_up_no_drain() {
    let mut mesh = Mesh::start().await;
    let mut market = MarketServiceClient::new(mesh.channel());
    let request = StreamTicksRequest { symbols: vec!["WAITS".to_owned()], ..Default::default() };
    let native = tokio::spawn(async move { market.stream_ticks(request).await.map(drop) });
    let uri = format!("http://{}/v1/market/ticks?symbols=WAITS", mesh.gateway);
    let rest = tokio::spawn(call(uri));
    soon(mesh.market.open_streams(2)).await;
    mesh.shut_down();
    let native = soon(native).await.unwrap().unwrap_err();
    assert_eq!(native.code(), Code::Unavailable);
    assert_eq!(native.get_details_error_info().unwrap().reason, "DRAINING");
    assert_eq!(soon(rest).await.unwrap(), 503);
    soon(mesh.market.open_streams(0)).await;
    mesh.drained().await;
}

/// The HTTP code of a GET, however long it takes.
async fn call(uri: String) -> u16 {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let request = Request::get(uri).body(Full::<Bytes>::default()).unwrap();
    client.request(request).await.unwrap().status().as_u16()
}
