use tickmesh_fanout::log::LogError;
use tickmesh_mesh::client::UpstreamError;
use tickmesh_mesh::process::Refusal;
use tickmesh_mesh::serve::ServeError;
use tickmesh_mesh::store::StoreError;

use crate::store::StateError;

/// Why portfolio-svc cannot start or go on. Each text is one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A configured value breaks its rule.
    #[error("portfolio.{key} = {value}: {rule}")]
    Config {
        /// The key.
        key: &'static str,
        /// Its value.
        value: String,
        /// The rule.
        rule: &'static str,
    },
    /// The data directory or the file in it cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The stored state cannot be read or written.
    #[error("portfolio.db in the data directory cannot be used: {0}")]
    State(#[from] StateError),
    /// The log of allocations cannot be used.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The files of a live portfolio that made way cannot be removed.
    #[error("the log of a live portfolio in the data directory cannot be removed: {0}")]
    Files(std::io::Error),
    /// The port cannot be served.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// A task that should never end did.
    #[error("a task of portfolio-svc ended before its time: {0}")]
    Task(String),
    /// An upstream's address cannot be used.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
}

impl Error {
    /// The process's exit code: 64 for a wrong configuration, 1 for anything else.
    pub fn exit_code(&self) -> u8 {
        if matches!(self, Self::Config { .. } | Self::Upstream(_)) { 64 } else { 1 }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::new(error.exit_code(), &error)
    }
}
