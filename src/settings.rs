//! The configuration of the whole process: one section a part, composed from file, environment and flags.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tickmesh_mesh::config::{self, Loaded, Sources};

use crate::cli::{Global, UpArgs};
use crate::failure::Failure;

/// Everything that can be configured.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where bars, models and logs are kept.
    pub data_dir: PathBuf,
    /// Which logs are written to standard error, in the form of `RUST_LOG`.
    pub log: String,
    /// market-svc.
    pub market: market_svc::Config,
    /// model-svc.
    pub model: model_svc::Config,
    /// portfolio-svc.
    pub portfolio: portfolio_svc::Config,
    /// The gateway.
    pub gateway: gateway::Config,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data_dir: ".tickmesh".into(),
            log: "warn".into(),
            market: market_svc::Config::default(),
            model: model_svc::Config::default(),
            portfolio: portfolio_svc::Config::default(),
            gateway: gateway::Config::default(),
        }
    }
}

/// Reads file < environment < flags.
///
/// # Errors
/// A key that is not known, or a value that is none of its kind: exit code 64.
pub fn load(global: &Global, args: &UpArgs) -> Result<Loaded<Settings>, Failure> {
    let sources = Sources::new()
        .file(args.config.as_deref())
        .env(std::env::vars())
        .flag("--data-dir", "data_dir", global.data_dir.as_ref())
        .flag("--speed", "market.speed", args.speed)
        .flag("--replay-from", "market.replay_from", args.replay_from.as_ref())
        .flag("--feed", "market.feed", args.feed.as_ref())
        .flag("--data", "market.data", args.data.as_ref())
        .flag("--replay-again", "market.replay_again", args.replay_again.then_some(true))
        .flag("--market-addr", "market.addr", args.market_addr)
        .flag("--model-addr", "model.addr", args.model_addr)
        .flag("--portfolio-addr", "portfolio.addr", args.portfolio_addr)
        .flag("--gateway-addr", "gateway.addr", args.gateway_addr)
        .flag("--cors-origin", "gateway.cors_origins", (!args.cors_origin.is_empty()).then_some(&args.cors_origin));
    config::load(urls(sources, args)).map_err(|error| Failure::of_part(error.exit_code(), error))
}

/// An upstream's address is a key of each part that calls it.
fn urls(sources: Sources, args: &UpArgs) -> Sources {
    let market = args.market_url.as_ref();
    let model = args.model_url.as_ref();
    sources
        .flag("--market-url", "model.market_url", market)
        .flag("--market-url", "portfolio.market_url", market)
        .flag("--market-url", "gateway.market_url", market)
        .flag("--model-url", "portfolio.model_url", model)
        .flag("--model-url", "gateway.model_url", model)
        .flag("--portfolio-url", "gateway.portfolio_url", args.portfolio_url.as_ref())
}

impl Settings {
    /// Points each upstream address that is still the default at where the part really listens.
    pub fn follow(&mut self, market: SocketAddr, model: SocketAddr, portfolio: SocketAddr) {
        let defaults = Self::default();
        let follow = |url: &mut String, default: &String, addr: SocketAddr| {
            if url == default {
                *url = format!("http://{addr}");
            }
        };
        follow(&mut self.model.market_url, &defaults.model.market_url, market);
        follow(&mut self.portfolio.market_url, &defaults.portfolio.market_url, market);
        follow(&mut self.portfolio.model_url, &defaults.portfolio.model_url, model);
        follow(&mut self.gateway.market_url, &defaults.gateway.market_url, market);
        follow(&mut self.gateway.model_url, &defaults.gateway.model_url, model);
        follow(&mut self.gateway.portfolio_url, &defaults.gateway.portfolio_url, portfolio);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upstreams_follow_the_ports_unless_they_were_set() {
        let mut settings = Settings::default();
        settings.gateway.model_url = "http://127.0.0.1:7".into();
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        settings.follow(at(1), at(2), at(3));
        assert_eq!(settings.model.market_url, "http://127.0.0.1:1");
        assert_eq!(settings.gateway.model_url, "http://127.0.0.1:7");
        assert_eq!(settings.gateway.portfolio_url, "http://127.0.0.1:3");
    }
}
