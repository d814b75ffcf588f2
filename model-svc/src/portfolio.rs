//! The forecast of a portfolio: the weighted whole of its holdings' forecasts.
//!
//! ```text
//! m = Σ w_i m_i        σ² = Σ_ij w_i w_j σ_i σ_j ρ_ij        interval m ± σ q,  q = Σ |w_i| σ_i q_i / Σ |w_i| σ_i
//! ```
//!
//! with σ_i the EWMA volatility that scales a holding's interval, ρ the correlation of daily returns over the last 252
//! common bars and q_i the half-width of its interval in units of σ_i. A single holding has its own interval. Holdings
//! with too few bars in common have no correlation, and their whole no volatility: unknown is not uncorrelated.

use std::collections::BTreeMap;

use tickmesh_proto::types::Timestamp;
use tickmesh_stats::pearson;

use crate::conformal::Interval;
use crate::forecast::Forecast;
use crate::history::DailyBar;

/// Common bars over which returns are correlated.
pub const CORRELATED: usize = 252;

/// Fewest common returns over which a correlation says anything.
pub const MIN_RETURNS: usize = 30;

/// The weighted whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Whole {
    /// Weighted expectation of the return.
    pub expected: f64,
    /// Daily returns that all holdings have in common, [`CORRELATED`] at most.
    pub returns: usize,
    /// How it moves; none for several holdings with fewer than [`MIN_RETURNS`] returns in common.
    pub risk: Option<Risk>,
}

/// How a portfolio moves.
#[derive(Clone, Debug, PartialEq)]
pub struct Risk {
    /// Standard deviation of the return.
    pub volatility: f64,
    /// Interval of the return.
    pub interval: Interval,
    /// Correlation matrix, row by row.
    pub correlation: Vec<Vec<f64>>,
}

/// Puts holdings together: weights, forecasts and bars in one order. None when a figure is
/// beyond what a number can hold.
///
/// # Panics
/// When their numbers differ.
#[must_use]
pub fn whole(weights: &[f64], forecasts: &[Forecast], bars: &[Vec<DailyBar>]) -> Option<Whole> {
    assert!(weights.len() == forecasts.len() && weights.len() == bars.len(), "one of each a holding");
    let returns = common_returns(bars);
    let common = returns.first().map_or(0, Vec::len);
    let expected: f64 = weights.iter().zip(forecasts).map(|(w, forecast)| w * forecast.expected).sum();
    let known = common >= MIN_RETURNS || weights.len() == 1;
    let risk = known.then(|| risk(expected, weights, forecasts, correlations(&returns)));
    let finite = risk.as_ref().is_none_or(|risk| risk.volatility.is_finite() && risk.interval.width().is_finite());
    (expected.is_finite() && finite).then_some(Whole { expected, returns: common, risk })
}

fn risk(expected: f64, weights: &[f64], forecasts: &[Forecast], correlation: Vec<Vec<f64>>) -> Risk {
    let risks: Vec<f64> = weights.iter().zip(forecasts).map(|(w, forecast)| w * forecast.sigma).collect();
    let variance = quadratic(&risks, &correlation);
    // Rounding may leave a hedged portfolio a little below 0; what is not a number stays one.
    let volatility = if variance < 0.0 { 0.0 } else { variance.sqrt() };
    let half = volatility * half_width(&risks, forecasts);
    Risk { volatility, interval: Interval { lower: expected - half, upper: expected + half }, correlation }
}

/// Half-width of the holdings' intervals in units of σ, weighted by their share of the risk.
fn half_width(risks: &[f64], forecasts: &[Forecast]) -> f64 {
    let own = |forecast: &Forecast| forecast.interval.width() / 2.0 / forecast.sigma;
    let total: f64 = risks.iter().map(|risk| risk.abs()).sum();
    let weighted: f64 = risks.iter().zip(forecasts).map(|(risk, forecast)| risk.abs() * own(forecast)).sum();
    if total > 0.0 { weighted / total } else { 0.0 }
}

