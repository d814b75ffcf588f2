//! The way from a client verb to a running mesh: one channel, by custom to the gateway, which routes to every service.

use std::time::Duration;

use tickmesh_mesh::client::address;
use tickmesh_mesh::status::Fault;
use tonic::transport::{Channel, Endpoint};

use crate::failure::Failure;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// A mesh that has stopped without closing its connection is noticed after twice as long, whatever call waits for it.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// When a mesh that does not answer may be there.
const RETRY: Duration = Duration::from_secs(1);

/// Connects to whatever serves gRPC at `server`.
///
/// # Errors
/// If the address is not a URL of plain HTTP on this machine, or nothing answers there: the text says what to start.
pub async fn channel(server: &str) -> Result<Channel, Failure> {
    let wrong = |rule| Failure::usage(format!("--server {server}: must be {rule}, such as http://127.0.0.1:8080"));
    let address = address(server).map_err(wrong)?;
    let endpoint = Endpoint::from(address)
        .connect_timeout(CONNECT_TIMEOUT)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE)
        .keep_alive_while_idle(true);
    endpoint.connect().await.map_err(|_| {
        let text = format!("no mesh answers at {server}: start one with `tickmesh up`, or name another with --server");
        Fault::unavailable("MESH_UNREACHABLE", text, RETRY).into()
    })
}
