//! Forecasts of one model version, bar after bar.
//!
//! The state of a version at bar t is a fold over the bars since the last one it learned from: its residual pool begins
//! with those of validation, and each outcome that matures moves pool and level on. So the same version and bars give
//! the same forecast to the last bit, live, after a restart, or asked for years later.

use std::collections::VecDeque;
use std::sync::Arc;

use tickmesh_proto::types::{Symbol, Timestamp};

use crate::conformal::{Conformal, Interval, Spread};
use crate::dataset::scale;
use crate::decision::{Decision, Edge, Reason, Terms, decide};
use crate::features::Row;
use crate::history::DailyBar;
use crate::version::{Version, VersionName};

/// How far a forecast can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quality {
    /// Out of sample, on fresh data.
    Good,
    /// The model has learned from later bars: of no evidential value.
    InSample,
    /// On data older than it should be.
    Stale,
}

/// A forecast of the simple return from the close at `as_of` to the close `horizon` bars later.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// The symbol.
    pub symbol: Symbol,
    /// Close of the last bar used.
    pub as_of: Timestamp,
    /// The close that is forecast, by the trading calendar.
    pub target_time: Timestamp,
    /// Raw close at `as_of`.
    pub last_price: f64,
    /// The version that made it.
    pub version: VersionName,
    /// Digest of the feature definitions.
    pub feature_set: Arc<str>,
    /// Bars ahead.
    pub horizon: usize,
    /// The model's own output.
    pub raw: f64,
    /// Calibrated expectation of the return.
    pub expected: f64,
    /// Volatility by which residuals are scaled.
    pub sigma: f64,
    /// Level α at which the interval was taken.
    pub level: f64,
    /// Prediction interval of the return.
    pub interval: Interval,
    /// Probability that the return is above 0.
    pub up_probability: f64,
    /// Probability that it is above the cost.
    pub above_cost: f64,
    /// Probability that it is below minus the cost.
    pub below_cost: f64,
    /// What follows from it, and how far it can be trusted.
    pub decision: Decision,
}

impl Forecast {
    /// Its id: one for each symbol, moment and version.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}-{}-{}", self.symbol, self.as_of.nanos(), self.version.number)
    }

    /// Whether it was decided on a bar too old for the market clock. One in sample may be that too.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.decision.reasons.contains(&Reason::StaleData)
    }

    /// How far it can be trusted.
    #[must_use]
    pub fn quality(&self) -> Quality {
        Quality::of(&self.decision)
    }
}

impl Quality {
    /// What the reasons of a decision say of its forecast: the graver one, when there are several.
    #[must_use]
    pub fn of(decision: &Decision) -> Self {
        if decision.reasons.contains(&Reason::InSample) {
            Self::InSample
        } else if decision.reasons.contains(&Reason::StaleData) {
            Self::Stale
        } else {
            Self::Good
        }
    }
}

/// The moment from which a forecast is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// The bar that closed then.
    pub bar: DailyBar,
    /// The features known then.
    pub row: Row,
    /// The close that is forecast.
    pub target_time: Timestamp,
    /// Whether the bar is too old for the market clock.
    pub stale: bool,
}

/// The rules by which forecasts become decisions.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Rules {
    /// Cost and risk aversion.
    pub terms: Terms,
    /// Age of a model, from its last training bar, beyond which its forecasts are HOLD; none means never.
    pub model_expires: Option<std::time::Duration>,
}

/// A version with the state of its interval at one bar: all that makes a forecast. Cheap to clone and to share.
#[derive(Clone, Debug)]
pub struct Forecaster {
    version: Arc<Version>,
    spread: Spread,
    feature_set: Arc<str>,
}

impl Forecaster {
    fn new(version: Arc<Version>, spread: Spread) -> Self {
        let feature_set = version.facts.feature_set.as_str().into();
        Self { version, spread, feature_set }
    }

    /// The version.
    #[must_use]
    pub fn version(&self) -> &Arc<Version> {
        &self.version
    }

    /// The shape of the outcome about its expectation.
    #[must_use]
    pub fn spread(&self) -> &Spread {
        &self.spread
    }

