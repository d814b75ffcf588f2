//! Who may call: foreign pages and foreign names may not.

use http::{Method, Request};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::client::{get, send};
use crate::harness::{Mesh, soon};

const SNAPSHOT: &str = "/market/realtime/AAPL";

fn from(origin: &str) -> http::request::Builder {
    Request::get("/").header("origin", origin)
}

#[tokio::test]
async fn pages_of_loopback_and_configured_origins_may_read_answers() {
    let mesh = Mesh::start().await;
    for origin in ["http://localhost:5173", "http://127.0.0.1:3000", "https://desk.example"] {
        let answer = send(&mesh, from(origin), SNAPSHOT, b"").await;
        assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (200, origin));
        let exposed = answer.header("access-control-expose-headers");
        for name in ["grpc-status", "grpc-message", "grpc-status-details-bin", "x-request-id"] {
            assert!(exposed.contains(name), "{name} in {exposed}");
        }
    }
}

#[tokio::test]
async fn a_foreign_page_is_refused_before_anything_is_done() {
    let mesh = Mesh::start().await;
    for path in [SNAPSHOT, "/health", "/", "/v1/nothing"] {
        let answer = send(&mesh, from("https://evil.example"), path, b"").await;
        assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (403, &serde_json::json!(7)), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
    let web =
        Request::post("/").header("origin", "https://evil.example").header("content-type", "application/grpc-web");
    assert_eq!(send(&mesh, web, "/tickmesh.market.v1.MarketService/GetSnapshot", b"").await.status, 403);
}

#[tokio::test]
async fn a_foreign_name_is_refused() {
    let mesh = Mesh::start().await;
    let answer = send(&mesh, Request::get("/").header("host", "evil.example"), SNAPSHOT, b"").await;
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn a_foreign_page_gets_no_socket() {
    let mesh = Mesh::start().await;
    let mut request = format!("ws://{}/ws/realtime", mesh.gateway).into_client_request().unwrap();
    request.headers_mut().insert("origin", "https://evil.example".parse().unwrap());
    let refused = soon(connect_async(request)).await.unwrap_err();
    assert!(refused.to_string().contains("403"), "{refused}");
}

#[tokio::test]
async fn a_preflight_is_answered() {
    let mesh = Mesh::start().await;
    let ask = |origin: &'static str| {
        let request = Request::builder().method(Method::OPTIONS).header("origin", origin);
        let request = request.header("access-control-request-method", "POST");
        request.header("access-control-request-headers", "content-type,x-grpc-web,grpc-timeout")
    };
    let path = "/tickmesh.market.v1.MarketService/GetSnapshot";
    let answer = send(&mesh, ask("http://localhost:5173"), path, b"").await;
    assert!(answer.status.is_success());
    assert!(answer.header("access-control-allow-methods").contains("POST"));
    assert!(answer.header("access-control-allow-headers").contains("x-grpc-web"));
    assert_eq!(send(&mesh, ask("https://evil.example"), path, b"").await.status, 403);
}

#[tokio::test]
async fn a_request_id_is_taken_or_made_returned_and_in_errors() {
    let mesh = Mesh::start().await;
    let request = Request::get("/").header("x-request-id", "order-7");
    let answer = send(&mesh, request, "/market/realtime/ZZZZ", b"").await;
    assert_eq!(answer.header("x-request-id"), "order-7");
    assert!(!get(&mesh, SNAPSHOT).await.header("x-request-id").is_empty());
    let refused = send(&mesh, Request::get("/").header("x-request-id", "order-8"), "/v1/nothing", b"").await;
    assert_eq!(refused.detail("ErrorInfo")["metadata"]["request_id"], "order-8");
}
