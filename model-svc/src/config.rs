use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tickmesh_mesh::serve::Settings;

use crate::decision::Terms;
use crate::forecast::Rules;

/// model-svc's configuration.
///
/// | Name | Default | Purpose | Range |
/// | --- | --- | --- | --- |
/// | `addr` | 127.0.0.1:50052 | where it serves | loopback |
/// | `market_url` | `http://127.0.0.1:50051` | market-svc | |
/// | `cost` | 0.001 | a round trip, a fraction: 10 basis points | 0 to 0.1 |
/// | `risk_aversion` | 1 | γ: what risk costs | 0 to 100 |
/// | `model_expires_days` | none | age of a model beyond which it decides HOLD, reason STALE_MODEL | 1 to 36,500 |
/// | `train_missing` | true | once the market's history is in, train what has no champion on bars before its replay | |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where it serves.
    pub addr: SocketAddr,
    /// market-svc.
    pub market_url: String,
    /// Cost of a round trip, a fraction.
    pub cost: f64,
    /// Risk aversion γ.
    pub risk_aversion: f64,
    /// Calendar days from a model's last training bar after which its forecasts are HOLD; none means never.
    pub model_expires_days: Option<u32>,
    /// Whether it trains by itself what has no champion when it starts.
    pub train_missing: bool,
    /// Limits and times of the port.
    pub serve: Settings,
}

impl Default for Config {
    fn default() -> Self {
        let Terms { cost, risk_aversion } = Terms::default();
        Self {
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 50052)),
            market_url: "http://127.0.0.1:50051".into(),
            cost,
            risk_aversion,
            model_expires_days: None,
            train_missing: true,
            serve: Settings::default(),
        }
    }
}

impl Config {
    /// The first value that breaks its rule, as key, value and rule.
    pub(crate) fn defect(&self) -> Option<(&'static str, String, &'static str)> {
        if !(0.0..=0.1).contains(&self.cost) {
            return Some(("cost", self.cost.to_string(), "must lie between 0 and 0.1"));
        }
        if !(0.0..=100.0).contains(&self.risk_aversion) {
            return Some(("risk_aversion", self.risk_aversion.to_string(), "must lie between 0 and 100"));
        }
        let days = self.model_expires_days.filter(|days| !(1..=36_500).contains(days))?;
        Some(("model_expires_days", days.to_string(), "must lie between 1 and 36,500"))
    }

    /// The rules by which forecasts become decisions.
    pub(crate) fn rules(&self) -> Rules {
        const DAY: u64 = 86_400;
        Rules {
            terms: Terms { cost: self.cost, risk_aversion: self.risk_aversion },
            model_expires: self.model_expires_days.map(|days| Duration::from_secs(DAY * u64::from(days))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_keep_their_own_rules_and_bad_values_are_named() {
        assert_eq!(Config::default().defect(), None);
        let key = |config: Config| config.defect().map(|(key, ..)| key);
        assert_eq!(key(Config { cost: f64::NAN, ..Config::default() }), Some("cost"));
        assert_eq!(key(Config { risk_aversion: -1.0, ..Config::default() }), Some("risk_aversion"));
        assert_eq!(key(Config { model_expires_days: Some(0), ..Config::default() }), Some("model_expires_days"));
    }
}
