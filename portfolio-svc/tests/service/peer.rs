//! market-svc and model-svc as far as portfolio-svc needs them, from the contracts' own server traits: the bundled
//! closes up to a clock that the test moves, and one signal a symbol and close.

mod market;
mod model;
mod stream;

pub(crate) use model::TRAINED;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tickmesh_proto::server::market::v1::market_service_server::MarketServiceServer;
use tickmesh_proto::server::model::v1::forecast_service_server::ForecastServiceServer;
use tickmesh_proto::server::model::v1::registry_service_server::RegistryServiceServer;
use tokio::sync::watch;

const CLOSES: &str = include_str!("../golden/closes.csv");

/// Closes by day and symbol; `clock` is the number of days that are known.
#[derive(Clone)]
pub(crate) struct Tape {
    pub(crate) symbols: Vec<String>,
    days: Vec<(i64, Vec<f64>)>,
    /// Days after the clock that are stored and were never streamed.
    imported: Arc<AtomicUsize>,
    clock: watch::Sender<usize>,
    /// The run of the feed; cursors of another one are refused.
    epoch: watch::Sender<&'static str>,
    /// The day of the last symbol's first bar.
    newcomer_since: usize,
    /// The day of the last symbol's last bar.
    retired_after: usize,
    /// Whether the model answers no questions.
    mute: Arc<AtomicBool>,
    /// Whether live bars can be subscribed to; until then, who asks waits.
    live: watch::Sender<bool>,
    /// Questions that the model still refuses because it has not taken in the newest bar.
    behind: Arc<AtomicUsize>,
}

impl Tape {
    fn load(clock: usize, epoch: &'static str) -> Self {
        let mut lines = CLOSES.lines();
        let symbols = lines.next().unwrap().split(',').skip(1).map(String::from).collect();
        let row = |line: &str| {
            let (date, closes) = line.split_once(',').unwrap();
            (days_since_1970(date), closes.split(',').map(|v| v.parse().unwrap()).collect())
        };
        Self {
            symbols,
            days: lines.map(row).collect(),
            imported: Arc::default(),
            clock: watch::Sender::new(clock),
            epoch: watch::Sender::new(epoch),
            newcomer_since: 1,
            retired_after: usize::MAX,
            mute: Arc::default(),
            live: watch::Sender::new(true),
            behind: Arc::default(),
        }
    }

    pub(crate) fn clock(&self) -> usize {
        *self.clock.borrow()
    }

    /// The number of days that are stored.
    fn stored(&self) -> usize {
        self.clock() + self.imported.load(Ordering::Relaxed)
    }

    /// Whether a symbol has a bar of a day.
    fn has_bar(&self, day: usize, symbol: usize) -> bool {
        symbol + 1 < self.symbols.len() || (self.newcomer_since..=self.retired_after).contains(&day)
    }

    /// When the session of a day ends, counted from 1.
    pub(crate) fn close_time(&self, day: usize) -> prost_types::Timestamp {
        prost_types::Timestamp { seconds: self.days[day - 1].0 * 86_400 + 21 * 3600, nanos: 0 }
    }
}

/// Days of the Gregorian calendar, by Howard Hinnant's algorithm.
fn days_since_1970(date: &str) -> i64 {
    let part = |range: std::ops::Range<usize>| date[range].parse::<i64>().unwrap();
    let (year, month, day) = (part(0..4), part(5..7), part(8..10));
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Both services on one port.
pub(crate) struct Peer {
    pub(crate) tape: Tape,
    pub(crate) url: String,
    _stop: tokio::sync::oneshot::Sender<()>,
}

impl Peer {
    /// Knows the first `clock` days.
    pub(crate) async fn start(clock: usize) -> Self {
        Self::run(clock, "first").await
    }

    /// The same, but the last symbol has bars from a later day on.
    pub(crate) async fn with_newcomer(clock: usize, since: usize) -> Self {
        let tape = Tape { newcomer_since: since, ..Tape::load(clock, "first") };
        Self::serve("127.0.0.1:0".parse().unwrap(), tape).await
    }

    /// The same, but the last symbol has bars up to an earlier day.
    pub(crate) async fn with_retired(clock: usize, after: usize) -> Self {
        let tape = Tape { retired_after: after, ..Tape::load(clock, "first") };
        Self::serve("127.0.0.1:0".parse().unwrap(), tape).await
    }

    /// The same in another run of the feed.
    pub(crate) async fn run(clock: usize, epoch: &'static str) -> Self {
        Self::serve("127.0.0.1:0".parse().unwrap(), Tape::load(clock, epoch)).await
    }

    /// The same on an address of choice.
    pub(crate) async fn at(addr: SocketAddr, clock: usize) -> Self {
        Self::serve(addr, Tape::load(clock, "first")).await
    }

    async fn serve(addr: SocketAddr, tape: Tape) -> Self {
        let listener = tokio::net::TcpListener::bind(addr).await.unwrap();
        let addr: SocketAddr = listener.local_addr().unwrap();
        let server = tonic::transport::Server::builder()
            .add_service(MarketServiceServer::new(market::Market(tape.clone())))
            .add_service(ForecastServiceServer::new(model::Model(tape.clone())))
            .add_service(RegistryServiceServer::new(model::Model(tape.clone())));
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let incoming = tonic::transport::server::TcpIncoming::from(listener);
        tokio::spawn(server.serve_with_incoming_shutdown(incoming, async {
            stopped.await.ok();
        }));
        Self { tape, url: format!("http://{addr}"), _stop: stop }
    }

    /// Lets the model refuse the next `questions` as coming too early.
    pub(crate) fn hold_model_back(&self, questions: usize) {
        self.tape.behind.store(questions, Ordering::Relaxed);
    }

    /// How many more questions the model would refuse.
    pub(crate) fn held_back(&self) -> usize {
        self.tape.behind.load(Ordering::Relaxed)
    }

    /// Lets questions to the model hang.
    pub(crate) fn mute_model(&self) {
        self.tape.mute.store(true, Ordering::Relaxed);
    }

    /// Lets the model answer again.
    pub(crate) fn unmute_model(&self) {
        self.tape.mute.store(false, Ordering::Relaxed);
    }

    /// Lets subscriptions to bars wait, or begin.
    pub(crate) fn hold_bars(&self, hold: bool) {
        self.tape.live.send_replace(!hold);
    }

    /// Begins another run of the feed, of which `clock` days are known.
    pub(crate) fn begin_again(&self, clock: usize, epoch: &'static str) {
        self.tape.clock.send_replace(clock);
        self.tape.epoch.send_replace(epoch);
    }

    /// Stores `days` more days that no stream brings.
    pub(crate) fn import(&self, days: usize) {
        self.tape.imported.fetch_add(days, Ordering::Relaxed);
    }

    /// Lets `days` more days pass.
    pub(crate) fn pass(&self, days: usize) {
        self.tape.clock.send_modify(|clock| *clock += days);
    }
}
