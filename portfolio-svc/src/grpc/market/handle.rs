use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tickmesh_fanout::topic::Feed;
use tickmesh_mesh::client::Upstream;
use tickmesh_mesh::status::{Fault, unknown_symbol};
use tickmesh_proto::r#type::v1::FeedState;
use tickmesh_proto::types::{Symbol, Timestamp};
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

use super::{Closes, Universe, client};
use crate::prices::Close;

/// When to ask again a market that is still loading.
const RETRY: Duration = Duration::from_secs(1);

/// How long the list of instruments is believed.
const FRESH: Duration = Duration::from_secs(2);

/// How long a bar that is listed may be on its way through the subscription.
const ON_ITS_WAY: Duration = Duration::from_millis(250);

/// The handle on market-svc. Clones share the cache.
#[derive(Clone)]
pub struct Market {
    shared: Arc<Shared>,
}

struct Shared {
    upstream: Upstream,
    closes: RwLock<Closes>,
    universe: RwLock<Option<(Instant, Arc<Universe>)>>,
    /// One fetch at a time: who waits finds the closes there.
    fetching: Mutex<()>,
    /// Whether the subscription keeps the closes fresh.
    live: AtomicBool,
    feed: watch::Sender<Feed>,
    changed: watch::Sender<u64>,
}

impl Market {
    /// Speaks to market-svc by `upstream`.
    pub fn new(upstream: Upstream) -> Self {
        let feed = Feed { state: FeedState::Waiting, market_time: None };
        let shared = Shared {
            upstream,
            closes: RwLock::default(),
            universe: RwLock::default(),
            fetching: Mutex::default(),
            live: AtomicBool::new(false),
            feed: watch::Sender::new(feed),
            changed: watch::Sender::new(0),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The instruments, as of a few seconds ago at most.
    ///
    /// # Errors
    /// As market-svc answers.
    pub async fn universe(&self) -> Result<Arc<Universe>, Fault> {
        let known = self.shared.universe.read().unwrap_or_else(PoisonError::into_inner).clone();
        match known {
            Some((at, universe)) if at.elapsed() < FRESH => Ok(universe),
            _ => self.fetch_universe().await,
        }
    }

    /// The instruments, among them all of `symbols`.
    ///
    /// # Errors
    /// NOT_FOUND, reason SYMBOL_UNKNOWN, listing known ones; as market-svc answers.
    pub async fn universe_with(&self, symbols: &[Symbol]) -> Result<Arc<Universe>, Fault> {
        let mut universe = self.universe().await?;
        if symbols.iter().any(|symbol| !universe.knows(symbol)) {
            universe = self.fetch_universe().await?;
        }
        match symbols.iter().find(|symbol| !universe.knows(symbol)) {
            Some(symbol) => Err(unknown_symbol(symbol.as_str(), universe.symbols())),
            None => Ok(universe),
        }
    }

    /// A market without instruments is one that is still loading: that is not an answer to keep.
    async fn fetch_universe(&self) -> Result<Arc<Universe>, Fault> {
        let universe = Arc::new(client::instruments(&self.shared.upstream).await?);
        if universe.is_empty() {
            return Err(Fault::unavailable("MARKET_LOADING", "market-svc has no instruments yet", RETRY));
        }
        self.write(|closes| closes.list(&universe));
        let mut known = self.shared.universe.write().unwrap_or_else(PoisonError::into_inner);
        *known = Some((Instant::now(), Arc::clone(&universe)));
        Ok(universe)
    }

    /// Whether a symbol was known when last asked.
    pub fn knew(&self, symbol: &Symbol) -> bool {
        let known = self.shared.universe.read().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().is_some_and(|(_, universe)| universe.knows(symbol))
    }

    /// Sees to it that the closes of these symbols are there and fresh.
    ///
    /// # Errors
    /// As market-svc answers.
    pub async fn load(&self, symbols: &[Symbol]) -> Result<(), Fault> {
        if self.stale(symbols).is_empty() && self.read(|closes| closes.short(symbols)).is_empty() {
            return Ok(());
        }
        let _turn = self.shared.fetching.lock().await;
        self.complete(symbols).await;
        loop {
            let (stale, phase) = (self.stale(symbols), self.read(Closes::phase));
            if stale.is_empty() {
                return Ok(());
            }
            self.fetch(&stale).await?;
            // A subscription that began meanwhile may have left a hole.
            if self.read(Closes::phase) == phase {
                return Ok(());
            }
        }
    }

    /// Fetches what may be new, whatever the subscription says.
    ///
    /// # Errors
    /// As market-svc answers.
    pub async fn fetch(&self, symbols: &[Symbol]) -> Result<(), Fault> {
        let asked = self.read(|closes| closes.ask(symbols));
        let fetched = client::closes(&self.shared.upstream, symbols, asked.since).await?;
        self.write(|closes| fetched.into_iter().for_each(|(symbol, new)| closes.merge(symbol, new, asked)));
        Ok(())
    }

    /// Waits for bars that are listed and have not come; if the subscription does not bring them, a fetch must.
    async fn complete(&self, symbols: &[Symbol]) {
        let is_complete = self.until(ON_ITS_WAY, |closes| closes.short(symbols).is_empty()).await;
        if !is_complete {
            self.write(|closes| closes.doubt(symbols));
        }
    }

    fn stale(&self, symbols: &[Symbol]) -> Vec<Symbol> {
        if self.shared.live.load(Ordering::Acquire) {
            self.read(|closes| closes.missing(symbols))
        } else {
            symbols.to_vec()
        }
    }

    /// Waits until these symbols have closes at or after `time`, for `patience` at most; says whether they have.
    pub async fn reach(&self, symbols: &[Symbol], time: Timestamp, patience: Duration) -> bool {
        self.until(patience, |closes| closes.reach(symbols, time)).await
    }

    /// Waits until the closes are as wanted, for `patience` at most; says whether they are.
    async fn until(&self, patience: Duration, is_so: impl Fn(&Closes) -> bool) -> bool {
        let mut changed = self.shared.changed.subscribe();
        let there = async {
            while !self.read(&is_so) {
                if changed.changed().await.is_err() {
                    return;
                }
            }
        };
        tokio::time::timeout(patience, there).await.is_ok()
    }

    /// Looks at the closes. For short looks only: the subscription waits meanwhile.
    pub fn read<T>(&self, look: impl FnOnce(&Closes) -> T) -> T {
        look(&self.shared.closes.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, change: impl FnOnce(&mut Closes)) {
        change(&mut self.shared.closes.write().unwrap_or_else(PoisonError::into_inner));
        self.shared.changed.send_modify(|count| *count += 1);
    }

    /// The state of market-svc's feed, as it last said.
    pub fn feed(&self) -> Feed {
        *self.shared.feed.borrow()
    }

    pub(super) fn upstream(&self) -> &Upstream {
        &self.shared.upstream
    }

    pub(super) fn set_live(&self, live: bool) {
        self.shared.live.store(live, Ordering::Release);
    }

    pub(super) fn put(&self, new: impl IntoIterator<Item = (Symbol, Close)>) {
        self.write(|closes| new.into_iter().for_each(|(symbol, close)| closes.put(symbol, close)));
    }

    pub(super) fn break_off(&self) {
        self.write(Closes::break_off);
    }

    pub(super) fn clear(&self) {
        self.write(Closes::clear);
    }

    pub(super) fn set_feed(&self, feed: Feed) {
        self.shared.feed.send_replace(feed);
    }
}
