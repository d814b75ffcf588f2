//! Where instruments and bars are kept.
//!
//! Bars stand in columnar blocks, one row per series and [`Period`], so that history is read at the speed of memory
//! from any database. Writes are upserts by natural key in one transaction: a repeated write changes nothing.

mod block;
mod merge;
mod period;
mod query;
mod sqlite;
#[cfg(test)]
pub(crate) mod suite;
mod window;

use std::fmt;

use futures_util::future::BoxFuture;
use tickmesh_proto::types::{Symbol, Timestamp};

use crate::bar::Bar;
use crate::instrument::Instrument;

pub use block::BlockError;
pub use period::Period;
pub use query::{Page, Query, SliceQuery, Span};
pub use sqlite::SqliteStore;
#[cfg(test)]
pub(crate) use sqlite::tests::in_memory;

/// What a store answers in the end.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// Keeps instruments, bars and a few facts about the data directory. Every backend passes the same suite of behaviours.
pub trait Store: Send + Sync {
    /// All instruments in ascending order of their symbols.
    fn instruments(&self) -> Answer<'_, Vec<Instrument>>;

    /// Writes a batch in one transaction: all of it or nothing. Of two bars with the same key the later one counts.
    fn write<'a>(&'a self, batch: &'a Batch) -> Answer<'a, Written>;

    /// The bars of one series that a query selects, a page of them.
    fn page<'a>(&'a self, query: &'a Query) -> Answer<'a, Page>;

    /// The next bars of many series in order of open time, then symbol, up to the query's limit; none at the end. What
    /// is held on the way is of the size of the answer, however many series there are.
    fn slice<'a>(&'a self, query: &'a SliceQuery) -> Answer<'a, Vec<Bar>>;

    /// The latest close of all bars that close at `until` or before.
    fn newest_close(&self, until: Timestamp) -> Answer<'_, Option<Timestamp>>;

    /// The bars of any length that close after `time`, in no order.
    fn closing_after(&self, time: Timestamp) -> Answer<'_, Vec<Bar>>;

    /// What was remembered under `mark`.
    fn mark(&self, mark: Mark) -> Answer<'_, Option<String>>;
}

/// What is written together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Instruments to create; one that exists stays as it is.
    pub instruments: Vec<Instrument>,
    /// Bars to create or replace, in any order.
    pub bars: Vec<Bar>,
    /// Where the bars come from, for example a file's name.
    pub source: Option<String>,
    /// Facts to remember.
    pub marks: Vec<(Mark, String)>,
}

/// How many bars a write changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Bars that were new or differed from the stored one.
    pub written: u64,
    /// Bars that were already stored exactly so.
    pub unchanged: u64,
}

impl std::ops::AddAssign for Written {
    fn add_assign(&mut self, other: Self) {
        self.written += other.written;
        self.unchanged += other.unchanged;
    }
}

/// A fact about the data directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mark {
    /// The date from which bars are replayed.
    ReplayStart,
    /// SHA-256 of the data that is replayed.
    ReplayData,
    /// The name of the file of that data.
    DataName,
    /// Set once all bars before the replay's start are imported.
    HistoryImported,
    /// The market clock, in nanoseconds since 1970. What closes after it is not seen until the clock has come to it.
    Clock,
}

impl Mark {
    /// The name under which it is kept.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReplayStart => "replay_start",
            Self::ReplayData => "replay_data",
            Self::DataName => "data_name",
            Self::HistoryImported => "history_imported",
            Self::Clock => "clock",
        }
    }
}

/// Why a store cannot answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database failed.
    #[error("the store failed: {0}")]
    Database(#[from] sqlx::Error),
    /// A stored block is damaged.
    #[error("the block of {key} {reason}")]
    Damaged {
        /// Which block.
        key: BlockKey,
        /// What is wrong with it.
        reason: BlockError,
    },
    /// The stored clock is damaged.
    #[error("the clock {0:?} is damaged")]
    Clock(String),
    /// A stored instrument is damaged.
    #[error("the instrument {0:?} is damaged")]
    Instrument(String),
}

/// Names a block in errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockKey {
    /// Whose bars.
    pub symbol: Symbol,
    /// When the period begins.
    pub period: Period,
}

impl fmt::Display for BlockKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {}", self.symbol, Timestamp::from_nanos(self.period.nanos()))
    }
}
