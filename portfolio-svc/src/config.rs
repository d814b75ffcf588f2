use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tickmesh_mesh::serve::Settings;

use crate::live::Room;

/// portfolio-svc's configuration.
///
/// | Name | Default | Purpose | Range |
/// | --- | --- | --- | --- |
/// | `addr` | 127.0.0.1:50053 | where it serves | loopback |
/// | `market_url` | `http://127.0.0.1:50051` | market-svc | |
/// | `model_url` | `http://127.0.0.1:50052` | model-svc | |
/// | `max_turnover` | 0.2 | of the live allocations, a day | 0 to 2 |
/// | `patience_ms` | 500 | how long a round waits for signals and bars that are missing | 1 to 60,000 |
/// | `max_books` | 16 | live portfolios that clients ask for beside the default one | 0 to 1,000 |
/// | `idle_seconds` | 900 | how long one whose streams have ended keeps its place | 0 to 86,400 |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where it serves.
    pub addr: SocketAddr,
    /// market-svc.
    pub market_url: String,
    /// model-svc.
    pub model_url: String,
    /// Greatest turnover of the live allocations a day.
    pub max_turnover: f64,
    /// Milliseconds that a round of allocations waits for signals and bars that are missing.
    pub patience_ms: u64,
    /// Live portfolios that clients may ask for beside the default one.
    pub max_books: usize,
    /// Seconds that such a portfolio keeps its place after its last stream has ended. With less than 15 minutes,
    /// streams cannot be resumed for as long as they promise.
    pub idle_seconds: u64,
    /// Limits and times of the port.
    pub serve: Settings,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 50053)),
            market_url: "http://127.0.0.1:50051".into(),
            model_url: "http://127.0.0.1:50052".into(),
            max_turnover: 0.2,
            patience_ms: 500,
            max_books: 16,
            idle_seconds: 15 * 60,
            serve: Settings::default(),
        }
    }
}

impl Config {
    /// The first value that breaks its rule, as key, value and rule.
    pub(crate) fn defect(&self) -> Option<(&'static str, String, &'static str)> {
        if !(0.0..=2.0).contains(&self.max_turnover) {
            return Some(("max_turnover", self.max_turnover.to_string(), "must lie between 0 and 2"));
        }
        if !(1..=60_000).contains(&self.patience_ms) {
            return Some(("patience_ms", self.patience_ms.to_string(), "must lie between 1 and 60,000"));
        }
        if self.idle_seconds > 86_400 {
            return Some(("idle_seconds", self.idle_seconds.to_string(), "must be 86,400 at most"));
        }
        (self.max_books > 1_000).then(|| ("max_books", self.max_books.to_string(), "must be 1,000 at most"))
    }

    /// How many live portfolios may be beside the default one, and for how long each.
    pub(crate) fn room(&self) -> Room {
        Room { most: self.max_books, idle: Duration::from_secs(self.idle_seconds) }
    }

    /// How long a round waits.
    pub(crate) fn patience(&self) -> Duration {
        Duration::from_millis(self.patience_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_keep_their_own_rules_and_bad_values_are_named() {
        assert_eq!(Config::default().defect(), None);
        let bad = Config { max_turnover: f64::NAN, ..Config::default() };
        assert_eq!(bad.defect().map(|(key, ..)| key), Some("max_turnover"));
        assert_eq!(Config { patience_ms: 0, ..Config::default() }.defect().map(|(key, ..)| key), Some("patience_ms"));
    }
}
