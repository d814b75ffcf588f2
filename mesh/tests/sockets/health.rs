//! Health, readiness and reflection.

use std::time::Duration;

use tickmesh_mesh::serve::Settings;
use tokio::time::timeout;
use tokio_stream::StreamExt as _;
use tonic::Code;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::{v1, v1alpha};

use crate::desk::SERVICE;
use crate::harness::{Port, SOON, exchange};

const READYZ: &str = "GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

fn channel(port: &Port) -> Channel {
    Endpoint::from_shared(port.url()).unwrap().connect_lazy()
}

fn of(service: &str) -> HealthCheckRequest {
    HealthCheckRequest { service: service.into() }
}

#[tokio::test]
async fn readiness_shows_every_open_latch_and_health_follows_it() {
    let port = Port::start(Settings::default());
    let latch = port.readiness.latch("market/import");
    latch.progress(2, 6, "NVDA");
    let answer = exchange(port.addr, READYZ).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    let body: serde_json::Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    let latch_json = serde_json::json!({ "name": "market/import", "done": 2, "total": 6, "note": "NVDA" });
    assert_eq!(body, serde_json::json!({ "ready": false, "draining": false, "latches": [latch_json] }));

    let mut health = HealthClient::new(channel(&port));
    for service in ["", SERVICE] {
        let status = health.check(of(service)).await.unwrap().into_inner().status();
        assert_eq!(status, ServingStatus::NotServing, "{service:?}");
    }
    drop(latch);
    assert_eq!(health.check(of(SERVICE)).await.unwrap().into_inner().status(), ServingStatus::Serving);
    assert!(exchange(port.addr, READYZ).await.starts_with("HTTP/1.1 200"));
    let unknown = health.check(of("no.such.Service")).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
}

#[tokio::test]
async fn a_watcher_sees_each_change_and_the_drain() {
    let port = Port::start(Settings::default());
    let latch = port.readiness.latch("model/train");
    let mut health = HealthClient::new(channel(&port));
    let mut seen = health.watch(of("")).await.unwrap().into_inner();
    let mut next = async || timeout(SOON, seen.next()).await.unwrap().unwrap().unwrap().status();
    assert_eq!(next().await, ServingStatus::NotServing);
    drop(latch);
    assert_eq!(next().await, ServingStatus::Serving);
    let done = port.stop();
    assert_eq!(next().await, ServingStatus::NotServing);
    timeout(Duration::from_secs(5), done).await.expect("the watch does not hold the drain up").unwrap().unwrap();
}

#[tokio::test]
async fn reflection_v1_and_v1alpha_list_what_is_served() {
    let port = Port::start(Settings::default());
    let expected = [
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        SERVICE,
    ];

    let request = v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(v1::server_reflection_request::MessageRequest::ListServices(String::new())),
    };
    let mut client = v1::server_reflection_client::ServerReflectionClient::new(channel(&port));
    let mut answers = client.server_reflection_info(tokio_stream::once(request)).await.unwrap().into_inner();
    let answer = answers.next().await.unwrap().unwrap().message_response.unwrap();
    let v1::server_reflection_response::MessageResponse::ListServicesResponse(list) = answer else {
        panic!("{answer:?}")
    };
    let mut names: Vec<_> = list.service.into_iter().map(|service| service.name).collect();
    names.sort();
    assert_eq!(names, expected);

    let request = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(v1alpha::server_reflection_request::MessageRequest::FileContainingSymbol(SERVICE.into())),
    };
    let mut client = v1alpha::server_reflection_client::ServerReflectionClient::new(channel(&port));
    let mut answers = client.server_reflection_info(tokio_stream::once(request)).await.unwrap().into_inner();
    let answer = answers.next().await.unwrap().unwrap().message_response.unwrap();
    use v1alpha::server_reflection_response::MessageResponse::FileDescriptorResponse;
    assert!(matches!(&answer, FileDescriptorResponse(files) if !files.file_descriptor_proto.is_empty()), "{answer:?}");
}
