//! One market-svc in this process.

use std::net::TcpListener;
use std::time::Duration;

use futures_util::stream;
use market_svc::feed::FeedGate;
use market_svc::{App, Config, Error, FeedKind, Synthetic};
use tempfile::TempDir;
use tickmesh_mesh::cpu::CpuPool;
use tickmesh_mesh::process::Part as _;
use tickmesh_mesh::readiness::Readiness;
use tickmesh_mesh::serve::Setup;
use tickmesh_proto::market::v1::ingest_service_client::IngestServiceClient;
use tickmesh_proto::market::v1::market_service_client::MarketServiceClient;
use tickmesh_proto::market::v1::{
    Bar, Feed, GetReplayWindowRequest, ImportBarsRequest, ImportBarsResponse, ListBarsRequest,
};
use tickmesh_proto::r#type::v1::FeedState;
use tickmesh_proto::types::Calendar;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint};

/// No test waits longer than this for any one thing.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running market-svc whose feed waits at its gate. It ends with its test.
pub(crate) struct Service {
    pub(crate) market: MarketServiceClient<Channel>,
    pub(crate) ingest: IngestServiceClient<Channel>,
    pub(crate) readiness: Readiness,
    /// Lets its feed begin.
    pub(crate) gate: FeedGate,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), Error>>,
    folder: TempDir,
}

impl Service {
    /// Starts over a random walk, and does not wait until its history is in place.
    pub(crate) async fn starting(synthetic: Synthetic) -> Self {
        let config = Config { feed: FeedKind::Synthetic, synthetic, ..Config::default() };
        Self::opening(tempfile::tempdir().unwrap(), config).await.unwrap()
    }

    /// Starts over a data directory, if it can, and does not wait until its history is in place.
    pub(crate) async fn opening(folder: TempDir, config: Config) -> Result<Self, Error> {
        let setup = Setup {
            listener: TcpListener::bind("127.0.0.1:0").unwrap(),
            readiness: Readiness::new(),
            cpu: CpuPool::new(2, 16).unwrap(),
            data_dir: folder.path().to_owned(),
        };
        let readiness = setup.readiness.clone();
        let app = App::build(config, setup).await?;
        let gate = app.feed_gate();
        let channel = Endpoint::from_shared(format!("http://{}", app.addr())).unwrap().connect_lazy();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(app.run(async { drop(stopped.await) }));
        let (market, ingest) = (MarketServiceClient::new(channel.clone()), IngestServiceClient::new(channel));
        Ok(Self { market, ingest, readiness, gate, stop, served, folder })
    }

    /// Starts over a random walk, and waits until its history is in place.
    pub(crate) async fn started(synthetic: Synthetic) -> Self {
        let service = Self::starting(synthetic).await;
        soon(service.readiness.ready()).await;
        service
    }

    /// Starts over a data directory, and waits until its history is in place.
    pub(crate) async fn opened(folder: TempDir, config: Config) -> Self {
        let service = Self::opening(folder, config).await.unwrap();
        soon(service.readiness.ready()).await;
        service
    }

    /// Asks it to stop and waits until it has; gives its data directory back.
    pub(crate) async fn stop(self) -> TempDir {
        let Self { stop, served, folder, .. } = self;
        drop(stop);
        soon(served).await.unwrap().unwrap();
        folder
    }

    /// Imports bars in one message, as `tickmesh import` does.
    pub(crate) async fn import(&mut self, bars: Vec<Bar>) -> ImportBarsResponse {
        let message = ImportBarsRequest { bars, source: "test".into() };
        soon(self.ingest.import_bars(stream::iter([message]))).await.unwrap().into_inner()
    }

    /// Lets the feed begin and waits until it has delivered all it has.
    pub(crate) async fn play(&mut self) {
        self.gate.open();
        let ended = async {
            while self.feed().await.state() != FeedState::Ended {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        soon(ended).await;
    }

    pub(crate) async fn feed(&self) -> Feed {
        let mut market = self.market.clone();
        soon(market.get_replay_window(GetReplayWindowRequest {})).await.unwrap().into_inner().feed.unwrap()
    }

    /// The closes of a symbol's daily bars, oldest first.
    pub(crate) async fn closes(&self, symbol: &str) -> Vec<f64> {
        let request = ListBarsRequest { symbol: symbol.into(), page_size: 1000, ..ListBarsRequest::default() };
        let page = soon(self.market.clone().list_bars(request)).await.unwrap().into_inner();
        page.bars.iter().map(|bar| bar.close).collect()
    }
}

/// Awaits something that must happen.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("this happens soon")
}

/// A daily bar of New York, all of whose prices are `price`.
pub(crate) fn daily(symbol: &str, date: &str, price: f64) -> Bar {
    let date: jiff::civil::Date = date.parse().unwrap();
    let open = Calendar::NewYork.hours(date).unwrap().open;
    Bar {
        symbol: symbol.into(),
        open_time: Some(open.into()),
        open: price,
        high: price,
        low: price,
        close: price,
        ..Bar::default()
    }
}
