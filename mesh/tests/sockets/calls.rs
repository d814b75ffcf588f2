//! What every call has: an id, a deadline, a way to fail.

use std::time::Duration;

use tickmesh_mesh::serve::{MAX_REQUEST_BYTES, Settings};
use tickmesh_mesh::status::{Code, Fault};
use tokio::time::{Instant, timeout};
use tonic::{Request, Status};

use crate::harness::{Port, SOON, optimize, settings, stream};

fn seconds(seconds: f64) -> tickmesh_mesh::serve::Seconds {
    seconds.try_into().unwrap()
}

fn is_late(status: Status) {
    let fault = Fault::from(status);
    assert_eq!((fault.code(), fault.reason()), (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"), "{fault}");
    assert!(fault.metadata("request_id").is_some());
}

#[tokio::test]
async fn the_given_id_is_returned_and_stands_in_errors() {
    let port = Port::start(Settings::default());
    let mut request = Request::new(optimize("UNKNOWN"));
    request.metadata_mut().insert("x-request-id", "order-7".parse().unwrap());
    let status = port.client().optimize(request).await.unwrap_err();
    assert_eq!(status.metadata().get("x-request-id").unwrap(), "order-7");
    let fault = Fault::from(status);
    assert_eq!((fault.code(), fault.reason()), (Code::NotFound, "SYMBOL_UNKNOWN"));
    assert_eq!(fault.metadata("request_id"), Some("order-7"));
}

#[tokio::test]
async fn a_trace_is_continued() {
    let port = Port::start(Settings::default());
    let mut request = Request::new(optimize("AAPL"));
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    request.metadata_mut().insert("traceparent", parent.parse().unwrap());
    let seen = port.client().optimize(request).await.unwrap().into_inner().clashing_constraints;
    assert_eq!(seen[1], "4bf92f3577b34da6a3ce929d0e0e4736");
}

#[tokio::test]
async fn a_call_that_does_not_say_has_the_default_deadline() {
    let port = Port::start(settings(|s| s.default_deadline_seconds = seconds(0.2)));
    let started = Instant::now();
    is_late(timeout(SOON, port.client().optimize(optimize("SLEEP"))).await.unwrap().unwrap_err());
    assert!(started.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn a_longer_deadline_is_capped() {
    let port = Port::start(settings(|s| s.max_deadline_seconds = seconds(0.2)));
    let mut request = Request::new(optimize("SLEEP"));
    request.metadata_mut().insert("grpc-timeout", "1H".parse().unwrap());
    is_late(timeout(SOON, port.client().optimize(request)).await.unwrap().unwrap_err());
}

#[tokio::test]
async fn a_stream_lives_beyond_the_cap_and_ends_at_its_own_deadline() {
    let port = Port::start(settings(|s| s.max_deadline_seconds = seconds(0.05)));
    let mut request = Request::new(stream("STUBBORN"));
    // By hand: the client's own timer, which `set_timeout` would start, must not be what ends it.
    request.metadata_mut().insert("grpc-timeout", "300m".parse().unwrap());
    let started = Instant::now();
    let mut messages = port.client().stream_allocations(request).await.unwrap().into_inner();
    assert_eq!(messages.message().await.unwrap().unwrap().sequence, 1);
    is_late(timeout(SOON, messages.message()).await.unwrap().unwrap_err());
    assert!(started.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn a_panic_is_internal_with_an_id_and_the_port_goes_on() {
    let port = Port::start(Settings::default());
    let fault = Fault::from(port.client().optimize(optimize("PANIC")).await.unwrap_err());
    assert_eq!(fault.code(), Code::Internal);
    assert!(fault.metadata("error_id").is_some() && !fault.message().contains("fire"), "{fault}");
    port.client().optimize(optimize("AAPL")).await.unwrap();

    let mut messages = port.client().stream_allocations(stream("PANIC")).await.unwrap().into_inner();
    messages.message().await.unwrap().unwrap();
    let fault = Fault::from(messages.message().await.unwrap_err());
    assert!(fault.code() == Code::Internal && fault.metadata("error_id").is_some(), "{fault}");
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused_with_the_limit() {
    let port = Port::start(Settings::default());
    let symbols = vec!["A".repeat(1024); MAX_REQUEST_BYTES / 1024];
    let request = tickmesh_proto::portfolio::v1::OptimizeRequest { symbols, ..Default::default() };
    let fault = Fault::from(port.client().optimize(request).await.unwrap_err());
    assert_eq!((fault.code(), fault.reason()), (Code::InvalidArgument, "REQUEST_TOO_LARGE"), "{fault}");
    assert_eq!(fault.metadata("limit"), Some("4194304"));
}
