use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use model_svc::{App, Config};
use sqlx::Connection as _;
use tickmesh_mesh::cpu::CpuPool;
use tickmesh_mesh::process::Part as _;
use tickmesh_mesh::readiness::Readiness;
use tickmesh_mesh::serve::{Setup, bind};
use tickmesh_proto::google::longrunning::operations_client::OperationsClient;
use tickmesh_proto::google::longrunning::{Operation, WaitOperationRequest, operation::Result as Ended};
use tickmesh_proto::model::v1::feature_service_client::FeatureServiceClient;
use tickmesh_proto::model::v1::forecast_service_client::ForecastServiceClient;
use tickmesh_proto::model::v1::monitoring_service_client::MonitoringServiceClient;
use tickmesh_proto::model::v1::registry_service_client::RegistryServiceClient;
use tickmesh_proto::model::v1::training_service_client::TrainingServiceClient;
use tickmesh_proto::model::v1::{self as wire, ForestParams, TrainModelsRequest};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::transport::Channel;

use crate::market::{FakeMarket, walk};

/// No wait for an event lasts longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A market with two symbols of 450 days, and a model-svc behind it.
pub(crate) struct House {
    pub(crate) market: FakeMarket,
    pub(crate) dir: tempfile::TempDir,
    pub(crate) service: Service,
    market_addr: SocketAddr,
    train_missing: bool,
    _serving: JoinHandle<()>,
}

/// A running model-svc.
pub(crate) struct Service {
    pub(crate) channel: Channel,
    pub(crate) readiness: Readiness,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), model_svc::Error>>,
}

impl House {
    pub(crate) async fn new() -> Self {
        let market = FakeMarket::new();
        market.publish(day_by_day(0, 450));
        let house = Self::behind(market, false).await;
        house.bars(450).await;
        house
    }

    /// A model-svc that trains by itself.
    pub(crate) async fn alone(market: FakeMarket) -> Self {
        Self::behind(market, true).await
    }

    async fn behind(market: FakeMarket, train_missing: bool) -> Self {
        let (market_addr, serving) = market.serve().await;
        let dir = tempfile::tempdir().unwrap();
        let service = Service::start(dir.path(), market_addr, train_missing).await;
        Self { market, dir, service, market_addr, train_missing, _serving: serving }
    }

    /// Trains both symbols with a forest so small that it takes no time.
    pub(crate) async fn trained() -> Self {
        let house = Self::new().await;
        let done = house.train(TrainModelsRequest { missing_only: true, ..small() }).await;
        assert!(matches!(done.result, Some(Ended::Response(_))), "{done:?}");
        house
    }

    pub(crate) async fn train(&self, request: TrainModelsRequest) -> Operation {
        let started = self.service.training().train_models(request).await.unwrap().into_inner();
        self.wait(&started.name).await
    }

    pub(crate) async fn wait(&self, name: &str) -> Operation {
        let request = WaitOperationRequest { name: name.into(), timeout: None };
        self.service.operations().wait_operation(request).await.unwrap().into_inner()
    }

    /// Publishes days from `from` to before `to` of both symbols and waits until they are forecast from.
    pub(crate) async fn replay(&self, from: i64, to: i64) {
        for day in from..to {
            self.market.publish(day_by_day(day, day + 1));
        }
        self.bars(to).await;
    }

    /// Waits until both symbols have their bar of the day before `day`.
    pub(crate) async fn bars(&self, day: i64) {
        self.until(|forecast| forecast.as_of == closed(day - 1)).await;
    }

    /// Waits until the forecasts of both symbols pass.
    pub(crate) async fn until(&self, pass: impl Fn(&wire::Forecast) -> bool) {
        let reached = async {
            for symbol in ["S0", "S1"] {
                loop {
                    let request = wire::PredictRequest { symbol: symbol.into(), ..Default::default() };
                    match self.service.forecasts().predict(request).await {
                        Ok(forecast) if pass(forecast.get_ref()) => break,
                        _ => tokio::time::sleep(Duration::from_millis(5)).await,
                    }
                }
            }
        };
        tokio::time::timeout(PATIENCE, reached).await.expect("the forecasts pass in time");
    }

