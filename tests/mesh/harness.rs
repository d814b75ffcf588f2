//! A whole mesh in this process, on free ports and in a folder of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tickmesh::cli::Target;
use tickmesh::failure::Failure;
use tickmesh::settings::Settings;
use tickmesh::up;
use tickmesh_proto::market::v1::ingest_service_client::IngestServiceClient;
use tickmesh_proto::market::v1::market_service_client::MarketServiceClient;
use tickmesh_proto::market::v1::{Bar, BatchListBarsRequest, Feed, GetReplayWindowRequest};
use tickmesh_proto::model::v1::feature_service_client::FeatureServiceClient;
use tickmesh_proto::model::v1::forecast_service_client::ForecastServiceClient;
use tickmesh_proto::model::v1::monitoring_service_client::MonitoringServiceClient;
use tickmesh_proto::model::v1::{Forecast, GetLiveScoreRequest, GetLiveScoreResponse, PredictRequest};
use tickmesh_proto::portfolio::v1::optimizer_service_client::OptimizerServiceClient;
use tickmesh_proto::r#type::v1::FeedState;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint};

/// No test waits longer than this for any one thing.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The symbols of the bundled bars.
pub(crate) const SYMBOLS: [&str; 6] = ["AAPL", "AMZN", "GOOG", "META", "NFLX", "NVDA"];

/// A speed at which no session is replayed while a test runs: the clock stands.
pub(crate) const STANDING: f64 = 0.001;

/// What a mesh is to be.
pub(crate) struct Builder {
    folder: Arc<TempDir>,
    speed: f64,
    replay_from: &'static str,
    replay_again: bool,
}

/// A running mesh. It ends with its test.
pub(crate) struct Mesh {
    builder: Builder,
    gateway: SocketAddr,
    channel: Channel,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), Failure>>,
}

impl Builder {
    /// Trading days a second.
    pub(crate) fn speed(self, speed: f64) -> Self {
        Self { speed, ..self }
    }

    /// The first date that is replayed.
    pub(crate) fn replay_from(self, replay_from: &'static str) -> Self {
        Self { replay_from, ..self }
    }

    /// A new run over the same bars.
    pub(crate) fn replay_again(self) -> Self {
        Self { replay_again: true, ..self }
    }

    /// Starts the mesh and waits until it is ready.
    pub(crate) async fn start(self) -> Mesh {
        let mesh = up::Mesh::bind(self.settings(), Target::All).unwrap();
        let (gateway, readiness) = (mesh.addresses().gateway, mesh.readiness());
        let (stop, stopped) = oneshot::channel::<()>();
        let mut served = tokio::spawn(mesh.run(up::Report::Silent, async { drop(stopped.await) }));
        let channel = Endpoint::from_shared(format!("http://{gateway}")).unwrap().connect_lazy();
        // Latches are taken while the parts are built, so none may be open yet; a forecast shows that models are there.
        let ready = async {
            let mut forecasts = ForecastServiceClient::new(channel.clone());
            let question = PredictRequest { symbol: SYMBOLS[0].into(), ..PredictRequest::default() };
            while forecasts.predict(question.clone()).await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            readiness.ready().await;
        };
        tokio::select! {
            () = soon(ready) => {}
            ended = &mut served => panic!("the mesh ended: {ended:?}"),
        }
        Mesh { builder: self, gateway, channel, stop, served }
    }

    fn settings(&self) -> Settings {
        let mut settings = Settings { data_dir: self.folder.path().to_owned(), ..Settings::default() };
        settings.market.speed = self.speed;
        settings.market.replay_from = self.replay_from.into();
        settings.market.replay_again = self.replay_again;
        for addr in [&mut settings.market.addr, &mut settings.model.addr, &mut settings.portfolio.addr] {
            addr.set_port(0);
        }
        settings.gateway.addr.set_port(0);
        settings
    }
}

impl Mesh {
    /// A mesh over the bundled bars whose clock stands, in a new folder.
    pub(crate) fn builder() -> Builder {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        Builder { folder, speed: STANDING, replay_from: "2023-06-01", replay_again: false }
    }

    /// Asks the mesh to stop, waits until it has drained; gives what starts it again over the same folder.
    pub(crate) async fn stop(self) -> Builder {
        let Self { builder, stop, served, .. } = self;
        drop(stop);
        soon(served).await.unwrap().unwrap();
        builder
    }

    /// A new connection to the gateway, tuned by `tune`.
    pub(crate) fn connection(&self, tune: impl FnOnce(Endpoint) -> Endpoint) -> Channel {
        tune(Endpoint::from_shared(format!("http://{}", self.gateway)).unwrap()).connect_lazy()
    }

    pub(crate) fn market(&self) -> MarketServiceClient<Channel> {
        MarketServiceClient::new(self.channel.clone())
    }

    pub(crate) fn ingest(&self) -> IngestServiceClient<Channel> {
        IngestServiceClient::new(self.channel.clone())
    }

    pub(crate) fn forecasts(&self) -> ForecastServiceClient<Channel> {
        ForecastServiceClient::new(self.channel.clone())
    }

    pub(crate) fn features(&self) -> FeatureServiceClient<Channel> {
        FeatureServiceClient::new(self.channel.clone())
    }

    pub(crate) fn optimizer(&self) -> OptimizerServiceClient<Channel> {
        OptimizerServiceClient::new(self.channel.clone())
    }

    /// The newest forecast of a symbol.
    pub(crate) async fn forecast(&self, symbol: &str) -> Forecast {
        let question = PredictRequest { symbol: symbol.into(), ..PredictRequest::default() };
        self.forecasts().predict(question).await.unwrap().into_inner()
    }

    /// What is behind the streams.
    pub(crate) async fn feed(&self) -> Feed {
        self.market().get_replay_window(GetReplayWindowRequest {}).await.unwrap().into_inner().feed.unwrap()
    }

    /// The market clock.
    pub(crate) async fn clock(&self) -> prost_types::Timestamp {
        self.feed().await.market_time.unwrap()
    }

    /// Waits until the replay has played its last session.
    pub(crate) async fn replay_ended(&self) -> Feed {
        soon(async {
            loop {
                let feed = self.feed().await;
                if feed.state() == FeedState::Ended {
                    return feed;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
        .await
    }

    /// Every stored bar, by open time and symbol.
    pub(crate) async fn bars(&self) -> Vec<Bar> {
        let mut pages = self.market().batch_list_bars(BatchListBarsRequest::default()).await.unwrap().into_inner();
        let mut bars = Vec::new();
        while let Some(page) = soon(pages.message()).await.unwrap() {
            bars.extend(page.bars);
        }
        bars
    }

    /// The figures of all served forecasts whose outcome is known.
    pub(crate) async fn live_score(&self) -> GetLiveScoreResponse {
        let mut monitoring = MonitoringServiceClient::new(self.channel.clone());
        monitoring.get_live_score(GetLiveScoreRequest::default()).await.unwrap().into_inner()
    }
}

/// Awaits something that must happen.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("this happens soon")
}

/// Asks again until the answer is there.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(mut ask: impl FnMut() -> F) -> T {
    soon(async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
}

/// Nanoseconds since 1970, to compare times.
pub(crate) fn nanos(time: Option<&prost_types::Timestamp>) -> i64 {
    let time = time.expect("a time is there");
    time.seconds * 1_000_000_000 + i64::from(time.nanos)
}
