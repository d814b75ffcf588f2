//! What can be configured.

use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};
use tickmesh_mesh::serve::{Origin, Settings};

/// The gateway's configuration.
///
/// | Name | Default | Purpose |
/// | --- | --- | --- |
/// | `addr` | 127.0.0.1:8080 | where it listens |
/// | `market_url` | `http://127.0.0.1:50051` | market-svc |
/// | `model_url` | `http://127.0.0.1:50052` | model-svc |
/// | `portfolio_url` | `http://127.0.0.1:50053` | portfolio-svc |
/// | `cors_origins` | none | origins besides loopback whose pages may call |
/// | `max_websockets` | 1000 | WebSockets at a time |
/// | `serve` | see [`Settings`] | limits and times of the port |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where it listens, when it runs alone.
    pub addr: SocketAddr,
    /// Where market-svc is.
    pub market_url: String,
    /// Where model-svc is.
    pub model_url: String,
    /// Where portfolio-svc is.
    pub portfolio_url: String,
    /// Origins besides the gateway's own and loopback ones whose pages may call, for example `https://desk.example`.
    pub cors_origins: Vec<Origin>,
    /// WebSockets at a time; one more is refused with RESOURCE_EXHAUSTED.
    pub max_websockets: usize,
    /// Limits and times of the port.
    pub serve: Settings,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            addr: (Ipv4Addr::LOCALHOST, 8080).into(),
            market_url: "http://127.0.0.1:50051".to_owned(),
            model_url: "http://127.0.0.1:50052".to_owned(),
            portfolio_url: "http://127.0.0.1:50053".to_owned(),
            cors_origins: Vec::new(),
            max_websockets: 1000,
            serve: Settings::default(),
        }
    }
}

impl Config {
    /// The port's limits and times, with the origins that may call.
    pub(crate) fn settings(&self) -> Settings {
        let mut settings = self.serve.clone();
        settings.origins.extend_from_slice(&self.cors_origins);
        settings
    }
}
