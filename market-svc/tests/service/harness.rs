//! One market-svc in this process.

use std::net::TcpListener;
use std::time::Duration;

use market_svc::{App, Config, Error, FeedKind, Synthetic};
use tempfile::TempDir;
use tickmesh_mesh::cpu::CpuPool;
use tickmesh_mesh::process::Part as _;
use tickmesh_mesh::readiness::Readiness;
use tickmesh_mesh::serve::Setup;
use tickmesh_proto::market::v1::market_service_client::MarketServiceClient;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint};

/// No test waits longer than this for any one thing.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running market-svc whose feed waits at its gate. It ends with its test.
pub(crate) struct Service {
    pub(crate) market: MarketServiceClient<Channel>,
    pub(crate) readiness: Readiness,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), Error>>,
    _folder: TempDir,
}

impl Service {
    /// Starts over a random walk, and does not wait until its history is in place.
    pub(crate) async fn starting(synthetic: Synthetic) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let setup = Setup {
            listener: TcpListener::bind("127.0.0.1:0").unwrap(),
            readiness: Readiness::new(),
            cpu: CpuPool::new(2, 16).unwrap(),
            data_dir: folder.path().to_owned(),
        };
        let readiness = setup.readiness.clone();
        let config = Config { feed: FeedKind::Synthetic, synthetic, ..Config::default() };
        let app = App::build(config, setup).await.unwrap();
        let channel = Endpoint::from_shared(format!("http://{}", app.addr())).unwrap().connect_lazy();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(app.run(async { drop(stopped.await) }));
        Self { market: MarketServiceClient::new(channel), readiness, stop, served, _folder: folder }
    }

    /// Starts over a random walk, and waits until its history is in place.
    pub(crate) async fn started(synthetic: Synthetic) -> Self {
        let service = Self::starting(synthetic).await;
        soon(service.readiness.ready()).await;
        service
    }

    /// Asks it to stop and waits until it has.
    pub(crate) async fn stop(self) {
        let Self { stop, served, .. } = self;
        drop(stop);
        soon(served).await.unwrap().unwrap();
    }
}

/// Awaits something that must happen.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("this happens soon")
}