    /// Waits until a symbol has bars.
    pub(crate) async fn until_known(&self, symbol: &str) {
        let known = async {
            let request = wire::PredictRequest { symbol: symbol.into(), ..Default::default() };
            while self.service.forecasts().predict(request.clone()).await.is_err() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, known).await.expect("its bars come in time");
    }

    /// Lets the versions of a number be ones that learned from features which are defined otherwise today.
    pub(crate) async fn forget_features(&self, number: u32) {
        let path = self.dir.path().join(model_svc::store::SqliteStore::FILE);
        let mut database = sqlx::SqliteConnection::connect(&path.display().to_string()).await.unwrap();
        let change = "UPDATE versions SET facts = json_set(facts, '$.feature_set', 'older') WHERE number = $1";
        let changed = sqlx::query(change).bind(number).execute(&mut database).await.unwrap();
        assert_eq!(changed.rows_affected(), 2, "one of each symbol");
    }

    /// Stops the service and starts another over the same files.
    pub(crate) async fn restart(mut self) -> Self {
        self.service.stop().await;
        self.service = Service::start(self.dir.path(), self.market_addr, self.train_missing).await;
        self
    }

    /// The same with a market that is down.
    pub(crate) async fn restart_without_market(mut self) -> Self {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        self.market_addr = closed;
        self.restart().await
    }

    pub(crate) async fn predict(&self, symbol: &str) -> wire::Forecast {
        let request = wire::PredictRequest { symbol: symbol.into(), ..Default::default() };
        self.service.forecasts().predict(request).await.unwrap().into_inner()
    }

    pub(crate) async fn served(&self) -> Vec<wire::Forecast> {
        let request = wire::ListForecastsRequest { page_size: 1_000, ..Default::default() };
        self.service.forecasts().list_forecasts(request).await.unwrap().into_inner().forecasts
    }
}

/// When a day's bar closes.
pub(crate) fn closed(day: i64) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp { seconds: day * 86_400 + 21 * 3_600, nanos: 0 })
}

/// Days of both symbols in the order of the stream.
pub(crate) fn day_by_day(from: i64, to: i64) -> Vec<tickmesh_proto::market::v1::Bar> {
    let both = walk("S0", 3, from, to).into_iter().zip(walk("S1", 4, from, to));
    both.flat_map(|(one, other)| [one, other]).collect()
}

pub(crate) fn small() -> TrainModelsRequest {
    let forest = ForestParams { trees: Some(4), depth: Some(4), ..Default::default() };
    TrainModelsRequest { forest: Some(forest), folds: 3, ..Default::default() }
}

impl Service {
    async fn start(dir: &Path, market: SocketAddr, train_missing: bool) -> Self {
        let config = Config { market_url: format!("http://{market}"), train_missing, ..Config::default() };
        let listener = bind("127.0.0.1:0".parse().unwrap(), "--model-addr").unwrap();
        let readiness = Readiness::new();
        let cpu = CpuPool::new(2, 64).unwrap();
        let setup = Setup { listener, readiness: readiness.clone(), cpu, data_dir: PathBuf::from(dir) };
        let app = App::build(config, setup).await.unwrap();
        let channel = Channel::from_shared(format!("http://{}", app.addr())).unwrap().connect_lazy();
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(app.run(async move { drop(stopped.await) }));
        Self { channel, readiness, stop, running }
    }

    async fn stop(&mut self) {
        let (gone, _) = oneshot::channel();
        drop(std::mem::replace(&mut self.stop, gone));
        (&mut self.running).await.unwrap().unwrap();
    }

    pub(crate) fn forecasts(&self) -> ForecastServiceClient<Channel> {
        ForecastServiceClient::new(self.channel.clone())
    }

    pub(crate) fn training(&self) -> TrainingServiceClient<Channel> {
        TrainingServiceClient::new(self.channel.clone())
    }

    pub(crate) fn registry(&self) -> RegistryServiceClient<Channel> {
        RegistryServiceClient::new(self.channel.clone())
    }

    pub(crate) fn features(&self) -> FeatureServiceClient<Channel> {
        FeatureServiceClient::new(self.channel.clone())
    }

    pub(crate) fn monitoring(&self) -> MonitoringServiceClient<Channel> {
        MonitoringServiceClient::new(self.channel.clone())
    }

    pub(crate) fn operations(&self) -> OperationsClient<Channel> {
        OperationsClient::new(self.channel.clone())
    }
}
