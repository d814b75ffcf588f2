use std::io;
use std::path::PathBuf;

/// Why a store cannot be used; its text is one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The directory cannot be made or written.
    #[error("cannot write to the data directory {path}: {source}; choose another one with --data-dir", path = path.display())]
    Unwritable {
        /// The directory.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// Another process uses the directory.
    #[error("another process uses the data directory {path} ({part}): stop it, or choose another one with --data-dir", path = path.display())]
    Held {
        /// The directory.
        path: PathBuf,
        /// The part that holds it.
        part: String,
    },
    /// The database cannot be opened or read.
    #[error("cannot use the database {path}: {source}; put a good copy in its place, or choose another directory with --data-dir", path = path.display())]
    Database {
        /// The database file.
        path: PathBuf,
        /// What SQLite says.
        source: sqlx::Error,
    },
    /// The database was written by other migrations than this program's.
    #[error("the database {path} has another migration {name:?} than this program: it belongs to another version; choose another directory with --data-dir", path = path.display())]
    Foreign {
        /// The database file.
        path: PathBuf,
        /// The first migration that differs.
        name: String,
    },
}
