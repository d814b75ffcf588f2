//! Where versions, aliases, operations and served forecasts are kept.
//!
//! Every write is one transaction and idempotent by a natural key, so that a retry, a restart or a replica changes
//! nothing. Operations hold encoded messages that the store does not look into.

mod error;
mod forecasts;
mod operations;
mod requests;
mod sqlite;
#[cfg(test)]
pub(crate) mod suite;
mod versions;

use futures_util::future::BoxFuture;
use tickmesh_proto::types::{Symbol, Timestamp};

use crate::live::{Archive, Event};
use crate::version::{Version, VersionName};

pub use error::StoreError;
pub use forecasts::{ForecastKey, ForecastQuery, LogMark, StoredForecast};
pub use operations::{NewOperation, Operation, Outcome, State};
pub use requests::{Claim, RequestKey};
pub use sqlite::SqliteStore;
#[cfg(test)]
pub(crate) use sqlite::in_memory;
pub use versions::{Alias, AliasChange, ModelFacts, Moved, NewVersion, ReignRecord, VersionFacts};

/// What a store answers in the end.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// Keeps what model-svc must not forget. Every backend passes the same suite of behaviours.
pub trait Store: Send + Sync {
    /// Adds a trained version, numbers it, and lets a model's first one be its champion and later ones its challenger.
    /// A champion that learned from other features than the new version can be used no more: the new one takes its
    /// place. Gives the version, and whether it became champion.
    fn add_version(&self, new: NewVersion) -> Answer<'_, (Version, bool)>;

    /// One version with its artefact; `None` if there is none such.
    fn version<'a>(&'a self, name: &'a VersionName) -> Answer<'a, Option<Version>>;

    /// A model's versions without their artefacts, newest first, numbers below `before`, `limit` of them.
    fn versions<'a>(&'a self, symbol: &'a Symbol, before: u32, limit: usize) -> Answer<'a, Vec<VersionFacts>>;

    /// Models in ascending order of their symbols after `after`, `limit` of them.
    fn models<'a>(&'a self, after: Option<&'a Symbol>, limit: usize) -> Answer<'a, Vec<ModelFacts>>;

    /// One model; `None` if it has no version.
    fn model<'a>(&'a self, symbol: &'a Symbol) -> Answer<'a, Option<ModelFacts>>;

    /// Moves an alias and adds the change to the serving history, which is append-only. Pointing it where it points
    /// already adds nothing. A request with an id is answered in the same transaction: the first answer stays.
    fn set_alias<'a>(&'a self, change: &'a AliasChange) -> Answer<'a, Moved>;

    /// What a move's request was answered when it came before; none for a new one. A model's requests are moves of its
    /// aliases.
    fn known_move<'a>(
        &'a self,
        owner: &'a str,
        model: &'a Symbol,
        request: &'a RequestKey,
    ) -> Answer<'a, Option<Claim<ModelFacts>>>;

    /// The serving history of all champions, oldest first.
    fn reigns(&self) -> Answer<'_, Vec<ReignRecord>>;

    /// Stores a new operation; if its request made one before, gives that one's id and stores nothing.
    fn add_operation<'a>(&'a self, new: &'a NewOperation) -> Answer<'a, Claim<String>>;

    /// The operation that a request made when it came before; none for a new one.
    fn known_operation<'a>(&'a self, owner: &'a str, request: &'a RequestKey) -> Answer<'a, Option<Claim<String>>>;

    /// One operation.
    fn operation<'a>(&'a self, id: &'a str) -> Answer<'a, Option<Operation>>;

    /// Operations in ascending order of their ids after `after`, `limit` of them.
    fn operations<'a>(&'a self, after: &'a str, limit: usize) -> Answer<'a, Vec<Operation>>;

    /// Puts new metadata, and with an outcome the end, to an operation that has not ended.
    fn update_operation<'a>(
        &'a self,
        id: &'a str,
        metadata: &'a [u8],
        outcome: Option<&'a Outcome>,
        time: Timestamp,
    ) -> Answer<'a, ()>;

    /// Ends all operations that have not ended with `status`, an encoded failure; says how many.
    fn interrupt_operations<'a>(&'a self, status: &'a [u8], time: Timestamp) -> Answer<'a, u64>;

    /// Forgets an operation; says whether there was one.
    fn delete_operation<'a>(&'a self, id: &'a str) -> Answer<'a, bool>;

    /// The run whose forecasts are served, with its mark. `None` before the first.
    fn run(&self) -> Answer<'_, Option<(String, LogMark)>>;

    /// Begins a run, or goes on with it.
    fn begin_run<'a>(&'a self, run: &'a str, mark: &'a LogMark, time: Timestamp) -> Answer<'a, ()>;

    /// Stores forecasts and outcomes of a run, in order, and its mark; what is stored already stays as it is. Gives the
    /// place of the run's newest forecast: places count from 1.
    fn record<'a>(&'a self, run: &'a str, owner: &'a str, events: &'a [Event], mark: &'a LogMark) -> Answer<'a, u64>;

    /// All that a run has served.
    fn archive<'a>(&'a self, run: &'a str) -> Answer<'a, Archive>;

    /// A page of a run's forecasts, newest first.
    fn forecasts<'a>(&'a self, run: &'a str, query: &'a ForecastQuery) -> Answer<'a, Vec<StoredForecast>>;

    /// The forecasts of a run at places after `place`, oldest first, the newest `limit` of them.
    fn recorded_after<'a>(&'a self, run: &'a str, place: u64, limit: usize) -> Answer<'a, Vec<StoredForecast>>;
}
