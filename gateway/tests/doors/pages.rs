//! Health, reference and pages.

use http::Request;
use serde_json::json;

use crate::client::{get, send};
use crate::harness::Mesh;

#[tokio::test]
async fn health_names_each_part_and_a_lost_one_degrades() {
    let mesh = Mesh::start().await;
    let answer = get(&mesh, "/health").await;
    assert_eq!(answer.status, 200);
    let health = answer.json();
    assert_eq!(health["status"], "DEGRADED");
    assert_eq!(health["parts"]["market"]["status"], "SERVING");
    assert!(health["parts"]["market"]["latency_ms"].as_f64().unwrap() > 0.0);
    assert_eq!(health["parts"]["portfolio"]["status"], "NOT_SERVING");
    assert!(health["parts"]["portfolio"]["error"].is_string());
}

#[tokio::test]
async fn health_is_503_while_the_gateway_waits() {
    let mesh = Mesh::start().await;
    let latch = mesh.readiness.latch("market/import");
    latch.progress(2, 6, "NVDA");
    let answer = get(&mesh, "/health").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["status"]), (503, &json!("NOT_SERVING")));
    assert_eq!(answer.json()["latches"][0], json!({"name": "market/import", "done": 2, "total": 6, "note": "NVDA"}));
    drop(latch);
    assert_eq!(get(&mesh, "/health").await.status, 200);
}

#[tokio::test]
async fn the_reference_is_served_and_not_sent_twice() {
    let mesh = Mesh::start().await;
    let answer = get(&mesh, "/openapi.json").await;
    assert_eq!(answer.json()["openapi"], "3.1.0");
    let request = Request::get("/").header("if-none-match", answer.header("etag"));
    let again = send(&mesh, request, "/openapi.json", b"").await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
}

#[tokio::test]
async fn pages_load_nothing_from_elsewhere() {
    let mesh = Mesh::start().await;
    let answer = get(&mesh, "/docs").await;
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert!(answer.header("content-security-policy").starts_with("default-src 'self'"));
    assert_eq!(get(&mesh, "/docs/docs.js").await.header("content-type"), "text/javascript; charset=utf-8");
    let expected = if gateway::pages::has_dashboard() { 200 } else { 404 };
    assert_eq!(get(&mesh, "/").await.status, expected);
}
