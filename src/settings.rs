//! The configuration of the whole process: one section a part, composed from file, environment and flags.

use std::collections::BTreeSet;
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
    /// Keys of the upstream addresses that somebody gave, such as `model.market_url`: they are kept, whatever they say.
    #[serde(skip)]
    pub given_urls: BTreeSet<String>,
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
            given_urls: BTreeSet::new(),
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
    read(urls(sources, args))
}

fn read(sources: Sources) -> Result<Loaded<Settings>, Failure> {
    let mut loaded: Loaded<Settings> =
        config::load(sources).map_err(|error| Failure::of_part(error.exit_code(), error))?;
    let given = loaded.entries().iter().filter(|entry| entry.key.ends_with("_url") && entry.is_given);
    let given = given.map(|entry| entry.key.clone()).collect();
    loaded.config.given_urls = given;
    Ok(loaded)
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
    /// Points each upstream address that nobody gave at where the part really listens.
    pub fn follow(&mut self, market: SocketAddr, model: SocketAddr, portfolio: SocketAddr) {
        let upstreams = [
            ("model.market_url", &mut self.model.market_url, market),
            ("portfolio.market_url", &mut self.portfolio.market_url, market),
            ("portfolio.model_url", &mut self.portfolio.model_url, model),
            ("gateway.market_url", &mut self.gateway.market_url, market),
            ("gateway.model_url", &mut self.gateway.model_url, model),
            ("gateway.portfolio_url", &mut self.gateway.portfolio_url, portfolio),
        ];
        for (_, url, addr) in upstreams.into_iter().filter(|(key, ..)| !self.given_urls.contains(*key)) {
            *url = format!("http://{addr}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn followed(sources: Sources) -> Settings {
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let mut settings = read(sources).unwrap().config;
        settings.follow(at(1), at(2), at(3));
        settings
    }

    #[test]
    fn upstreams_that_nobody_gave_follow_the_ports() {
        let settings = followed(Sources::new());
        let Settings { model, portfolio, gateway, .. } = settings;
        assert_eq!([model.market_url, portfolio.market_url, gateway.market_url], ["http://127.0.0.1:1"; 3]);
        assert_eq!([portfolio.model_url, gateway.model_url], ["http://127.0.0.1:2"; 2]);
        assert_eq!(gateway.portfolio_url, "http://127.0.0.1:3");
    }

    #[test]
    fn an_upstream_that_was_given_is_kept_also_when_it_says_the_default() {
        let default = Settings::default().gateway;
        let variable = ("TICKMESH_GATEWAY__MARKET_URL".to_owned(), default.market_url.clone());
        let sources = Sources::new().env([variable]).flag("--model-url", "gateway.model_url", Some(&default.model_url));
        let settings = followed(sources);
        assert_eq!(settings.gateway.market_url, default.market_url);
        assert_eq!(settings.gateway.model_url, default.model_url);
        assert_eq!(settings.model.market_url, "http://127.0.0.1:1", "another part's key was not given");
        assert_eq!(settings.gateway.portfolio_url, "http://127.0.0.1:3");
    }
}
