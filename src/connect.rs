//! The way from a client verb to a running mesh: one channel to the gateway, which routes to every service.

use std::time::Duration;

use tonic::transport::{Channel, Endpoint};

use crate::failure::Failure;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Connects to the gateway at `server`.
///
/// # Errors
/// If the address is not a URL, or nothing answers there: the text says what to start.
pub async fn gateway(server: &str) -> Result<Channel, Failure> {
    let endpoint = Endpoint::from_shared(server.to_owned()).map_err(|error| {
        Failure::usage(format!("--server {server}: {error}; give a URL such as http://127.0.0.1:8080"))
    })?;
    endpoint.connect_timeout(CONNECT_TIMEOUT).connect().await.map_err(|_| {
        Failure::runtime(format!(
            "no mesh answers at {server}: start one with `tickmesh up`, or name another with --server"
        ))
    })
}
