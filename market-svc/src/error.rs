use std::io;
use std::path::PathBuf;

use tickmesh_fanout::log::LogError;
use tickmesh_mesh::process::Refusal;
use tickmesh_mesh::serve::ServeError;
use tickmesh_mesh::status::Fault;

use crate::csv::HeaderError;
use crate::store::StoreError;

/// Why market-svc cannot start or go on. Each text is one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A configured value breaks its rule.
    #[error("market.{key} = {value}: {rule}")]
    Config {
        /// The key.
        key: &'static str,
        /// Its value.
        value: String,
        /// The rule.
        rule: &'static str,
    },
    /// The bars' file cannot be read.
    #[error("{}: {source}; name a readable CSV file with --data", path.display())]
    Data {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The bars' file has no usable header.
    #[error("{name}: {source}")]
    Header {
        /// The file.
        name: String,
        /// Why.
        source: HeaderError,
    },
    /// No bar of the file can be used.
    #[error("{0} has no bar that can be used; the first fault is: {1}")]
    NoBars(String, String),
    /// The data directory was made for something else.
    #[error("the data directory {} holds {holds}: go on with {flags}, or name another --data-dir", path.display())]
    OtherReplay {
        /// The directory.
        path: PathBuf,
        /// What it was made for.
        holds: String,
        /// The flags that go on with it.
        flags: String,
    },
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] tickmesh_mesh::store::StoreError),
    /// The store cannot be read or written.
    #[error(
        "market.db in the data directory cannot be used: {0}; put a good copy in its place, or name another --data-dir"
    )]
    Store(#[from] StoreError),
    /// The event log cannot be used.
    #[error(transparent)]
    Log(#[from] LogError),
    /// An event in the log cannot be read.
    #[error("the event log holds an event that cannot be read: {0}")]
    Event(String),
    /// The port cannot be served.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// Work on the compute pool failed.
    #[error("{0}")]
    Compute(Fault),
    /// A task that should never end did.
    #[error("a task of market-svc ended before its time: {0}")]
    Task(String),
}

impl Error {
    /// The process's exit code: 64 for a wrong configuration, 1 for anything else.
    pub fn exit_code(&self) -> u8 {
        if matches!(self, Self::Config { .. } | Self::OtherReplay { .. }) { 64 } else { 1 }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::new(error.exit_code(), &error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::internal(error)
    }
}
