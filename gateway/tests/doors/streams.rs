//! REST: streams, in NDJSON and as server-sent events.

use http::Request;
use serde_json::{Value as Json, json};

use crate::client::{get, open, read_until, send};
use crate::harness::{Mesh, soon};

fn lines(text: &str) -> Vec<Json> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn a_stream_is_one_message_a_line() {
    let mesh = Mesh::start().await;
    let answer = get(&mesh, "/v1/market/bars").await;
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    let symbols: Vec<_> = lines(std::str::from_utf8(&answer.body).unwrap())
        .iter()
        .map(|line| line["bars"][0]["symbol"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(symbols, ["AAPL", "MSFT", "NVDA"]);
}

#[tokio::test]
async fn a_live_stream_arrives_as_it_goes_and_ends_with_its_client() {
    let mesh = Mesh::start().await;
    let mut response = open(&mesh, Request::get("/"), "/v1/market/ticks?symbols=AAPL", b"").await;
    let text = read_until(response.body_mut(), "\"c1\"").await;
    assert!(lines(&text)[0]["ack"].is_object(), "{text}");
    soon(mesh.market.open_streams(1)).await;
    drop(response);
    soon(mesh.market.open_streams(0)).await;
}

#[tokio::test]
async fn an_error_before_the_first_message_is_the_response() {
    let mesh = Mesh::start().await;
    let answer = get(&mesh, "/v1/market/ticks?symbols=EARLY").await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.detail("ErrorInfo")["reason"], "CURSOR_EXPIRED");
}

#[tokio::test]
async fn a_late_error_is_the_last_line() {
    let mesh = Mesh::start().await;
    let answer = get(&mesh, "/v1/market/ticks?symbols=LATE").await;
    assert_eq!(answer.status, 200);
    let lines = lines(std::str::from_utf8(&answer.body).unwrap());
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[2]["error"]["code"], 8);
    assert_eq!(lines[2]["error"]["details"][0]["reason"], "SLOW_CONSUMER");
}

fn events() -> http::request::Builder {
    Request::get("/").header("accept", "text/event-stream")
}

#[tokio::test]
async fn events_have_cursors_and_a_late_error_is_one() {
    let mesh = Mesh::start().await;
    let answer = send(&mesh, events(), "/v1/market/ticks?symbols=LATE", b"").await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    let text = std::str::from_utf8(&answer.body).unwrap();
    let events: Vec<_> = text.split_terminator("\n\n").collect();
    assert_eq!(events.len(), 3, "{text}");
    assert!(events[0].starts_with("data: {"), "{text}");
    assert!(events[1].starts_with("id: c1\ndata: {"), "{text}");
    let error: Json = serde_json::from_str(events[2].strip_prefix("event: error\ndata: ").unwrap()).unwrap();
    assert_eq!(error["code"], 8);
}

#[tokio::test]
async fn the_last_event_id_resumes() {
    let mesh = Mesh::start().await;
    let request = events().header("last-event-id", "c1");
    let mut response = open(&mesh, request, "/v1/market/ticks?symbols=AAPL", b"").await;
    let text = read_until(response.body_mut(), "id: c2").await;
    let ack: Json = serde_json::from_str(text.lines().next().unwrap().strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(ack["ack"]["resumeAfter"], json!("c1"));
}

#[tokio::test]
async fn a_resumed_stream_does_not_begin_again() {
    let mesh = Mesh::start().await;
    let path = "/v1/market/bars:stream?symbols=BEGINS&start_time=2021-01-04T00:00:00Z";
    let mut response = open(&mesh, events().header("last-event-id", "c1"), path, b"").await;
    assert_eq!(response.status(), 200);
    let text = read_until(response.body_mut(), "ack").await;
    assert!(text.contains(r#""resumeAfter":"c1""#), "{text}");
}
