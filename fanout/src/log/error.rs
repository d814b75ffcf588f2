use std::io;
use std::path::{Path, PathBuf};

/// Why the log cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The directory holds something that no log wrote.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An event breaks a limit of the log.
    #[error("an event of {symbol:?} was refused: {reason}")]
    BadRecord {
        /// The event's symbol.
        symbol: String,
        /// The limit.
        reason: &'static str,
    },
    /// An earlier write failed half-way and could not be undone.
    #[error("the log stopped at an earlier write error; a restart recovers it")]
    Stopped,
}

/// Says what was being done to which file when the system refused.
pub(crate) trait At<T> {
    /// The same result with its place.
    fn at(self, action: &'static str, path: &Path) -> Result<T, LogError>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T, LogError> {
        self.map_err(|source| LogError::Io { action, path: path.to_owned(), source })
    }
}
