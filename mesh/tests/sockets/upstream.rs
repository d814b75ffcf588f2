//! Calls from one part to another.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tickmesh_mesh::client::{Channel, Upstream};
use tickmesh_mesh::context::{self, Caller, RequestContext, Trace};
use tickmesh_mesh::serve::Settings;
use tickmesh_mesh::status::{Code, Fault};
use tickmesh_proto::portfolio::v1::optimizer_service_client::OptimizerServiceClient;
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout};
use tower::ServiceExt as _;

use crate::harness::{Port, SOON, optimize, stream};

fn calls(upstream: &Upstream) -> OptimizerServiceClient<Channel> {
    OptimizerServiceClient::new(upstream.unary())
}

/// The context of a call that has `left`.
fn caller(left: Duration) -> RequestContext {
    let trace_id = "4bf92f3577b34da6a3ce929d0e0e4736".into();
    RequestContext {
        request_id: "order-7".into(),
        caller: Arc::new(Caller::anonymous()),
        deadline: Some(Instant::now() + left),
        trace: Arc::new(Trace { trace_id, span_id: "00f067aa0ba902b7".into(), sampled: true, state: None }),
    }
}

#[tokio::test]
async fn id_trace_and_what_is_left_of_the_deadline_are_handed_on() {
    let port = Port::start(Settings::default());
    let upstream = Upstream::new("portfolio", &port.url()).unwrap();
    let call = async { calls(&upstream).optimize(optimize("AAPL")).await };
    let seen = context::scope(caller(Duration::from_secs(2)), call).await.unwrap().into_inner().clashing_constraints;
    assert_eq!((seen[0].as_str(), seen[1].as_str()), ("order-7", "4bf92f3577b34da6a3ce929d0e0e4736"));
    let left: u64 = seen[2].parse().unwrap();
    assert!((1000..=1950).contains(&left), "two seconds less the margin of 50 ms: {left} ms");
}

#[tokio::test]
async fn idempotent_calls_are_tried_again_and_streams_are_not() {
    let port = Port::start(Settings::default());
    let upstream = Upstream::new("portfolio", &port.url()).unwrap();
    port.desk.failures.store(2, Ordering::SeqCst);
    calls(&upstream).optimize(optimize("FLAKY")).await.expect("the third attempt succeeds");
    assert_eq!(port.desk.calls.load(Ordering::SeqCst), 3);

    port.desk.failures.store(100, Ordering::SeqCst);
    let fault = Fault::from(calls(&upstream).optimize(optimize("FLAKY")).await.unwrap_err());
    assert_eq!((fault.code(), fault.reason()), (Code::Unavailable, "BUSY"), "its own words at the end: {fault}");
    let spent = port.desk.calls.load(Ordering::SeqCst) - 3;
    assert!((2..=4).contains(&spent), "within policy and budget: {spent} attempts");
    for _ in 0..20 {
        calls(&upstream).optimize(optimize("FLAKY")).await.unwrap_err();
    }
    let all = port.desk.calls.load(Ordering::SeqCst) - 3 - spent;
    assert!((20..=21).contains(&all), "an outage is not multiplied: {all} attempts of 20 calls");
}

#[tokio::test]
async fn what_cannot_be_reached_or_breaks_is_unavailable() {
    let nobody = { TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap() };
    let upstream = Upstream::new("model", &format!("http://{nobody}")).unwrap();
    let fault = Fault::from(calls(&upstream).optimize(optimize("AAPL")).await.unwrap_err());
    assert_eq!((fault.code(), fault.reason()), (Code::Unavailable, "UPSTREAM_LOST"), "{fault}");

    let port = Port::start(Settings { hard_stop_seconds: 0.1.try_into().unwrap(), ..Settings::default() });
    let upstream = Upstream::new("portfolio", &port.url()).unwrap();
    let mut streams = OptimizerServiceClient::new(upstream.stream());
    let mut messages = streams.stream_allocations(stream("STUBBORN")).await.unwrap().into_inner();
    messages.message().await.unwrap().unwrap();
    port.stop().await.unwrap().unwrap();
    let fault = Fault::from(timeout(SOON, messages.message()).await.unwrap().unwrap_err());
    assert_eq!((fault.code(), fault.reason()), (Code::Unavailable, "UPSTREAM_LOST"), "{fault}");
}

#[tokio::test]
async fn a_silent_upstream_costs_no_more_than_the_deadline() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = Upstream::new("model", &format!("http://{}", silent.local_addr().unwrap())).unwrap();
    let started = Instant::now();
    let call = async { calls(&upstream).optimize(optimize("AAPL")).await };
    let status = context::scope(caller(Duration::from_millis(300)), call).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::DeadlineExceeded, "{status}");
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn full_streams_do_not_delay_calls_and_more_than_a_connection_takes_open_another() {
    let port = Port::start(Settings::default());
    let upstream = Upstream::new("portfolio", &port.url()).unwrap();
    let mut streams = Vec::new();
    for _ in 0..250 {
        let mut client = OptimizerServiceClient::new(upstream.stream());
        let mut messages = client.stream_allocations(stream("QUIET")).await.unwrap().into_inner();
        timeout(SOON, messages.message()).await.expect("each stream gets its first message").unwrap();
        streams.push(messages);
    }
    timeout(Duration::from_secs(2), calls(&upstream).optimize(optimize("AAPL"))).await.expect("in time").unwrap();
}

#[tokio::test]
async fn an_upstream_that_comes_back_is_found_again() {
    let port = Port::start(Settings::default());
    let addr = port.addr;
    let upstream = Upstream::new("portfolio", &port.url()).unwrap();
    calls(&upstream).optimize(optimize("AAPL")).await.unwrap();
    port.stop().await.unwrap().unwrap();
    let _again = Port::start_at(addr, Settings::default());
    calls(&upstream).optimize(optimize("AAPL")).await.expect("the same upstream, a new connection");
}

#[tokio::test]
async fn raw_requests_take_the_same_way() {
    let port = Port::start(Settings::default());
    let upstream = Upstream::new("portfolio", &port.url()).unwrap();
    let request = http::Request::get("/readyz").body(tonic::body::Body::empty()).unwrap();
    let response = upstream.unary().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
}
