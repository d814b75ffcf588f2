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
    /// The place of its last allocation in its log.
    pub position: Position,
    /// The weights of its last allocation that had any.
    pub held: Option<Held>,
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
        let row = sqlx::query("SELECT as_of, position FROM books WHERE book = $1").bind(book);
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
        })
    }

    /// Keeps where a portfolio stands.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub async fn keep(&self, book: &str, state: &BookState) -> Result<(), StateError> {
        let mut write = self.sqlite.writer.begin().await?;
        sqlx::query(
            "INSERT INTO books (book, owner, as_of, position) VALUES ($1, $2, $3, $4)
             ON CONFLICT (book) DO UPDATE SET as_of = excluded.as_of, position = excluded.position",
        )
        .bind(book)
        .bind(OWNER)
        .bind(state.as_of.map(Timestamp::nanos))
        .bind(state.position.get().cast_signed())
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

    /// The portfolios that are kept.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn books(&self) -> Result<Vec<String>, StateError> {
        let rows = sqlx::query("SELECT book FROM books ORDER BY book").fetch_all(&self.sqlite.readers).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
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