/// `rᵀ ρ r`.
fn quadratic(r: &[f64], correlation: &[Vec<f64>]) -> f64 {
    r.iter().zip(correlation).map(|(a, row)| a * r.iter().zip(row).map(|(b, rho)| b * rho).sum::<f64>()).sum()
}

/// Daily returns of each holding between the last [`CORRELATED`] + 1 bars that all of them have.
fn common_returns(bars: &[Vec<DailyBar>]) -> Vec<Vec<f64>> {
    let mut counts = BTreeMap::<Timestamp, usize>::new();
    bars.iter().flatten().for_each(|bar| *counts.entry(bar.time()).or_default() += 1);
    let common: Vec<Timestamp> =
        counts.into_iter().filter(|(_, count)| *count == bars.len()).map(|(time, _)| time).collect();
    let newest = &common[common.len().saturating_sub(CORRELATED + 1)..];
    let returns = |bars: &Vec<DailyBar>| {
        let kept: Vec<&DailyBar> = bars.iter().filter(|bar| newest.binary_search(&bar.time()).is_ok()).collect();
        kept.windows(2).map(|pair| pair[0].return_to(pair[1])).collect()
    };
    bars.iter().map(returns).collect()
}

/// Pearson correlations; 0 where a price did not move.
fn correlations(returns: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let between = |i: usize, j: usize| if i == j { 1.0 } else { pearson(&returns[i], &returns[j]).unwrap_or(0.0) };
    (0..returns.len()).map(|i| (0..returns.len()).map(|j| between(i.min(j), i.max(j))).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::{Archive, Engine};
    use crate::testing;

    fn holdings() -> (Vec<Forecast>, Vec<Vec<DailyBar>>) {
        let (histories, champions) = testing::small();
        let mut engine = Engine::new(Default::default(), champions, Archive::default());
        engine.take(testing::stream(&histories), "");
        let board = engine.board();
        let latest = board.symbols.values().map(|standing| standing.latest.as_deref().cloned().unwrap());
        (latest.collect(), histories.values().map(|history| history.bars().to_vec()).collect())
    }

    #[test]
    fn a_single_holding_has_its_own_forecast() {
        let (forecasts, bars) = holdings();
        let whole = whole(&[1.0], &forecasts[..1], &bars[..1]).unwrap();
        assert!((whole.expected - forecasts[0].expected).abs() < 1e-15);
        let risk = whole.risk.unwrap();
        assert!((risk.volatility - forecasts[0].sigma).abs() < 1e-15);
        assert!((risk.interval.lower - forecasts[0].interval.lower).abs() < 1e-12);
        assert_eq!(risk.correlation, [[1.0]]);
    }

    #[test]
    fn spreading_over_independent_walks_lowers_the_risk() {
        let (forecasts, bars) = holdings();
        let both = whole(&[0.5, 0.5], &forecasts, &bars).unwrap().risk.unwrap();
        assert!(both.correlation[0][1].abs() < 0.2, "two seeds of a random walk");
        assert_eq!(both.correlation[0][1], both.correlation[1][0]);
        let weighted = f64::midpoint(forecasts[0].sigma, forecasts[1].sigma);
        assert!(both.volatility < 0.85 * weighted);
    }

    #[test]
    fn holdings_that_were_hardly_traded_on_the_same_days_have_no_common_risk() {
        let (forecasts, mut bars) = holdings();
        bars[0].truncate(100);
        bars[1].drain(..80);
        let apart = whole(&[0.5, 0.5], &forecasts, &bars).unwrap();
        assert_eq!((apart.returns, apart.risk), (19, None), "unknown is not uncorrelated");
        assert!((apart.expected - f64::midpoint(forecasts[0].expected, forecasts[1].expected)).abs() < 1e-15);
    }

    #[test]
    fn figures_beyond_all_numbers_are_none() {
        let (forecasts, bars) = holdings();
        assert_eq!(whole(&[1e300, -1e300], &forecasts, &bars), None);
    }
}
