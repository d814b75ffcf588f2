use tickmesh_fanout::log::LogError;
use tickmesh_mesh::client::UpstreamError;
use tickmesh_mesh::process::Refusal;
use tickmesh_mesh::serve::ServeError;
use tickmesh_mesh::status::Fault;
use tickmesh_mesh::store::StoreError as FilesError;

use crate::store::StoreError;

/// Why model-svc cannot start or go on. Each text is one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A configured value breaks its rule.
    #[error("model.{key} = {value}: {rule}")]
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
    Files(#[from] FilesError),
    /// What is stored cannot be read or written.
    #[error("model.db in the data directory cannot be used: {0}")]
    Store(#[from] StoreError),
    /// The log of signals cannot be used.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The port cannot be served.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// An upstream's address cannot be used.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// What an earlier process left cannot be taken up.
    #[error("cannot go on where the last start ended: {0}")]
    Resume(Fault),
    /// A task that should never end did.
    #[error("a task of model-svc ended before its time: {0}")]
    Task(String),
}

impl Error {
    /// The process's exit code: 64 for a wrong configuration, 1 for anything else.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if matches!(self, Self::Config { .. } | Self::Upstream(_)) { 64 } else { 1 }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::new(error.exit_code(), &error)
    }
}
