//! The store in SQLite: one writer, many readers, write-ahead log.

mod aliases;
mod forecast_row;
mod forecasts;
mod operations;
mod requests;
mod runs;
mod versions;

use sqlx::SqlitePool;
use tickmesh_proto::types::{Symbol, Timestamp};

use super::{
    AliasChange, Answer, Claim, ForecastQuery, LogMark, ModelFacts, Moved, NewOperation, NewVersion, Operation,
    Outcome, ReignRecord, RequestKey, Store, StoreError, StoredForecast, VersionFacts,
};
use crate::live::{Archive, Event};
use crate::version::{Version, VersionName};

/// The store in SQLite. Clones share it.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    /// Reads, several at a time.
    readers: SqlitePool,
    /// Writes, one at a time: it has one connection.
    writer: SqlitePool,
}

impl SqliteStore {
    /// The name of its file in the data directory.
    pub const FILE: &'static str = "model.db";

    /// The schema, oldest change first. What is listed has been applied somewhere and never changes.
    pub const MIGRATIONS: &'static [(&'static str, &'static str)] =
        &[("0001_models", include_str!("0001_models.sql")), ("0002_requests", include_str!("0002_requests.sql"))];

    /// A store over an opened and migrated database.
    #[must_use]
    pub fn new(readers: SqlitePool, writer: SqlitePool) -> Self {
        Self { readers, writer }
    }
}

impl Store for SqliteStore {
    fn add_version(&self, new: NewVersion) -> Answer<'_, (Version, bool)> {
        Box::pin(versions::add(&self.writer, new))
    }

    fn version<'a>(&'a self, name: &'a VersionName) -> Answer<'a, Option<Version>> {
        Box::pin(versions::one(&self.readers, name))
    }

    fn versions<'a>(&'a self, symbol: &'a Symbol, before: u32, limit: usize) -> Answer<'a, Vec<VersionFacts>> {
        Box::pin(versions::page(&self.readers, symbol, before, limit))
    }

    fn models<'a>(&'a self, after: Option<&'a Symbol>, limit: usize) -> Answer<'a, Vec<ModelFacts>> {
        Box::pin(aliases::models(&self.readers, after, limit))
    }

    fn model<'a>(&'a self, symbol: &'a Symbol) -> Answer<'a, Option<ModelFacts>> {
        Box::pin(aliases::model(&self.readers, symbol))
    }

    fn set_alias<'a>(&'a self, change: &'a AliasChange) -> Answer<'a, Moved> {
        Box::pin(aliases::set(&self.writer, change))
    }

    fn known_move<'a>(
        &'a self,
        owner: &'a str,
        model: &'a Symbol,
        request: &'a RequestKey,
    ) -> Answer<'a, Option<Claim<ModelFacts>>> {
        Box::pin(requests::known(&self.readers, owner, model, request))
    }

    fn reigns(&self) -> Answer<'_, Vec<ReignRecord>> {
        Box::pin(aliases::reigns(&self.readers))
    }

    fn add_operation<'a>(&'a self, new: &'a NewOperation) -> Answer<'a, Claim<String>> {
        Box::pin(operations::add(&self.writer, new))
    }

    fn known_operation<'a>(&'a self, owner: &'a str, request: &'a RequestKey) -> Answer<'a, Option<Claim<String>>> {
        Box::pin(operations::known(&self.readers, owner, request))
    }

    fn operation<'a>(&'a self, id: &'a str) -> Answer<'a, Option<Operation>> {
        Box::pin(operations::one(&self.readers, id))
    }

    fn operations<'a>(&'a self, after: &'a str, limit: usize) -> Answer<'a, Vec<Operation>> {
        Box::pin(operations::page(&self.readers, after, limit))
    }

    fn update_operation<'a>(
        &'a self,
        id: &'a str,
        metadata: &'a [u8],
        outcome: Option<&'a Outcome>,
        time: Timestamp,
    ) -> Answer<'a, ()> {
        Box::pin(operations::update(&self.writer, id, metadata, outcome, time))
    }

    fn interrupt_operations<'a>(&'a self, status: &'a [u8], time: Timestamp) -> Answer<'a, u64> {
        Box::pin(operations::interrupt(&self.writer, status, time))
    }

    fn delete_operation<'a>(&'a self, id: &'a str) -> Answer<'a, bool> {
        Box::pin(operations::delete(&self.writer, id))
    }

    fn run(&self) -> Answer<'_, Option<(String, LogMark)>> {
        Box::pin(runs::newest(&self.readers))
    }

    fn begin_run<'a>(&'a self, run: &'a str, mark: &'a LogMark, time: Timestamp) -> Answer<'a, ()> {
        Box::pin(runs::begin(&self.writer, run, mark, time))
    }

    fn record<'a>(&'a self, run: &'a str, owner: &'a str, events: &'a [Event], mark: &'a LogMark) -> Answer<'a, u64> {
        Box::pin(forecasts::record(&self.writer, run, owner, events, mark))
    }

    fn archive<'a>(&'a self, run: &'a str) -> Answer<'a, Archive> {
        Box::pin(forecasts::archive(&self.readers, run))
    }

    fn forecasts<'a>(&'a self, run: &'a str, query: &'a ForecastQuery) -> Answer<'a, Vec<StoredForecast>> {
        Box::pin(forecasts::page(&self.readers, run, query))
    }

    fn recorded_after<'a>(&'a self, run: &'a str, place: u64, limit: usize) -> Answer<'a, Vec<StoredForecast>> {
        Box::pin(forecasts::recorded_after(&self.readers, run, place, limit))
    }
}

/// A `LIMIT` that SQL can hold.
fn limit(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn symbol(text: String) -> Result<Symbol, StoreError> {
    Symbol::try_from(text).map_err(|error| StoreError::damaged("symbol", error))
}

fn number(value: i64) -> Result<u32, StoreError> {
    u32::try_from(value).map_err(|error| StoreError::damaged("version number", error))
}

/// A store in memory: readers and writer share the one connection that holds it.
#[cfg(test)]
pub(crate) async fn in_memory() -> SqliteStore {
    use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

    let options = SqliteConnectOptions::new().in_memory(true);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    for (_, migration) in SqliteStore::MIGRATIONS {
        sqlx::raw_sql(*migration).execute(&pool).await.unwrap();
    }
    SqliteStore::new(pool.clone(), pool)
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::store::suite::passes!(in_memory);

    #[tokio::test]
    async fn a_damaged_artefact_is_named_and_not_believed() {
        let store = in_memory().await;
        let name = crate::store::suite::add_one(&store, "AAPL").await;
        sqlx::query("UPDATE versions SET artefact = zeroblob(length(artefact))").execute(&store.writer).await.unwrap();
        let error = store.version(&name).await.unwrap_err().to_string();
        assert!(error.starts_with("a stored artefact is damaged"), "{error}");
    }
}
