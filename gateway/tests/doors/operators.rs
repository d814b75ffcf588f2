//! Health and reflection in gRPC, and what operators ask over HTTP.

use futures_util::{StreamExt as _, stream};
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::{v1, v1alpha};

use crate::client::get;
use crate::harness::{Mesh, soon};

async fn health(mesh: &Mesh, service: &str) -> Result<ServingStatus, Code> {
    let mut client = HealthClient::new(mesh.channel());
    let request = HealthCheckRequest { service: service.to_owned() };
    soon(client.check(request)).await.map(|answer| answer.into_inner().status()).map_err(|status| status.code())
}

#[tokio::test]
async fn health_is_for_the_whole_and_for_each_service() {
    let mesh = Mesh::start().await;
    assert_eq!(health(&mesh, "").await, Ok(ServingStatus::Serving));
    assert_eq!(health(&mesh, "tickmesh.market.v1.MarketService").await, Ok(ServingStatus::Serving));
    assert_eq!(health(&mesh, "tickmesh.portfolio.v1.OptimizerService").await, Ok(ServingStatus::NotServing));
    assert_eq!(health(&mesh, "tickmesh.news.v1.NewsService").await, Err(Code::NotFound));
    let latch = mesh.readiness.latch("model/train");
    assert_eq!(health(&mesh, "").await, Ok(ServingStatus::NotServing));
    drop(latch);
}

#[tokio::test]
async fn reflection_lists_every_service() {
    let mesh = Mesh::start().await;
    let expected = [
        "tickmesh.market.v1.MarketService",
        "tickmesh.portfolio.v1.OptimizerService",
        "google.longrunning.Operations",
        "grpc.health.v1.Health",
    ];

    let list = v1::server_reflection_request::MessageRequest::ListServices(String::new());
    let request = v1::ServerReflectionRequest { host: String::new(), message_request: Some(list) };
    let mut client = v1::server_reflection_client::ServerReflectionClient::new(mesh.channel());
    let mut answers = soon(client.server_reflection_info(stream::iter([request]))).await.unwrap().into_inner();
    let text = format!("{:?}", soon(answers.next()).await.unwrap().unwrap());
    assert!(expected.iter().all(|service| text.contains(service)), "{text}");

    let list = v1alpha::server_reflection_request::MessageRequest::ListServices(String::new());
    let request = v1alpha::ServerReflectionRequest { host: String::new(), message_request: Some(list) };
    let mut client = v1alpha::server_reflection_client::ServerReflectionClient::new(mesh.channel());
    let mut answers = soon(client.server_reflection_info(stream::iter([request]))).await.unwrap().into_inner();
    let text = format!("{:?}", soon(answers.next()).await.unwrap().unwrap());
    assert!(expected.iter().all(|service| text.contains(service)), "{text}");
}

#[tokio::test]
async fn liveness_depends_on_nothing_and_readiness_on_latches() {
    let mesh = Mesh::start().await;
    let latch = mesh.readiness.latch("model/train");
    assert_eq!(get(&mesh, "/livez").await.status, 200);
    let waiting = get(&mesh, "/readyz").await;
    assert_eq!((waiting.status.as_u16(), waiting.json()["latches"][0]["name"].as_str()), (503, Some("model/train")));
    drop(latch);
    assert_eq!(get(&mesh, "/readyz").await.status, 200);
    assert_eq!(get(&mesh, "/metrics").await.status, 200);
}
