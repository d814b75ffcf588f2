//! The ports of the parts that run here, taken before anything slow begins.

use std::io;
use std::net::{SocketAddr, TcpListener};

use tickmesh_mesh::serve::bind;

use crate::cli::Target;
use crate::failure::Failure;
use crate::settings::Settings;

/// The ports of the parts that run here, already taken.
pub(super) struct Ports {
    pub(super) market: Option<TcpListener>,
    pub(super) model: Option<TcpListener>,
    pub(super) portfolio: Option<TcpListener>,
    pub(super) gateway: Option<TcpListener>,
}

impl Ports {
    /// Takes every port that `target` needs.
    pub(super) fn bind(settings: &Settings, target: Target) -> Result<Self, Failure> {
        let take = |part: Target, addr: SocketAddr, flag: &str| {
            let wanted = target == Target::All || target == part;
            let bound = wanted.then(|| bind(addr, flag)).transpose();
            bound.map_err(|error| Failure::of_part(error.exit_code(), error))
        };
        Ok(Self {
            market: take(Target::Market, settings.market.addr, "--market-addr")?,
            model: take(Target::Model, settings.model.addr, "--model-addr")?,
            portfolio: take(Target::Portfolio, settings.portfolio.addr, "--portfolio-addr")?,
            gateway: take(Target::Gateway, settings.gateway.addr, "--gateway-addr")?,
        })
    }
}

/// Where a part listens: its own port if it runs here, else where the configuration says that it runs.
pub(super) fn address(listener: Option<&TcpListener>, configured: SocketAddr) -> io::Result<SocketAddr> {
    listener.map_or(Ok(configured), TcpListener::local_addr)
}
