use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;
use tickmesh_fanout::log::{Log, LogConfig};
use tickmesh_mesh::cpu::CpuPool;
use tickmesh_mesh::process::Part;
use tickmesh_mesh::readiness::Latch;
use tickmesh_mesh::serve::{MAX_RESPONSE_BYTES, ServeError, Server, Setup};
use tickmesh_mesh::store::{DataDir, sqlite};
use tickmesh_proto::server::market::v1::ingest_service_server::IngestServiceServer;
use tickmesh_proto::server::market::v1::market_service_server::MarketServiceServer;
use tickmesh_proto::types::{Calendar, Timestamp};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::service::Routes;

use crate::claim::Claim;
use crate::config::{Config, FeedKind};
use crate::error::Error;
use crate::feed::{Data, Desk, Feed, FeedGate, Gated, Replay, Walk};
use crate::grpc::{Ingest, MarketDoor, PROTOBUF};
use crate::market::{self, Market};
use crate::store::{SqliteStore, Store};

/// The services of this port, for health and reflection.
const SERVICES: [&str; 2] = ["tickmesh.market.v1.MarketService", "tickmesh.market.v1.IngestService"];

/// market-svc, built and not yet running.
pub struct App {
    addr: SocketAddr,
    server: Server,
    market: Arc<Market>,
    feed: Feed,
    gate: FeedGate,
    gated: Gated,
    /// What imports leave to be done.
    imports: TaskTracker,
    latch: Latch,
    cpu: CpuPool,
    sqlite: sqlite::Sqlite,
    /// Its lock keeps a second process away from our files.
    _data: DataDir,
}

impl App {
    /// Lets the feed begin; without it only what is stored is served.
    pub fn feed_gate(&self) -> FeedGate {
        self.gate.clone()
    }
}

impl Part for App {
    const NAME: &'static str = "market-svc";
    const SECTION: &'static str = "market";
    type Config = Config;
    type Error = Error;

    fn listen_addr(config: &Config) -> SocketAddr {
        config.addr
    }

    /// Opens store and log and puts the parts together; the bars are read when it runs.
    ///
    /// # Errors
    /// If the configuration is wrong, the data cannot be read, or the data directory cannot be used or belongs to
    /// another replay.
    async fn build(config: Config, setup: Setup) -> Result<Self, Error> {
        let start = config.check()?;
        let latch = setup.readiness.latch("market/import");
        let data = DataDir::open(&setup.data_dir, "market")?;
        let bars = Data::open(config.data.as_deref())?;
        let sqlite = sqlite::open(&data.join(SqliteStore::FILE), SqliteStore::MIGRATIONS).await?;
        let store: Arc<dyn Store> = Arc::new(SqliteStore::new(sqlite.readers.clone(), sqlite.writer.clone()));
        Claim::new(&config, start, &bars).stake(&*store, data.path()).await?;
        let log = open_log(&*store, &config, start, &data.join("log/market")).await?;
        let speed = (config.feed != FeedKind::None).then_some(config.speed);
        let feed = market::Feed::waiting(config.feed, speed);
        let market = Arc::new(Market::new(store, log, &PROTOBUF, feed));
        let addr = setup.listener.local_addr().map_err(ServeError::from)?;
        let imports = TaskTracker::new();
        let server = Server::new("market", setup.listener, setup.readiness.part("market"))
            .grpc(routes(&market, addr.port(), &imports), &SERVICES)
            .settings(config.serve.clone());
        let (gate, gated) = FeedGate::closed();
        let feed = feed_of(&config, bars, start);
        Ok(Self { addr, server, market, feed, gate, gated, imports, latch, cpu: setup.cpu, sqlite, _data: data })
    }

    fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Nobody else holds the feed back.
    fn alone(&self) {
        self.gate.open();
    }

    /// Serves until `shutdown` resolves, then drains and ends the feed.
    ///
    /// # Errors
    /// If the port cannot be served, or history cannot be imported.
    async fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), Error> {
        let stop = CancellationToken::new();
        let desk = Desk { market: self.market, cpu: self.cpu, clock: tickmesh_mesh::clock::now, stop: stop.clone() };
        let mut tasks = JoinSet::new();
        tasks.spawn(self.feed.run(desk, self.latch, self.gated));
        let feed_stop = stop.clone();
        let shutdown = async move {
            shutdown.await;
            // Nothing new comes in while the streams say goodbye.
            feed_stop.cancel();
        };
        let mut served = std::pin::pin!(self.server.run(shutdown));
        let result = tokio::select! {
            served = &mut served => served.map_err(Error::from),
            Some(ended) = tasks.join_next() => match ended {
                Ok(Ok(())) if stop.is_cancelled() => served.await.map_err(Error::from),
                Ok(Ok(())) => Err(Error::Task("the feed".into())),
                Ok(Err(error)) => Err(error),
                Err(error) => Err(Error::Task(error.to_string())),
            },
        };
        stop.cancel();
        while tasks.join_next().await.is_some() {}
        self.imports.close();
        self.imports.wait().await;
        drop(self.gate);
        self.sqlite.close().await;
        result
    }
}

fn routes(market: &Arc<Market>, seed: u16, imports: &TaskTracker) -> Routes {
    let door = MarketDoor::new(Arc::clone(market), u64::from(seed));
    let ingest = Ingest::new(Arc::clone(market), tickmesh_mesh::clock::now, imports.clone());
    Routes::new(MarketServiceServer::new(door).max_encoding_message_size(MAX_RESPONSE_BYTES))
        .add_service(IngestServiceServer::new(ingest).max_encoding_message_size(MAX_RESPONSE_BYTES))
}

fn feed_of(config: &Config, data: Data, start: Date) -> Feed {
    match config.feed {
        FeedKind::Replay => Feed::Replay(Replay { data, start, speed: config.speed }),
        FeedKind::Synthetic => Feed::Synthetic(Walk { shape: config.synthetic, speed: config.speed }),
        FeedKind::None => Feed::None(data),
    }
}

/// The event log: of the synthetic feed in memory alone; after `replay_again` a new epoch over the history.
async fn open_log(store: &dyn Store, config: &Config, start: Date, dir: &Path) -> Result<Log, Error> {
    let log = LogConfig { name: "market", ..LogConfig::default() };
    if config.feed == FeedKind::Synthetic {
        return Ok(Log::memory(log));
    }
    if config.replay_again {
        // The log first: an old log over a clock that was set back would bring its bars back.
        let log = Log::create(dir, log)?;
        market::rewind(store, last_of_history(start)).await?;
        return Ok(log);
    }
    Ok(Log::open(dir, log)?)
}

/// The last moment at which a bar of history can close: no replayed session opens before it anywhere.
fn last_of_history(start: Date) -> Timestamp {
    Calendar::Always.hours(start).map_or(Timestamp::MIN, |day| day.open)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_closes_at_midnight_stays_history() {
        let start = Date::constant(2021, 1, 1);
        let hours = |date| Calendar::Always.hours(date).unwrap();
        assert!(hours(start.yesterday().unwrap()).close <= last_of_history(start));
        assert!(hours(start).close > last_of_history(start));
    }
}
