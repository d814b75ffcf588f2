use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::error::Error;

/// The directories of the portfolios' logs.
pub(super) struct Files {
    dir: PathBuf,
    turn: Arc<Mutex<()>>,
}

/// Whoever has it may open or remove a log: no two have the same one open.
pub(super) struct Turn {
    _guard: OwnedMutexGuard<()>,
}

impl Files {
    /// They lie in `dir`.
    pub(super) fn new(dir: PathBuf) -> Self {
        Self { dir, turn: Arc::default() }
    }

    /// Waits until nobody else opens or removes a log.
    pub(super) async fn turn(&self) -> Turn {
        Turn { _guard: Arc::clone(&self.turn).lock_owned().await }
    }

    /// Where the default portfolio's log is.
    pub(super) fn default_log(&self) -> PathBuf {
        self.dir.join("allocations")
    }

    /// Where the log of a portfolio beside it is.
    pub(super) fn log(&self, id: &str) -> PathBuf {
        self.dir.join("books").join(id)
    }

    /// Removes a portfolio's log.
    ///
    /// It is put aside first: a crash leaves all of it or nothing under its name, and the next start sweeps the rest.
    pub(super) async fn remove(&self, id: &str, _turn: &Turn) -> Result<(), Error> {
        let (log, aside) = (self.log(id), self.log(&format!("{id}.removed")));
        gone(tokio::fs::remove_dir_all(&aside).await)?;
        gone(tokio::fs::rename(log, &aside).await)?;
        gone(tokio::fs::remove_dir_all(aside).await)
    }

    /// Removes what a crash left of portfolios that made way: all logs but those that are `known`.
    pub(super) async fn sweep(&self, known: impl Fn(&str) -> bool) {
        let Ok(mut found) = tokio::fs::read_dir(self.dir.join("books")).await else { return };
        while let Ok(Some(entry)) = found.next_entry().await {
            if !entry.file_name().to_str().is_some_and(&known) {
                sweep_one(&entry.path()).await;
            }
        }
    }
}

async fn sweep_one(path: &Path) {
    if let Err(error) = tokio::fs::remove_dir_all(path).await {
        tracing::warn!(path = %path.display(), %error, "a log without a portfolio cannot be removed");
    }
}

/// What is not there needs no removal.
fn gone(removed: io::Result<()>) -> Result<(), Error> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::Files(error)),
        _ => Ok(()),
    }
}
