use crate::covariance::{self, Covariance};
use crate::expected::{self, Forecast, View};
use crate::prices::Returns;

use super::Insight;

/// Where expected returns come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpectedMethod {
    /// [`expected::historical`](fn@expected::historical).
    Historical,
    /// [`expected::exponential`](fn@expected::exponential).
    Exponential,
    /// [`expected::forecast`](fn@expected::forecast).
    Forecast,
    /// [`expected::black_litterman`](fn@expected::black_litterman).
    BlackLitterman,
}

/// How the covariance is estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CovarianceMethod {
    /// [`covariance::sample`](fn@covariance::sample).
    Sample,
    /// [`covariance::exponential`](fn@covariance::exponential).
    Exponential,
    /// [`covariance::ledoit_wolf`](fn@covariance::ledoit_wolf).
    LedoitWolf,
}

/// Returns in a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Periods {
    /// 252 trading days.
    Sessions,
    /// 365 days, when all instruments trade every day.
    Days,
}

impl Periods {
    /// As a factor.
    pub fn count(self) -> f64 {
        match self {
            Self::Sessions => 252.0,
            Self::Days => 365.0,
        }
    }
}

impl ExpectedMethod {
    /// Whether it needs the model's forecasts.
    pub fn needs_insights(self) -> bool {
        matches!(self, Self::Forecast | Self::BlackLitterman)
    }

    /// Expected returns a year; `None` if the estimate fails on these numbers. `insights` are in the order of the
    /// assets.
    pub(super) fn estimate(
        self,
        returns: &Returns,
        covariance: &Covariance,
        insights: &[Insight],
        periods: Periods,
    ) -> Option<Vec<f64>> {
        let periods = periods.count();
        let estimate = match self {
            Self::Historical => expected::historical(returns, periods),
            Self::Exponential => expected::exponential(returns, periods),
            Self::Forecast => expected::forecast(returns, &each::<Forecast>(insights), periods),
            Self::BlackLitterman => expected::black_litterman(covariance, &each::<View>(insights), periods)?,
        };
        estimate.iter().all(|mu| mu.is_finite()).then_some(estimate)
    }
}

fn each<'a, T: From<&'a Insight>>(insights: &'a [Insight]) -> Vec<T> {
    insights.iter().map(T::from).collect()
}

impl CovarianceMethod {
    /// Covariance a year.
    pub(super) fn estimate(self, returns: &Returns, periods: Periods) -> Covariance {
        match self {
            Self::Sample => covariance::sample(returns, periods.count()),
            Self::Exponential => covariance::exponential(returns, periods.count()),
            Self::LedoitWolf => covariance::ledoit_wolf(returns, periods.count()),
        }
    }
}
