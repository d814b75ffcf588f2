//! Why the gateway cannot be built or served.

use tickmesh_mesh::client::UpstreamError;
use tickmesh_mesh::process::Refusal;
use tickmesh_mesh::serve::ServeError;

use crate::contract::ContractError;
use crate::websocket::MissingFeed;

/// Why the gateway cannot be built or served. Failures of calls are [`Fault`](tickmesh_mesh::status::Fault)s.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The contracts cannot be offered.
    #[error(transparent)]
    Contracts(#[from] ContractError),
    /// A channel of the WebSocket has no rpc.
    #[error(transparent)]
    Feed(#[from] MissingFeed),
    /// A part's address is none.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// The port cannot be served.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The listener has no address.
    #[error("the gateway's listener has no address: {0}")]
    Listener(#[from] std::io::Error),
}

impl Error {
    /// The process's exit code: 64 for a wrong configuration, 1 for anything else.
    pub fn exit_code(&self) -> u8 {
        if matches!(self, Self::Upstream(_)) { 64 } else { 1 }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::new(error.exit_code(), &error)
    }
}
