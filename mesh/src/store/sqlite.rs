//! A part's SQLite database: one writer, many readers, migrations in order.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, SqliteConnection, SqlitePool};

use super::StoreError;

/// A migration: its name, which is never changed, and its statements, which are neither.
pub type Migration = (&'static str, &'static str);

/// Connections that read side by side.
const READERS: u32 = 4;

/// How long a connection waits for another process's write (a backup, a shell) before it fails.
const BUSY: Duration = Duration::from_secs(5);

/// A database in WAL mode: readers see the last committed state and never wait for the writer.
#[derive(Clone, Debug)]
pub struct Sqlite {
    /// The one connection that writes, because SQLite has one writer at a time.
    pub writer: SqlitePool,
    /// Connections that only read.
    pub readers: SqlitePool,
}

impl Sqlite {
    /// Closes all connections: what was committed is then in the database file itself.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// Opens the database, made if need be, and applies what is missing of `migrations`.
///
/// # Errors
/// If the file is no database, cannot be written, or has migrations that differ from these.
pub async fn open(path: &Path, migrations: &[Migration]) -> Result<Sqlite, StoreError> {
    let failed = |source| StoreError::Database { path: path.to_owned(), source };
    // A pool of one: connections beyond it would wait for its write lock anyway, and could fail.
    let writer = SqlitePoolOptions::new().max_connections(1).connect_with(writing(path)).await.map_err(failed)?;
    migrate(path, &mut *writer.acquire().await.map_err(failed)?, migrations).await?;
    let readers = SqlitePoolOptions::new().max_connections(READERS).connect_lazy_with(reading(path));
    Ok(Sqlite { writer, readers })
}

fn writing(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .busy_timeout(BUSY) // first: changing the journal's mode may have to wait too
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full) // an acknowledged write survives a power cut
        .foreign_keys(true)
}

fn reading(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(BUSY)
}

async fn migrate(path: &Path, connection: &mut SqliteConnection, migrations: &[Migration]) -> Result<(), StoreError> {
    let failed = |source| StoreError::Database { path: path.to_owned(), source };
    let applied = applied(connection).await.map_err(failed)?;
    if let Some(name) = first_foreign(&applied, migrations) {
        return Err(StoreError::Foreign { path: PathBuf::from(path), name });
    }
    for migration in &migrations[applied.len()..] {
        apply(connection, *migration).await.map_err(failed)?;
    }
    Ok(())
}

async fn applied(connection: &mut SqliteConnection) -> sqlx::Result<Vec<(String, String)>> {
    const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
        position INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, statements TEXT NOT NULL)";
    sqlx::query(TABLE).execute(&mut *connection).await?;
    sqlx::query_as("SELECT name, statements FROM schema_migrations ORDER BY position").fetch_all(connection).await
}

/// The first applied migration that is not the program's at that place.
fn first_foreign(applied: &[(String, String)], migrations: &[Migration]) -> Option<String> {
    let differs = |(place, (name, statements)): (usize, &(String, String))| {
        let ours = migrations.get(place);
        (ours != Some(&(name.as_str(), statements.as_str()))).then(|| name.clone())
    };
    applied.iter().enumerate().find_map(differs)
}

/// All of a migration or nothing.
async fn apply(connection: &mut SqliteConnection, (name, statements): Migration) -> sqlx::Result<()> {
    let mut transaction = connection.begin().await?;
    sqlx::raw_sql(statements).execute(&mut *transaction).await?;
    sqlx::query("INSERT INTO schema_migrations (name, statements) VALUES ($1, $2)")
        .bind(name)
        .bind(statements)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Migration = ("0001_bars", "CREATE TABLE bars (symbol TEXT); INSERT INTO bars VALUES ('AAPL');");
    const SECOND: Migration = ("0002_more", "ALTER TABLE bars ADD COLUMN close REAL;");
    const BROKEN: Migration = ("0002_broken", "CREATE TABLE half (a INTEGER); NONSENSE;");

    async fn count(database: &Sqlite, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&database.readers).await.unwrap()
    }

    #[tokio::test]
    async fn applies_each_migration_once_and_keeps_what_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("market.db");
        let database = open(&path, &[FIRST]).await.unwrap();
        database.close().await;
        let database = open(&path, &[FIRST, SECOND]).await.unwrap();
        assert_eq!(count(&database, "SELECT count(*) FROM bars WHERE close IS NULL").await, 1);
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&database.writer).await.unwrap();
        assert_eq!(mode, "wal");
        assert!(sqlx::query("DELETE FROM bars").execute(&database.readers).await.is_err(), "readers only read");
    }

    #[tokio::test]
    async fn a_failed_migration_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("market.db");
        open(&path, &[FIRST, BROKEN]).await.unwrap_err();
        let database = open(&path, &[FIRST, SECOND]).await.unwrap();
        assert_eq!(count(&database, "SELECT count(*) FROM sqlite_master WHERE name = 'half'").await, 0);
    }

    #[tokio::test]
    async fn refuses_a_database_of_another_version() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("market.db");
        open(&path, &[FIRST, SECOND]).await.unwrap().close().await;
        let older = open(&path, &[FIRST]).await.unwrap_err();
        assert!(matches!(&older, StoreError::Foreign { name, .. } if name == "0002_more"), "{older}");
        let changed = open(&path, &[("0001_bars", "CREATE TABLE bars (other TEXT);")]).await.unwrap_err();
        assert!(matches!(&changed, StoreError::Foreign { name, .. } if name == "0001_bars"), "{changed}");
        std::fs::write(dir.path().join("text.db"), "this is no database, however long the text is").unwrap();
        let text = open(&dir.path().join("text.db"), &[FIRST]).await.unwrap_err();
        assert!(matches!(text, StoreError::Database { .. }), "{text}");
        let line = text.to_string();
        assert!(line.contains("text.db") && line.ends_with("choose another directory with --data-dir"), "{line}");
    }

    #[tokio::test]
    async fn a_reader_does_not_wait_for_the_writer() {
        let dir = tempfile::tempdir().unwrap();
        let database = open(&dir.path().join("market.db"), &[FIRST]).await.unwrap();
        let mut writing = database.writer.begin().await.unwrap();
        sqlx::query("INSERT INTO bars VALUES ('NVDA')").execute(&mut *writing).await.unwrap();
        assert_eq!(count(&database, "SELECT count(*) FROM bars").await, 1);
        writing.commit().await.unwrap();
        assert_eq!(count(&database, "SELECT count(*) FROM bars").await, 2);
    }
}
