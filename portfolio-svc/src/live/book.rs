use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use futures_util::future::BoxFuture;
use tickmesh_fanout::log::{Event, Log, LogConfig, Position, Record};
use tickmesh_fanout::topic::{Feed, Joined, Messages, Source, Subscription, Topic, TopicConfig, Wanted};
use tickmesh_mesh::clock;
use tickmesh_mesh::serve::Ending;
use tickmesh_mesh::status::Fault;
use tickmesh_proto::types::{Symbol, Timestamp};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::worker::not_written;
use super::{Round, Run, Wire};
use crate::desk::Desk;
use crate::error::Error;
use crate::market::Market;
use crate::measure;
use crate::plan::{Allocation, Plan};
use crate::store::{BookState, StateStore};

/// The symbol under which a portfolio of all symbols is logged.
const ALL: &str = "ALL";

/// A live portfolio: a plan, where it stands, and the log of its allocations in this run of the feed.
pub struct Book {
    id: String,
    plan: Plan,
    dir: PathBuf,
    market: Market,
    /// Another one takes its place when the feed begins anew.
    stream: RwLock<Arc<Stream>>,
    /// Held while an allocation is kept and never while one is computed.
    state: Mutex<BookState>,
    store: StateStore,
    wire: Arc<dyn Wire>,
}

/// The log of one run, and the streams over it.
struct Stream {
    log: Log,
    topic: Topic,
    /// Ends the streams when another log takes this one's place.
    over: CancellationToken,
}

impl Book {
    /// Opens a portfolio's log and takes over what it has beyond the stored state.
    ///
    /// # Errors
    /// If log or store cannot be read.
    pub async fn open(
        id: String,
        plan: Plan,
        dir: &Path,
        market: Market,
        store: StateStore,
        wire: Arc<dyn Wire>,
    ) -> Result<Self, Error> {
        let log = Log::open(dir, config())?;
        let mut state = store.book(&id).await?;
        // A log that was thrown away begins anew; the weights held are still true.
        state.position = state.position.min(log.head());
        log.events_after(state.position).for_each(|event| state.redo(&event, &*wire));
        store.keep(&id, &state).await?;
        let stream = RwLock::new(Arc::new(Stream::new(log, market.clone())));
        Ok(Self { id, plan, dir: dir.to_owned(), market, stream, state: Mutex::new(state), store, wire })
    }

    /// Its name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What is optimised.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The close of the newest bar of its last allocation.
    pub async fn as_of(&self) -> Option<Timestamp> {
        self.state.lock().await.as_of
    }

    /// The close of the last round that it is done with.
    pub(super) async fn done(&self) -> Option<Timestamp> {
        self.state.lock().await.done
    }

    /// The close of its last allocation's newest bar, if it was made in this run.
    pub(super) async fn as_of_in(&self, run: &str) -> Option<Timestamp> {
        let state = self.state.lock().await;
        state.as_of.filter(|_| state.run.as_deref() == Some(run))
    }

    /// The closes of its allocations in this run after one, as far as its log goes back.
    pub(super) fn done_after(&self, done: Option<Timestamp>) -> Vec<Timestamp> {
        let events = self.stream().log.events_after(Position::START);
        events.map(|event| event.event_time).filter(|as_of| done.is_none_or(|done| *as_of > done)).collect()
    }

    /// Opens a stream of its allocations; it ends with its connection, or with the run.
    ///
    /// # Errors
    /// OUT_OF_RANGE for a cursor that cannot be resumed.
    pub fn subscribe(&self, subscription: Subscription, ending: Ending) -> Result<Messages, Fault> {
        let stream = self.stream();
        let over = stream.over.clone();
        let ending = async move {
            tokio::select! {
                _ = ending => {}
                () = over.cancelled() => {}
            }
        };
        stream.topic.subscribe(subscription, ending)
    }

    /// Optimises anew at the close of a round, unless that was done or another run has begun; says whether there is a
    /// new allocation.
    ///
    /// # Errors
    /// As optimising once; then nothing has changed and it may be tried again.
    pub async fn advance(&self, desk: &Desk, round: &Round, run: &str) -> Result<bool, Fault> {
        loop {
            let before = self.state.lock().await.clone();
            if !before.is_open_for(round, run) {
                return Ok(false);
            }
            let held = before.held.clone().or_else(|| self.plan.held.clone());
            let allocation = desk.advance(self.plan.clone(), round, held).await?;
            if before.as_of.is_some_and(|newest| newest >= allocation.as_of) {
                self.pass(&before, round).await; // no bar that all its symbols have since then
                return Ok(false);
            }
            if self.record(&before, &allocation, round).await? {
                return Ok(true);
            }
        }
    }

    /// Keeps and publishes that nothing could be optimised at the close of a round, and why; unless that round was done
    /// or another run has begun. What is held stays.
    ///
    /// # Errors
    /// If the log cannot be written; then nothing has changed and it may be tried again.
    pub(super) async fn refuse(&self, round: &Round, run: &str, why: &str) -> Result<(), Fault> {
        let refused = Allocation::refused(&self.plan, round.as_of, why);
        loop {
            let before = self.state.lock().await.clone();
            if !before.is_open_for(round, run) || self.record(&before, &refused, round).await? {
                return Ok(());
            }
        }
    }

