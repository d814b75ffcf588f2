use std::net::SocketAddr;
use std::sync::Arc;

use tickmesh_mesh::client::Upstream;
use tickmesh_mesh::process::Part;
use tickmesh_mesh::serve::{ServeError, Server, Setup};
use tickmesh_mesh::store::{DataDir, sqlite};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;

use crate::ask::Answers;
use crate::config::Config;
use crate::error::Error;
use crate::grpc::{self, Face, MarketClient, ProtoWire, SERVICES, SignalLog};
use crate::jobs::{Jobs, Tools};
use crate::pipeline::{Command, Commands, Latches, Parts, Pipeline, Signals};
use crate::shared::Shared;
use crate::store::{SqliteStore, Store};

/// Messages of the market's stream that may wait for the live loop. One more lets the stream wait: nothing is lost.
const FEED_QUEUE: usize = 16;

/// model-svc, built and not yet running.
pub struct App {
    addr: SocketAddr,
    server: Server,
    market: MarketClient,
    shared: Arc<Shared>,
    pipeline: Pipeline,
    commands: mpsc::Receiver<Command>,
    jobs: Jobs,
    train_missing: bool,
    database: sqlite::Sqlite,
    /// Its lock keeps a second process away from our files.
    _data: DataDir,
}

impl Part for App {
    const NAME: &'static str = "model-svc";
    const SECTION: &'static str = "model";
    type Config = Config;
    type Error = Error;

    fn listen_addr(config: &Config) -> SocketAddr {
        config.addr
    }

    /// Opens store and log, takes up what the last start left, and puts the parts together.
    /// market-svc need not be there.
    ///
    /// # Errors
    /// If the configuration is wrong, or the data directory cannot be used.
    async fn build(config: Config, setup: Setup) -> Result<Self, Error> {
        if let Some((key, value, rule)) = config.defect() {
            return Err(Error::Config { key, value, rule });
        }
        let latches = Latches::new(&setup.readiness);
        let data = DataDir::open(&setup.data_dir, "model")?;
        let database = sqlite::open(&data.join(SqliteStore::FILE), SqliteStore::MIGRATIONS).await?;
        let store: Arc<dyn Store> = Arc::new(SqliteStore::new(database.readers.clone(), database.writer.clone()));
        let market = MarketClient::new(Upstream::new("market", &config.market_url)?);
        let (shared, rules) = (Arc::new(Shared::default()), config.rules());
        let (commands, received) = Commands::new();
        let signals = Arc::new(SignalLog::open(data.join("log").join("signals"), Arc::clone(&shared))?);
        let parts = Parts {
            store: Arc::clone(&store),
            signals: Arc::clone(&signals) as Arc<dyn Signals>,
            shared: Arc::clone(&shared),
            rules,
            latches,
        };
        let pipeline = Pipeline::resume(parts).await.map_err(Error::Resume)?;
        let tools = Tools {
            store: Arc::clone(&store),
            shared: Arc::clone(&shared),
            commands: commands.clone(),
            market: Arc::new(market.clone()),
            cpu: setup.cpu.clone(),
            wire: Arc::new(ProtoWire),
        };
        let jobs = Jobs::open(tools).await?;
        let answers = Answers { shared: Arc::clone(&shared), store, cpu: setup.cpu, rules };
        let face = Face { answers, jobs: jobs.clone(), commands, signals };
        let addr = setup.listener.local_addr().map_err(ServeError::from)?;
        let server = Server::new("model", setup.listener, setup.readiness.part("model"))
            .grpc(grpc::routes(face), SERVICES)
            .settings(config.serve);
        let train_missing = config.train_missing;
        Ok(Self {
            addr,
            server,
            market,
            shared,
            pipeline,
            commands: received,
            jobs,
            train_missing,
            database,
            _data: data,
        })
    }

    fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Serves until `shutdown` resolves, then drains: calls first, then long work, then the live
    /// loop after the step that it is at.
    ///
    /// # Errors
    /// If the port cannot be served, or a task that should never end does.
    async fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), Error> {
        let Self { addr: _, server, market, shared, pipeline, commands, jobs, train_missing, database, _data } = self;
        let stop = CancellationToken::new();
        let (events, feed) = mpsc::channel(FEED_QUEUE);
        let mut tasks = JoinSet::new();
        tasks.spawn(grpc::follow(market, shared, events, stop.clone()).instrument(tracing::info_span!("model_bars")));
        let live = pipeline.run(feed, commands, stop.clone()).instrument(tracing::info_span!("model_live"));
        tasks.spawn(live);
        let first = train_missing.then(|| AbortOnDropHandle::new(tokio::spawn(jobs.clone().train_missing())));
        let served = tokio::select! {
            served = server.run(shutdown) => served.map_err(Error::from),
            Some(end) = tasks.join_next() => Err(Error::Task(end.err().map_or_else(String::new, |e| e.to_string()))),
        };
        drop(first);
        jobs.close().await;
        stop.cancel();
        while tasks.join_next().await.is_some() {}
        database.close().await;
        served
    }
}
