//! The store in SQLite: one writer, many readers, write-ahead log.

mod blocks;
mod instruments;
mod sql;

use futures_util::TryStreamExt as _;
use sqlx::{Row as _, SqliteConnection, SqlitePool};
use tickmesh_proto::types::Timestamp;

use self::blocks::{put_block, read_block};
use super::merge::{by_block, merge};
use super::{Answer, Batch, Mark, Page, Period, Query, SliceQuery, Store, StoreError, Written};
use crate::bar::Bar;
use crate::instrument::Instrument;

/// The store in SQLite. Clones share it.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    /// Reads, several at a time.
    readers: SqlitePool,
    /// Writes, one at a time: it has one connection.
    writer: SqlitePool,
}

impl SqliteStore {
    /// The name of the part in the data directory, and of its file there.
    pub const FILE: &'static str = "market.db";

    /// The schema, oldest change first. What is listed has been applied somewhere and never changes.
    pub const MIGRATIONS: &'static [(&'static str, &'static str)] = &[("0001_bars", include_str!("0001_bars.sql"))];

    /// A store over an opened and migrated database.
    pub fn new(readers: SqlitePool, writer: SqlitePool) -> Self {
        Self { readers, writer }
    }

    async fn write_batch(&self, batch: &Batch) -> Result<Written, StoreError> {
        let mut transaction = self.writer.begin().await?;
        for instrument in &batch.instruments {
            instruments::put(&mut transaction, instrument).await?;
        }
        let written = write_bars(&mut transaction, batch).await?;
        for (mark, value) in &batch.marks {
            sqlx::query(sql::PUT_MARK).bind(mark.name()).bind(value).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(written)
    }

    async fn read_page(&self, query: &Query) -> Result<Page, StoreError> {
        let rest = query.rest();
        let (first, last) = rest.periods(query.series.time_frame);
        let statement = if query.descending { sql::BLOCKS_DESCENDING } else { sql::BLOCKS_ASCENDING };
        let mut rows = sqlx::query(statement)
            .bind(query.series.symbol.as_str())
            .bind(i64::from(query.series.time_frame.code()))
            .bind(first.nanos())
            .bind(last.nanos())
            .fetch(&self.readers);
        let mut page = Page::default();
        while let Some(row) = rows.try_next().await? {
            if page.add(read_block(&row, &query.series.symbol)?, query, &rest) {
                break;
            }
        }
        Ok(page)
    }

    async fn read_slice(&self, query: &SliceQuery) -> Result<Vec<Bar>, StoreError> {
        let mut from = Period::of(query.time_frame, query.earliest()).nanos();
        while let Some(period) = self.next_period(query, from).await? {
            let bars = match &query.symbols {
                None => blocks::all(&self.readers, query, period).await?,
                Some(symbols) => blocks::some(&self.readers, query, period, symbols).await?,
            };
            if !bars.is_empty() {
                return Ok(bars);
            }
            from = period.nanos().saturating_add(1);
        }
        Ok(Vec::new())
    }

    /// The first period of the query's span that begins at `from` or later and has bars of anybody.
    async fn next_period(&self, query: &SliceQuery, from: i64) -> Result<Option<Period>, StoreError> {
        let (_, last) = query.span.periods(query.time_frame);
        let row = sqlx::query(sql::NEXT_PERIOD)
            .bind(i64::from(query.time_frame.code()))
            .bind(from)
            .bind(last.nanos())
            .fetch_one(&self.readers)
            .await?;
        Ok(row.try_get::<Option<i64>, _>(0)?.map(Period::from_nanos))
    }
}

async fn write_bars(connection: &mut SqliteConnection, batch: &Batch) -> Result<Written, StoreError> {
    let mut total = Written::default();
    for ((series, period), new) in by_block(&batch.bars) {
        let old = blocks::get(connection, series, period).await?;
        let (merged, count) = merge(old, &new);
        if count.written > 0 {
            put_block(connection, series, period, &merged).await?;
        }
        if let Some(source) = &batch.source {
            blocks::put_source(connection, series, source, &new).await?;
        }
        total += count;
    }
    Ok(total)
}

impl Store for SqliteStore {
    fn instruments(&self) -> Answer<'_, Vec<Instrument>> {
        Box::pin(instruments::all(&self.readers))
    }

    fn write<'a>(&'a self, batch: &'a Batch) -> Answer<'a, Written> {
        Box::pin(self.write_batch(batch))
    }

    fn page<'a>(&'a self, query: &'a Query) -> Answer<'a, Page> {
        Box::pin(self.read_page(query))
    }

    fn slice<'a>(&'a self, query: &'a SliceQuery) -> Answer<'a, Vec<Bar>> {
        Box::pin(self.read_slice(query))
    }

    fn newest_close(&self, until: Timestamp) -> Answer<'_, Option<Timestamp>> {
        Box::pin(blocks::newest_close(&self.readers, until))
    }

    fn closing_after(&self, time: Timestamp) -> Answer<'_, Vec<Bar>> {
        Box::pin(blocks::closing_after(&self.readers, time))
    }

    fn mark(&self, mark: Mark) -> Answer<'_, Option<String>> {
        Box::pin(async move {
            let row = sqlx::query(sql::MARK).bind(mark.name()).fetch_optional(&self.readers).await?;
            Ok(row.map(|row| row.try_get(0)).transpose()?)
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

    use super::*;

    /// A store in memory: readers and writer share the one connection that holds it.
    pub(crate) async fn in_memory() -> SqliteStore {
        let options = SqliteConnectOptions::new().in_memory(true);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
        for (_, migration) in SqliteStore::MIGRATIONS {
            sqlx::raw_sql(*migration).execute(&pool).await.unwrap();
        }
        SqliteStore::new(pool.clone(), pool)
    }

    crate::store::suite::passes!(in_memory);

    #[tokio::test]
    async fn a_damaged_block_is_named_and_not_believed() {
        let store = in_memory().await;
        store.write(&crate::store::suite::five_days("AAPL")).await.unwrap();
        let damage = "UPDATE bar_blocks SET body = zeroblob(length(body))";
        sqlx::query(damage).execute(&store.writer).await.unwrap();
        let error = store.page(&crate::store::suite::all_of("AAPL")).await.unwrap_err();
        assert_eq!(error.to_string(), "the block of AAPL from 2020-01-01T00:00:00Z is of an unknown format");
    }
}
