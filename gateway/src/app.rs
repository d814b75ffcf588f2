//! The gateway as a whole.

use std::net::SocketAddr;
use std::sync::Arc;

use tickmesh_mesh::client::Upstream;
use tickmesh_mesh::process::Part;
use tickmesh_mesh::serve::{Server, Setup};
use tonic::service::Routes;

use crate::contract::Contracts;
use crate::doors::Doors;
use crate::upstreams::Upstreams;
use crate::{Config, Error};

/// The gateway, built and bound, not yet serving.
pub struct App {
    server: Server,
    addr: SocketAddr,
}

impl Part for App {
    const NAME: &'static str = "gateway";
    const SECTION: &'static str = "gateway";
    type Config = Config;
    type Error = Error;

    fn listen_addr(config: &Config) -> SocketAddr {
        config.addr
    }

    /// The gateway computes nothing: one idle thread stands for the pool.
    fn threads() -> usize {
        1
    }

    /// Reads the contracts and opens every door. Nothing is called: an upstream may come later than the gateway.
    ///
    /// `setup.readiness` is what `/readyz` and `/health` wait for: in one process with the services, all of their
    /// latches.
    ///
    /// # Errors
    /// If an upstream's address is none or the contracts cannot be offered.
    async fn build(config: Config, setup: Setup) -> Result<Self, Error> {
        let contracts = Contracts::read(tickmesh_proto::FILE_DESCRIPTOR_SET)?;
        let services: Vec<String> = contracts.services().collect();
        let services: Vec<&str> = services.iter().map(String::as_str).collect();
        let upstreams = upstreams(&config)?;
        let doors = Doors::new(contracts, upstreams, setup.readiness.clone(), config.max_websockets)?;
        let addr = setup.listener.local_addr()?;
        let server = Server::new("gateway", setup.listener, setup.readiness)
            .settings(config.settings())
            .grpc(Routes::from(doors.grpc()), &services)
            .http(doors.http())
            .health(Arc::new(doors.prober().clone()));
        Ok(Self { server, addr })
    }

    fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Serves until `shutdown` resolves, then drains.
    ///
    /// # Errors
    /// If the port cannot be served.
    async fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), Error> {
        Ok(self.server.run(shutdown).await?)
    }
}

fn upstreams(config: &Config) -> Result<Upstreams, Error> {
    Ok(Upstreams::new(
        Upstream::new("market", &config.market_url)?,
        Upstream::new("model", &config.model_url)?,
        Upstream::new("portfolio", &config.portfolio_url)?,
    ))
}
