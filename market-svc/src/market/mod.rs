//! The market's state: what is stored, what is newest, and the clock past which nobody sees.

mod clock;
mod fold;
mod import;
mod publish;
mod read;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tickmesh_fanout::log::{Log, Position};
use tickmesh_mesh::status::{Fault, unknown_symbol};
use tickmesh_proto::types::Symbol;
use tokio::sync::{Mutex, watch};

use crate::event::Event;
use crate::instrument::Instrument;
use crate::snapshot::Board;
use crate::store::Store;

pub use clock::{Feed, FeedState, ReplaySpan, rewind};
pub use import::{Imported, Refused};
pub use wire::{Encoded, Wire};

/// The market. Shared by feeds, handlers and streams.
pub struct Market {
    store: Arc<dyn Store>,
    log: Log,
    wire: &'static dyn Wire,
    /// What readers see, moved in one step so that it always agrees with the log's visible end.
    state: RwLock<State>,
    /// Held by whoever writes: events and imports come one after the other.
    writer: Mutex<Writing>,
    /// Whether recovery and the first import are over. Readers wait for it, or they would take a part for the whole.
    loaded: watch::Sender<bool>,
}

/// What a writer leaves to the next one.
#[derive(Default)]
struct Writing {
    /// What the log has taken and the store has not, so that a second attempt does not append it again.
    appended: Option<Appended>,
    /// Symbols whose daily bars are stored and not on the board yet.
    unfolded: BTreeSet<Symbol>,
}

/// Events that are in the log's file and not visible yet.
struct Appended {
    events: Arc<[Event]>,
    position: Position,
}

/// What readers see.
struct State {
    instruments: BTreeMap<Symbol, Instrument>,
    board: Board,
    feed: Feed,
    /// The log's place that the board and the clock stand at.
    position: Position,
}

impl Market {
    /// A market over a store and a log, empty until [`Market::recover`] has read them.
    pub fn new(store: Arc<dyn Store>, log: Log, wire: &'static dyn Wire, feed: Feed) -> Self {
        let state = State { instruments: BTreeMap::new(), board: Board::default(), feed, position: log.head() };
        Self {
            store,
            log,
            wire,
            state: RwLock::new(state),
            writer: Mutex::new(Writing::default()),
            loaded: watch::Sender::new(false),
        }
    }

    /// The event log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// How events are written down.
    pub fn wire(&self) -> &'static dyn Wire {
        self.wire
    }

    /// Says that history is in place.
    pub fn loaded(&self) {
        self.loaded.send_replace(true);
    }

    /// Whether history is in place.
    pub fn is_loaded(&self) -> bool {
        *self.loaded.borrow()
    }

    /// Waits until history is in place.
    pub async fn until_loaded(&self) {
        // The sender lives as long as this.
        let _ = self.loaded.subscribe().wait_for(|loaded| *loaded).await;
    }

    /// Changes what is said of the feed; its clock is moved by events alone.
    pub fn describe_feed(&self, change: impl FnOnce(&mut Feed)) {
        let feed = &mut self.write().feed;
        let clock = feed.market_time;
        change(feed);
        feed.market_time = clock;
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn unknown(&self, symbol: &Symbol) -> Fault {
        unknown_symbol(symbol.as_str(), self.instruments.keys())
    }
}