    /// The forecast at a moment.
    #[must_use]
    pub fn forecast(&self, moment: &Moment, rules: &Rules) -> Forecast {
        let Version { name, fitted, facts, .. } = self.version.as_ref();
        let raw = fitted.predict(moment.row.as_slice());
        let expected = facts.calibration.apply(raw);
        let sigma = scale(&moment.row);
        let cost = rules.terms.cost;
        let edge = Edge {
            expected,
            drift: facts.calibration.drift,
            slope: facts.calibration.slope,
            second_moment: self.spread.second_moment(expected, sigma),
        };
        Forecast {
            symbol: name.symbol.clone(),
            as_of: moment.bar.time(),
            target_time: moment.target_time,
            last_price: moment.bar.last_price,
            version: name.clone(),
            feature_set: Arc::clone(&self.feature_set),
            horizon: facts.horizon,
            raw,
            expected,
            sigma,
            level: self.spread.level,
            interval: self.spread.interval(expected, sigma),
            up_probability: self.spread.probability_above(0.0, expected, sigma),
            above_cost: self.spread.probability_above(cost, expected, sigma),
            below_cost: self.spread.probability_below(-cost, expected, sigma),
            decision: decide(&edge, &rules.terms, &self.gates(moment, rules)),
        }
    }

    /// Reasons not to act, in a fixed order.
    fn gates(&self, moment: &Moment, rules: &Rules) -> Vec<Reason> {
        let as_of = moment.bar.time();
        let expired = |after| as_of.since(self.version.train_end) > after;
        [
            (Reason::InSample, self.version.in_sample(as_of)),
            (Reason::StaleData, moment.stale),
            (Reason::StaleModel, rules.model_expires.is_some_and(expired)),
            (Reason::OutOfDistribution, self.version.facts.range.is_far(&moment.row)),
        ]
        .into_iter()
        .filter_map(|(reason, holds)| holds.then_some(reason))
        .collect()
    }
}

/// Follows one version over the bars since the last one it learned from.
#[derive(Clone, Debug)]
pub struct Tracker {
    forecaster: Forecaster,
    conformal: Conformal,
    /// Forecasts of the last `horizon` bars, oldest first, which wait for their outcome.
    waiting: VecDeque<Waiting>,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    bar: DailyBar,
    expected: f64,
    sigma: f64,
    interval: Interval,
}

impl Tracker {
    /// The state at the end of the training range. None when the version has no residuals, which training refuses.
    #[must_use]
    pub fn new(version: Arc<Version>) -> Option<Self> {
        let conformal = Conformal::new(&version.facts.residuals)?;
        let forecaster = Forecaster::new(version, conformal.spread());
        Some(Self { forecaster, conformal, waiting: VecDeque::new() })
    }

    /// The state after all of these bars with their rows, in order of time.
    #[must_use]
    pub fn over(version: Arc<Version>, bars: &[DailyBar], rows: &[Option<Row>]) -> Option<Self> {
        let mut tracker = Self::new(version)?;
        bars.iter().zip(rows).for_each(|(bar, row)| tracker.advance(bar, row.as_ref()));
        Some(tracker)
    }

    /// Takes in the next bar: matures the forecast that it decides, then forecasts from it.
    /// Bars in sample change nothing.
    pub fn advance(&mut self, bar: &DailyBar, row: Option<&Row>) {
        let version = Arc::clone(&self.forecaster.version);
        if version.in_sample(bar.time()) {
            return;
        }
        if self.waiting.len() == version.facts.horizon
            && let Some(made) = self.waiting.pop_front()
        {
            self.mature(&made, made.bar.return_to(bar));
        }
        if let Some(row) = row {
            self.waiting.push_back(self.waiting_from(bar, row));
        }
    }

    /// What makes forecasts at the newest bar taken in.
    #[must_use]
    pub fn forecaster(&self) -> &Forecaster {
        &self.forecaster
    }

    /// The residual pool and its level.
    #[must_use]
    pub fn conformal(&self) -> &Conformal {
        &self.conformal
    }

    fn mature(&mut self, made: &Waiting, outcome: f64) {
        let residual = (outcome - made.expected) / made.sigma;
        self.conformal.mature(residual, !made.interval.covers(outcome));
        self.forecaster.spread = self.conformal.spread();
    }

    fn waiting_from(&self, bar: &DailyBar, row: &Row) -> Waiting {
        let facts = &self.forecaster.version.facts;
        let expected = facts.calibration.apply(self.forecaster.version.fitted.predict(row.as_slice()));
        let sigma = scale(row);
        Waiting { bar: *bar, expected, sigma, interval: self.forecaster.spread.interval(expected, sigma) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_sample_and_stale_reads_as_in_sample() {
        let quality = |reasons: &[Reason]| {
            Quality::of(&Decision { reasons: reasons.to_vec(), ..Decision::unavailable(Reason::NoModel) })
        };
        assert_eq!(quality(&[Reason::InSample, Reason::StaleData]), Quality::InSample);
        assert_eq!(quality(&[Reason::StaleData, Reason::OutOfDistribution]), Quality::Stale);
        assert_eq!(quality(&[Reason::StaleModel]), Quality::Good, "it is as good as a model of then can make it");
    }
}
