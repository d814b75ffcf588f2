//! The forecast of a portfolio: the weighted whole of its holdings' forecasts.
//!
//! ```text
//! m = Σ w_i m_i        σ² = Σ_ij w_i w_j σ_i σ_j ρ_ij        interval m ± σ q,  q = Σ |w_i| σ_i q_i / Σ |w_i| σ_i
//! ```
//!
//! with σ_i the EWMA volatility that scales a holding's interval, ρ the correlation of daily returns over the last 252
//! common bars and q_i the half-width of its interval in units of σ_i. A single holding has its own interval.

use std::collections::BTreeMap;

use tickmesh_proto::types::Timestamp;
use tickmesh_stats::pearson;

use crate::conformal::Interval;
use crate::forecast::Forecast;
use crate::history::DailyBar;

/// Common bars over which returns are correlated.
pub const CORRELATED: usize = 252;

/// The weighted whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Whole {
    /// Weighted expectation of the return.
    pub expected: f64,
    /// Standard deviation of the return.
    pub volatility: f64,
    /// Interval of the return.
    pub interval: Interval,
    /// Correlation matrix, row by row.
    pub correlation: Vec<Vec<f64>>,
}

/// Puts holdings together: weights, forecasts and bars in one order.
///
/// # Panics
/// When their numbers differ.
#[must_use]
pub fn whole(weights: &[f64], forecasts: &[Forecast], bars: &[Vec<DailyBar>]) -> Whole {
    assert!(weights.len() == forecasts.len() && weights.len() == bars.len(), "one of each a holding");
    let correlation = correlations(&common_returns(bars));
    let expected = weights.iter().zip(forecasts).map(|(w, forecast)| w * forecast.expected).sum();
    let risks: Vec<f64> = weights.iter().zip(forecasts).map(|(w, forecast)| w * forecast.sigma).collect();
    let volatility = quadratic(&risks, &correlation).max(0.0).sqrt();
    let half = volatility * half_width(&risks, forecasts);
    Whole { expected, volatility, interval: Interval { lower: expected - half, upper: expected + half }, correlation }
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
        let whole = whole(&[1.0], &forecasts[..1], &bars[..1]);
        assert!((whole.expected - forecasts[0].expected).abs() < 1e-15);
        assert!((whole.volatility - forecasts[0].sigma).abs() < 1e-15);
        assert!((whole.interval.lower - forecasts[0].interval.lower).abs() < 1e-12);
        assert_eq!(whole.correlation, [[1.0]]);
    }

    #[test]
    fn spreading_over_independent_walks_lowers_the_risk() {
        let (forecasts, bars) = holdings();
        let both = whole(&[0.5, 0.5], &forecasts, &bars);
        assert!(both.correlation[0][1].abs() < 0.2, "two seeds of a random walk");
        assert_eq!(both.correlation[0][1], both.correlation[1][0]);
        let weighted = f64::midpoint(forecasts[0].sigma, forecasts[1].sigma);
        assert!(both.volatility < 0.85 * weighted);
    }
}
