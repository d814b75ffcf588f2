use std::path::Path;

use sqlx::Row;
use tickmesh_fanout::log::Position;
use tickmesh_mesh::store::StoreError;
use tickmesh_mesh::store::sqlite::{self, Sqlite};
use tickmesh_proto::types::{Symbol, Timestamp};

use super::migrations::MIGRATIONS;
use crate::plan::Held;

/// Where a live portfolio stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BookState {
    /// The close of the newest bar of its last allocation.
    pub as_of: Option<Timestamp>,
    /// The close of the last round that it is done with, whether or not that gave an allocation: without a new bar of
    /// each of its symbols there is nothing to optimise.
    pub done: Option<Timestamp>,
    /// The place of its last allocation in its log.
    pub position: Position,
    /// The weights of its last allocation that had any.
    pub held: Option<Held>,
    /// The run of the feed that all this is of: the epoch of the signals. `None` before the first.
    pub run: Option<String>,
}

/// A live portfolio as a client asked for it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredPlan {
    /// The portfolio's name.
    pub book: String,
    /// What is optimised, encoded; `None` for one whose plan was never stored.
    pub plan: Option<Vec<u8>>,
    /// When it was last asked for.
    pub asked_time: Timestamp,
}

/// The state could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct StateError(#[from] sqlx::Error);

/// The state of the live portfolios, in SQLite.
#[derive(Clone, Debug)]
pub struct StateStore {
    sqlite: Sqlite,
}

/// The stream whose cursor is kept.
const SIGNALS: &str = "signals";

/// The owner of what is stored until calls are authenticated.
const OWNER: &str = "default";

impl StateStore {
    /// Opens the file, creating it with its tables.
    ///
    /// # Errors
    /// If it cannot be opened or written.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { sqlite: sqlite::open(path, MIGRATIONS).await? })
    }

    /// Finishes what is under way and closes the file.
    pub async fn close(&self) {
        self.sqlite.close().await;
    }

    /// Where a portfolio stands; at the start if it is new.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn book(&self, book: &str) -> Result<BookState, StateError> {
        let row = sqlx::query("SELECT as_of, position, run, done FROM books WHERE book = $1").bind(book);
        let Some(row) = row.fetch_optional(&self.sqlite.readers).await? else { return Ok(BookState::default()) };
        let holdings = sqlx::query("SELECT symbol, weight FROM holdings WHERE book = $1").bind(book);
        let rows = holdings.fetch_all(&self.sqlite.readers).await?;
        let weight = |row: &sqlx::sqlite::SqliteRow| {
            let symbol: String = row.get(0);
            Some((Symbol::try_from(symbol).ok()?, row.get(1)))
        };
        Ok(BookState {
            as_of: row.get::<Option<i64>, _>(0).map(Timestamp::from_nanos),
            position: Position::new(row.get::<i64, _>(1).cast_unsigned()),
            held: (!rows.is_empty()).then(|| rows.iter().filter_map(weight).collect()),
            run: row.get(2),
            done: row.get::<Option<i64>, _>(3).map(Timestamp::from_nanos),
        })
    }

    /// Keeps where a portfolio stands.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub async fn keep(&self, book: &str, state: &BookState) -> Result<(), StateError> {
        let mut write = self.sqlite.writer.begin().await?;
        sqlx::query(
            "INSERT INTO books (book, owner, as_of, position, run, done) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (book) DO UPDATE
             SET as_of = excluded.as_of, position = excluded.position, run = excluded.run, done = excluded.done",
        )
        .bind(book)
        .bind(OWNER)
        .bind(state.as_of.map(Timestamp::nanos))
        .bind(state.position.get().cast_signed())
        .bind(state.run.as_deref())
        .bind(state.done.map(Timestamp::nanos))
        .execute(&mut *write)
        .await?;
        sqlx::query("DELETE FROM holdings WHERE book = $1").bind(book).execute(&mut *write).await?;
        for (symbol, weight) in state.held.iter().flat_map(Held::iter) {
            let insert = "INSERT INTO holdings (book, symbol, weight) VALUES ($1, $2, $3)";
            sqlx::query(insert).bind(book).bind(symbol.as_str()).bind(weight).execute(&mut *write).await?;
        }
        Ok(write.commit().await?)
    }

    /// Forgets a portfolio.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub async fn forget(&self, book: &str) -> Result<(), StateError> {
        let mut write = self.sqlite.writer.begin().await?;
        for delete in ["DELETE FROM holdings WHERE book = $1", "DELETE FROM books WHERE book = $1"] {
            sqlx::query(delete).bind(book).execute(&mut *write).await?;
        }
        Ok(write.commit().await?)
    }

    /// Keeps what a portfolio optimises, and when it was asked for.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub async fn keep_plan(&self, book: &str, plan: &[u8], asked_time: Timestamp) -> Result<(), StateError> {
        sqlx::query(
            "INSERT INTO books (book, owner, position, plan, asked_time) VALUES ($1, $2, 0, $3, $4)
             ON CONFLICT (book) DO UPDATE SET plan = excluded.plan, asked_time = excluded.asked_time",
        )
        .bind(book)
        .bind(OWNER)
        .bind(plan)
        .bind(asked_time.nanos())
        .execute(&self.sqlite.writer)
        .await?;
        Ok(())
    }

    /// The portfolios that are kept, the last one asked for first.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn plans(&self) -> Result<Vec<StoredPlan>, StateError> {
        let query = sqlx::query("SELECT book, plan, asked_time FROM books ORDER BY asked_time DESC, book");
        let rows = query.fetch_all(&self.sqlite.readers).await?;
        let stored = |row: &sqlx::sqlite::SqliteRow| StoredPlan {
            book: row.get(0),
            plan: row.get(1),
            asked_time: Timestamp::from_nanos(row.get(2)),
        };
        Ok(rows.iter().map(stored).collect())
    }

    /// The epoch of the signals and the place up to which all of them led to allocations.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn signals(&self) -> Result<Option<(String, String)>, StateError> {
        let row = sqlx::query("SELECT epoch, cursor FROM streams WHERE stream = $1").bind(SIGNALS);
        Ok(row.fetch_optional(&self.sqlite.readers).await?.map(|row| (row.get(0), row.get(1))))
    }

    /// Keeps how far the signals were read.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub async fn keep_signals(&self, epoch: &str, cursor: &str) -> Result<(), StateError> {
        sqlx::query(
            "INSERT INTO streams (stream, epoch, cursor) VALUES ($1, $2, $3)
             ON CONFLICT (stream) DO UPDATE SET epoch = excluded.epoch, cursor = excluded.cursor",
        )
        .bind(SIGNALS)
        .bind(epoch)
        .bind(cursor)
        .execute(&self.sqlite.writer)
        .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_round_without_an_allocation_is_remembered_as_done() {
        let dir = tempfile::tempdir().unwrap();
        let store = StateStore::open(&dir.path().join("portfolio.sqlite")).await.unwrap();
        let state = BookState {
            as_of: Some(Timestamp::from_nanos(5)),
            done: Some(Timestamp::from_nanos(9)),
            run: Some("first".into()),
            ..BookState::default()
        };
        store.keep("mine", &state).await.unwrap();
        assert_eq!(store.book("mine").await.unwrap(), state);
    }
}
