//! What can be configured.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tickmesh_mesh::serve::Settings;

use crate::error::Error;

/// market-svc's configuration.
///
/// | Name | Default | Purpose | Range |
/// | --- | --- | --- | --- |
/// | `addr` | 127.0.0.1:50051 | where it serves | loopback |
/// | `feed` | `replay` | where live events come from | replay, synthetic, none |
/// | `speed` | 1 | trading days a second, replay and synthetic | above 0 to 1,000 |
/// | `replay_from` | 2021-01-01 | first date that is replayed rather than imported | a date |
/// | `data` | unset | daily bars to use in place of the bundled ones | a CSV file |
/// | `replay_again` | false | a new run over the same bars | |
/// | `synthetic` | see [`Synthetic`] | the synthetic feed | |
/// | `serve` | see [`Settings`] | limits and times of the port | |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where it serves.
    pub addr: SocketAddr,
    /// Where live events come from.
    pub feed: FeedKind,
    /// Trading days a second.
    pub speed: f64,
    /// First date that is replayed rather than imported: YYYY-MM-DD.
    pub replay_from: String,
    /// Daily bars (CSV, may be gzipped) to use in place of the bundled ones.
    pub data: Option<PathBuf>,
    /// Begins a new run over the same bars: the clock is set back; what was imported stays, and is seen when it comes.
    pub replay_again: bool,
    /// The synthetic feed.
    pub synthetic: Synthetic,
    /// Limits and times of the port.
    pub serve: Settings,
}

/// Where live events come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeedKind {
    /// Stored bars, played again.
    Replay,
    /// A seeded random walk.
    Synthetic,
    /// Nowhere: the store only.
    None,
}

/// The synthetic feed: a seeded geometric random walk.
///
/// | Name | Default | Purpose | Range |
/// | --- | --- | --- | --- |
/// | `symbols` | 10 | instruments SYN0001 … | 1 to 10,000 |
/// | `ticks` | 20 | trades of each, and as many quotes, in a session | 1 to 10,000, and 1,000,000 of all symbols |
/// | `history` | 756 | sessions before the first live one | 0 to 5,000 |
/// | `seed` | 42 | of all randomness | |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Synthetic {
    /// Number of instruments.
    pub symbols: u32,
    /// Trades, and as many quotes, in a session.
    pub ticks: u32,
    /// Sessions before the first live one.
    pub history: u32,
    /// Seed of all randomness.
    pub seed: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 50051)),
            feed: FeedKind::Replay,
            speed: 1.0,
            replay_from: "2021-01-01".into(),
            data: None,
            replay_again: false,
            synthetic: Synthetic::default(),
            serve: Settings::default(),
        }
    }
}

impl Default for Synthetic {
    fn default() -> Self {
        Self { symbols: 10, ticks: 20, history: 756, seed: 42 }
    }
}

/// Trades in a session of the synthetic feed at most: some 400 MB of events.
const MOST_TICKS: u32 = 1_000_000;

impl Config {
    /// Checks every value; gives the date from which bars are replayed.
    pub(crate) fn check(&self) -> Result<Date, Error> {
        let bad = |key, value: String, rule| Error::Config { key, value, rule };
        if !(self.speed > 0.0 && self.speed <= 1000.0) {
            return Err(bad("speed", self.speed.to_string(), "must be above 0 and 1,000 at most"));
        }
        let Synthetic { symbols, ticks, history, seed: _ } = self.synthetic;
        if !(1..=10_000).contains(&symbols) {
            return Err(bad("synthetic.symbols", symbols.to_string(), "must lie between 1 and 10,000"));
        }
        if !(1..=10_000).contains(&ticks) {
            return Err(bad("synthetic.ticks", ticks.to_string(), "must lie between 1 and 10,000"));
        }
        if symbols * ticks > MOST_TICKS {
            let value = format!("{symbols} × {ticks}");
            return Err(bad(
                "synthetic.symbols × synthetic.ticks",
                value,
                "must be 1,000,000 at most, a session's ticks",
            ));
        }
        if self.replay_again && self.feed != FeedKind::Replay {
            return Err(bad("replay_again", "true".into(), "is for the replay: leave out --feed, or --replay-again"));
        }
        if history > 5_000 {
            return Err(bad("synthetic.history", history.to_string(), "must be 5,000 at most"));
        }
        let date = self.replay_from.parse();
        date.map_err(|_| bad("replay_from", self.replay_from.clone(), "must be a date such as 2021-01-01"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_keep_their_own_rules_and_bad_values_are_named() {
        assert_eq!(Config::default().check().unwrap().to_string(), "2021-01-01");
        let key = |config: Config| match config.check() {
            Err(Error::Config { key, .. }) => key,
            other => panic!("{other:?}"),
        };
        assert_eq!(key(Config { speed: f64::NAN, ..Config::default() }), "speed");
        assert_eq!(key(Config { replay_from: "soon".into(), ..Config::default() }), "replay_from");
        let synthetic = Synthetic { symbols: 0, ..Synthetic::default() };
        assert_eq!(key(Config { synthetic, ..Config::default() }), "synthetic.symbols");
        let synthetic = Synthetic { symbols: 10_000, ticks: 101, ..Synthetic::default() };
        assert_eq!(key(Config { synthetic, ..Config::default() }), "synthetic.symbols × synthetic.ticks");
        let again = Config { replay_again: true, ..Config::default() };
        assert!(again.check().is_ok());
        for feed in [FeedKind::None, FeedKind::Synthetic] {
            assert_eq!(key(Config { feed, ..again.clone() }), "replay_again", "nothing would move its clock on");
        }
    }
}
