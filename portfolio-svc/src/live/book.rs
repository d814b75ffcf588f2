use std::path::Path;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tickmesh_fanout::log::{Event, Log, LogConfig, Record};
use tickmesh_fanout::topic::{Feed, Joined, Source, Topic, TopicConfig, Wanted};
use tickmesh_mesh::clock;
use tickmesh_mesh::status::Fault;
use tickmesh_proto::types::{Symbol, Timestamp};
use tokio::sync::Mutex;

use super::Round;
use crate::desk::Desk;
use crate::error::Error;
use crate::grpc::event;
use crate::market::Market;
use crate::measure;
use crate::plan::Plan;
use crate::store::{BookState, StateError, StateStore};

/// The symbol under which a portfolio of all symbols is logged.
const ALL: &str = "ALL";

/// A live portfolio: a plan, where it stands, and the log of its allocations.
pub struct Book {
    id: String,
    plan: Plan,
    log: Log,
    topic: Topic,
    /// Held for the whole of a round, so that rounds of one portfolio never overlap.
    state: Mutex<BookState>,
    store: StateStore,
}

impl Book {
    /// Opens a portfolio's log and takes over what it has beyond the stored state.
    ///
    /// # Errors
    /// If log or store cannot be read.
    pub async fn open(id: String, plan: Plan, dir: &Path, market: Market, store: StateStore) -> Result<Self, Error> {
        let config = LogConfig { name: "allocations", ..LogConfig::default() };
        let log = Log::open(dir, config)?;
        let mut state = store.book(&id).await?;
        // A log that was thrown away begins anew; the weights held are still true.
        state.position = state.position.min(log.head());
        log.events_after(state.position).for_each(|event| state.redo(&event));
        store.keep(&id, &state).await?;
        let source = Arc::new(Behind { market, log: log.clone() });
        let seed = clock::now().nanos().cast_unsigned(); // so that two processes do not age alike
        let topic = Topic::new(log.clone(), TopicConfig::new("allocations", clock::now, seed), source);
        Ok(Self { id, plan, log, topic, state: Mutex::new(state), store })
    }

    /// What is optimised.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The stream of its allocations.
    pub fn topic(&self) -> &Topic {
        &self.topic
    }

    /// The close of the newest bar of its last allocation.
    pub async fn as_of(&self) -> Option<Timestamp> {
        self.state.lock().await.as_of
    }

    /// Optimises anew at the close of a round, unless that was done; says whether there is a new allocation.
    ///
    /// # Errors
    /// As optimising once; then nothing has changed and it may be tried again.
    pub async fn advance(&self, desk: &Desk, round: &Round) -> Result<bool, Fault> {
        let mut state = self.state.lock().await;
        if state.as_of.is_some_and(|done| done >= round.as_of) {
            return Ok(false);
        }
        let held = state.held.clone().or_else(|| self.plan.held.clone());
        let allocation = desk.advance(self.plan.clone(), round, held).await?;
        if state.as_of.is_some_and(|done| done >= allocation.as_of) {
            return Ok(false); // no common bar since then
        }
        let body = event::encode(&allocation);
        let symbol = self.plan.symbols.first().map_or(ALL, Symbol::as_str);
        let event_time = allocation.as_of;
        let record =
            Record { symbol, kind: 0, time_frame: 0, event_time, receive_time: clock::now(), body, inner: None };
        let position = self.log.append(&[record]).map_err(Fault::internal)?;
        let held = allocation.held().or_else(|| state.held.take());
        *state = BookState { as_of: Some(allocation.as_of), position, held };
        if let Err(error) = self.store.keep(&self.id, &state).await {
            // The log has it: the next start takes it over from there.
            tracing::error!(book = self.id, %error, "where the portfolio stands could not be stored");
        }
        self.log.publish(position);
        measure::allocated();
        Ok(true)
    }

    /// The feed has begun anew: nothing is held and no round is done.
    ///
    /// # Errors
    /// If that cannot be stored.
    pub async fn begin_anew(&self) -> Result<(), StateError> {
        let mut state = self.state.lock().await;
        *state = BookState { as_of: None, held: None, position: state.position };
        self.store.keep(&self.id, &state).await
    }
}

impl BookState {
    /// Takes over an allocation from the log.
    fn redo(&mut self, event: &Event) {
        self.position = event.position;
        self.as_of = Some(event.event_time);
        if let Some(held) = event::held(&event.body) {
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