    /// Keeps and publishes an allocation, unless the portfolio has gone on since `before`.
    async fn record(&self, before: &BookState, allocation: &Allocation, round: &Round) -> Result<bool, Fault> {
        let mut state = self.state.lock().await;
        if *state != *before {
            return Ok(false);
        }
        let body = self.wire.event(allocation).into();
        let symbol = self.plan.symbols.first().map_or(ALL, Symbol::as_str);
        let event_time = allocation.as_of;
        let record =
            Record { symbol, kind: 0, time_frame: 0, event_time, receive_time: clock::now(), body, inner: None };
        let log = self.stream().log.clone();
        state.position = log.append(&[record]).map_err(|error| not_written(&error))?;
        state.as_of = Some(allocation.as_of);
        state.done = Some(allocation.as_of.max(round.as_of));
        state.held = allocation.held().or_else(|| state.held.take());
        // If the store refuses, the log has it: the next start takes it over from there.
        self.keep(&state).await;
        log.publish(state.position);
        measure::allocated();
        Ok(true)
    }

    /// Is done with a round that gave no allocation, unless the portfolio has gone on since `before`.
    async fn pass(&self, before: &BookState, round: &Round) {
        let mut state = self.state.lock().await;
        if *state == *before {
            state.done = Some(round.as_of);
            self.keep(&state).await;
        }
    }

    async fn keep(&self, state: &BookState) {
        if let Err(error) = self.store.keep(&self.id, state).await {
            tracing::error!(book = self.id, %error, "where the portfolio stands could not be stored");
        }
    }

    /// Belongs to the run of the feed that there is now. If it belonged to another, it begins anew: nothing is held, no
    /// round is done, and what was allocated then is shown to nobody any more.
    ///
    /// # Errors
    /// If the log or the store cannot be written; then it may be tried again.
    pub async fn belong(&self, run: &Run) -> Result<(), Error> {
        let mut state = self.state.lock().await;
        // Asked under the lock, so that nobody who comes late goes back to a run that is over.
        let run = run.now();
        if run.is_none() || state.run.as_deref() == run.as_deref() {
            return Ok(());
        }
        if state.run.is_some() || state.as_of.is_some() {
            // The log first: a crash in between leaves the old run's name, and the next start does this again.
            self.begin_log()?;
        }
        let new = BookState { run: run.as_deref().map(str::to_owned), ..BookState::default() };
        self.store.keep(&self.id, &new).await?;
        *state = new;
        Ok(())
    }

    /// Rounds were lost: the log begins anew, so that streams end and no cursor from before is resumed as if nothing
    /// were missing. What is held stays.
    ///
    /// # Errors
    /// If the log or the store cannot be written; then it may be tried again.
    pub(super) async fn break_off(&self) -> Result<(), Error> {
        let mut state = self.state.lock().await;
        self.begin_log()?;
        state.position = self.stream().log.head();
        Ok(self.store.keep(&self.id, &state).await?)
    }

    /// Another log takes the place of the one before, whose streams end.
    fn begin_log(&self) -> Result<(), Error> {
        let new = Arc::new(Stream::new(Log::create(&self.dir, config())?, self.market.clone()));
        let old = std::mem::replace(&mut *self.stream.write().unwrap_or_else(PoisonError::into_inner), new);
        old.over.cancel();
        Ok(())
    }

    fn stream(&self) -> Arc<Stream> {
        Arc::clone(&self.stream.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn config() -> LogConfig {
    LogConfig { name: "allocations", ..LogConfig::default() }
}

impl Stream {
    fn new(log: Log, market: Market) -> Self {
        let source = Arc::new(Behind { market, log: log.clone() });
        let seed = clock::now().nanos().cast_unsigned(); // so that two processes do not age alike
        let topic = Topic::new(log.clone(), TopicConfig::new("allocations", clock::now, seed), source);
        Self { log, topic, over: CancellationToken::new() }
    }
}

impl BookState {
    /// Whether a round is yet to be done, and is of the run that goes on.
    fn is_open_for(&self, round: &Round, run: &str) -> bool {
        self.run.as_deref() == Some(run) && self.done.is_none_or(|done| done < round.as_of)
    }

    /// Takes over an allocation from the log.
    fn redo(&mut self, event: &Event, wire: &dyn Wire) {
        self.position = event.position;
        self.as_of = Some(event.event_time);
        self.done = self.done.max(self.as_of);
        if let Some(held) = wire.held(&event.body) {
            self.held = Some(held);
        }
    }
}

/// What the topic must know: the market's feed is the portfolio's.
struct Behind {
    market: Market,
    log: Log,
}

impl Source for Behind {
    fn knows(&self, symbol: &Symbol) -> bool {
        self.market.knew(symbol)
    }

    fn feed(&self) -> Feed {
        self.market.feed()
    }

    fn snapshot<'a>(&'a self, wanted: &'a Wanted) -> BoxFuture<'a, Result<Joined, Fault>> {
        Box::pin(async { Ok(self.log.snapshot(wanted)) })
    }
}
