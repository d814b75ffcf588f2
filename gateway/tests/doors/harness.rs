//! A gateway over a small mesh, on real sockets.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Json;
use axum::routing::get;
use gateway::{App, Config};
use tickmesh_mesh::cpu::CpuPool;
use tickmesh_mesh::process::Part as _;
use tickmesh_mesh::readiness::Readiness;
use tickmesh_mesh::serve::Setup;
use tickmesh_proto::server::longrunning::operations_server::OperationsServer;
use tickmesh_proto::server::market::v1::ingest_service_server::IngestServiceServer;
use tickmesh_proto::server::market::v1::market_service_server::MarketServiceServer;
use tickmesh_proto::server::model::v1::forecast_service_server::ForecastServiceServer;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::service::Routes;
use tonic::transport::{Channel, Endpoint};
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::server::health_reporter;

use crate::market::Market;
use crate::model::Model;

/// No test waits longer than this for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A gateway over a market and a model; nobody serves portfolios.
pub(crate) struct Mesh {
    pub(crate) gateway: SocketAddr,
    pub(crate) market: Market,
    pub(crate) model: Model,
    pub(crate) readiness: Readiness,
    shutdown: Option<oneshot::Sender<()>>,
    served: JoinHandle<Result<(), gateway::Error>>,
}

impl Mesh {
    pub(crate) async fn start() -> Self {
        let (market, model) = (Market::new(), Model::default());
        let services = Routes::new(MarketServiceServer::new(market.clone()))
            .add_service(IngestServiceServer::new(market.clone()))
            .add_service(ForecastServiceServer::new(model.clone()))
            .add_service(OperationsServer::new(model.clone()))
            .add_service(health().await);
        let ready = get(async || Json(serde_json::json!({"ready": true, "latches": []})));
        let mesh = serve(services.into_axum_router().route("/readyz", ready)).await;
        let readiness = Readiness::new();
        let (shutdown, stopped) = oneshot::channel();
        let config = Config {
            market_url: format!("http://{mesh}"),
            model_url: format!("http://{mesh}"),
            portfolio_url: "http://127.0.0.1:1".to_owned(),
            cors_origins: vec!["https://desk.example".to_owned().try_into().unwrap()],
            max_websockets: 2,
            ..Config::default()
        };
        let app = App::build(config, setup(readiness.clone())).await.unwrap();
        let gateway = app.addr();
        let served = tokio::spawn(app.run(async { drop(stopped.await) }));
        Self { gateway, market, model, readiness, shutdown: Some(shutdown), served }
    }

    /// Asks the gateway to drain.
    pub(crate) fn shut_down(&mut self) {
        drop(self.shutdown.take());
    }

    /// Waits until the gateway has drained.
    pub(crate) async fn drained(self) {
        soon(self.served).await.unwrap().unwrap();
    }

    /// A channel to the gateway for generated clients.
    pub(crate) fn channel(&self) -> Channel {
        Endpoint::from_shared(format!("http://{}", self.gateway)).unwrap().connect_lazy()
    }
}

fn setup(readiness: Readiness) -> Setup {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    Setup { listener, readiness, cpu: CpuPool::new(1, 1).unwrap(), data_dir: std::env::temp_dir() }
}

/// The health of the services that are there.
async fn health() -> HealthServer<impl Health> {
    let (reporter, health) = health_reporter();
    reporter.set_service_status("tickmesh.market.v1.MarketService", ServingStatus::Serving).await;
    health
}

async fn serve(router: axum::Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Awaits something that must happen soon.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("this happens soon")
}
