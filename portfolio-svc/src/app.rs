use std::net::SocketAddr;
use std::sync::Arc;

use tickmesh_mesh::client::Upstream;
use tickmesh_mesh::process::Part;
use tickmesh_mesh::serve::{Server, Setup};
use tickmesh_mesh::store::DataDir;
use tickmesh_proto::server::portfolio::v1::optimizer_service_server::OptimizerServiceServer;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tracing::Instrument as _;

use crate::config::Config;
use crate::desk::Desk;
use crate::error::Error;
use crate::grpc::{Optimizer, ProtoWire};
use crate::live::{Allocator, Books, Start};
use crate::market::{self, Market};
use crate::model::Model;
use crate::plan::Plan;
use crate::store::StateStore;

/// The services of this port, for health and reflection.
const SERVICES: [&str; 1] = ["tickmesh.portfolio.v1.OptimizerService"];

/// portfolio-svc, built and not yet running.
pub struct App {
    addr: SocketAddr,
    server: Server,
    market: Market,
    allocator: Allocator,
    books: Arc<Books>,
    store: StateStore,
    /// Its lock keeps a second process away from our files.
    _data: DataDir,
}

impl App {
    /// Whoever knows that the model will have no signals for long settles it; otherwise that shows only by time.
    pub fn start(&self) -> Start {
        self.allocator.start()
    }
}

impl Part for App {
    const NAME: &'static str = "portfolio-svc";
    const SECTION: &'static str = "portfolio";
    type Config = Config;
    type Error = Error;

    fn listen_addr(config: &Config) -> SocketAddr {
        config.addr
    }

    /// Opens store and log and puts the parts together. Other services need not be there yet.
    ///
    /// # Errors
    /// If the configuration is wrong, or the data directory cannot be used.
    async fn build(config: Config, setup: Setup) -> Result<Self, Error> {
        if let Some((key, value, rule)) = config.defect() {
            return Err(Error::Config { key, value, rule });
        }
        let latch = setup.readiness.latch("portfolio/allocation");
        let data = DataDir::open(&setup.data_dir, "portfolio")?;
        let store = StateStore::open(&data.join("portfolio.db")).await?;
        let market = Market::new(Upstream::new("market", &config.market_url)?);
        let model = Model::new(Upstream::new("model", &config.model_url)?);
        let signals = model.upstream().clone();
        let desk = Desk { market: market.clone(), model, cpu: setup.cpu, patience: config.patience() };
        let (plan, logs) = (Plan::live(config.max_turnover), data.join("log"));
        let wire = Arc::new(ProtoWire);
        let books = Books::open(plan, desk.clone(), store.clone(), wire, logs, config.room()).await?;
        let books = Arc::new(books);
        let allocator = Allocator::new(Arc::clone(&books), desk.clone(), store.clone(), &signals, latch).await?;
        let routes = Routes::new(OptimizerServiceServer::new(Optimizer { desk, books: Arc::clone(&books) }));
        let addr = setup.listener.local_addr().map_err(tickmesh_mesh::serve::ServeError::from)?;
        let server = Server::new("portfolio", setup.listener, setup.readiness.part("portfolio"))
            .grpc(routes, &SERVICES)
            .settings(config.serve);
        Ok(Self { addr, server, market, allocator, books, store, _data: data })
    }

    fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Serves until `shutdown` resolves, then drains and ends its tasks.
    ///
    /// # Errors
    /// If the port cannot be served, or a task that should never end does.
    async fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), Error> {
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(market::follow(self.market, stop.clone()).instrument(tracing::info_span!("portfolio_bars")));
        tasks.spawn(self.allocator.run(stop.clone()).instrument(tracing::info_span!("portfolio_allocations")));
        let served = tokio::select! {
            served = self.server.run(shutdown) => served.map_err(Error::from),
            Some(ended) = tasks.join_next() => Err(Error::Task(ended.err().map_or_else(String::new, |e| e.to_string()))),
        };
        stop.cancel();
        while tasks.join_next().await.is_some() {}
        self.books.close().await;
        self.store.close().await;
        served
    }
}
