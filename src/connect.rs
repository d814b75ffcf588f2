//! The way from a client verb to a running mesh: one channel, by custom to the gateway, which routes to every service.

use std::time::Duration;

use tickmesh_mesh::status::Fault;
use tonic::transport::{Channel, Endpoint};

use crate::failure::Failure;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// When a mesh that does not answer may be there.
const RETRY: Duration = Duration::from_secs(1);

/// Connects to whatever serves gRPC at `server`.
///
/// # Errors
/// If the address is not a URL of plain HTTP, or nothing answers there: the text says what to start.
pub async fn channel(server: &str) -> Result<Channel, Failure> {
    let wrong =
        |why: &str| Failure::usage(format!("--server {server}: {why}; give a URL such as http://127.0.0.1:8080"));
    if !server.starts_with("http://") {
        return Err(wrong("must begin with http://, TLS is not spoken"));
    }
    let endpoint = Endpoint::from_shared(server.to_owned()).map_err(|error| wrong(&error.to_string()))?;
    endpoint.connect_timeout(CONNECT_TIMEOUT).connect().await.map_err(|_| {
        let text = format!("no mesh answers at {server}: start one with `tickmesh up`, or name another with --server");
        Fault::unavailable("MESH_UNREACHABLE", text, RETRY).into()
    })
}
