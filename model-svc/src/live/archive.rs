use std::collections::HashMap;

use tickmesh_proto::types::{Symbol, Timestamp};

use crate::conformal::Interval;
use crate::decision::Action;
use crate::forecast::{Forecast, Quality};

/// What is remembered of a served forecast: enough to score it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Served {
    /// The number of the version that made it.
    pub version: u32,
    /// Expected return.
    pub expected: f64,
    /// Interval of the return.
    pub interval: Interval,
    /// Probability that the return is above 0.
    pub up_probability: f64,
    /// Volatility known when it was made.
    pub sigma: f64,
    /// What was decided.
    pub action: Action,
    /// Whether it counts: out of sample and on fresh data.
    pub counts: bool,
    /// Whether its outcome is stored.
    pub scored: bool,
}

impl From<&Forecast> for Served {
    fn from(forecast: &Forecast) -> Self {
        Self {
            version: forecast.version.number,
            expected: forecast.expected,
            interval: forecast.interval,
            up_probability: forecast.up_probability,
            sigma: forecast.sigma,
            action: forecast.decision.action,
            counts: forecast.quality() == Quality::Good,
            scored: false,
        }
    }
}

/// The forecasts that this run has served already, by symbol and moment. Empty when a run begins.
#[derive(Clone, Debug, Default)]
pub struct Archive(HashMap<Symbol, HashMap<Timestamp, Served>>);

impl Archive {
    /// Notes a served forecast.
    pub fn insert(&mut self, symbol: Symbol, as_of: Timestamp, served: Served) {
        self.0.entry(symbol).or_default().insert(as_of, served);
    }

    /// Hands out one symbol's forecasts.
    pub(super) fn take(&mut self, symbol: &Symbol) -> HashMap<Timestamp, Served> {
        self.0.remove(symbol).unwrap_or_default()
    }
}
