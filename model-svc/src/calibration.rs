//! From a model's own output to an expected return.
//!
//! Raw forecasts of returns are several times too bold. `m = a + b (ŷ - mean ŷ)` is fitted on
//! walk-forward out-of-sample pairs `(ŷ, r)`: one slope for all symbols, since one symbol's is lost in
//! its error, and a drift for each.
//!
//! ```text
//! w_i = 1 / σ_i²                                              volatility-weighted: a calm day tells more
//! b   = Σ_s Σ_i w (ŷ - ȳ_s)(r - r̄_s) / Σ_s Σ_i w (ŷ - ȳ_s)²   clipped to [0, 1]; 0 when no symbol's ŷ varies
//! a_s = (r̄_s + r̄) / 2                                         the symbol's mean shrunk half-way to the pooled one
//! ```
//!
//! with `ȳ_s`, `r̄_s` the weighted means of symbol s and `r̄` that of all pairs.

use serde::{Deserialize, Serialize};
use tickmesh_proto::types::Timestamp;

/// A forecast made out of sample, and what happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// When the forecast was made.
    pub time: Timestamp,
    /// The model's own output `ŷ`, a return.
    pub raw: f64,
    /// The outcome `r`, a return.
    pub outcome: f64,
    /// The volatility known when it was made, > 0.
    pub sigma: f64,
    /// The adjusted close from which the return counts.
    pub close: f64,
}

/// What calibration needs of one symbol's pairs: weighted means and sums of products about them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SymbolFit {
    weight: f64,
    mean_raw: f64,
    mean_outcome: f64,
    raw_raw: f64,
    raw_outcome: f64,
}

/// The map from a raw forecast to an expected return.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Drift `a`, a return.
    pub drift: f64,
    /// Slope `b`, 0 to 1.
    pub slope: f64,
    /// The raw forecast at which the expected return is the drift.
    pub centre: f64,
}

impl SymbolFit {
    /// Sums over pairs; none of none.
    #[must_use]
    pub fn of(pairs: &[Pair]) -> Option<Self> {
        let weigh = |pair: &Pair| pair.sigma.powi(-2);
        let weight: f64 = pairs.iter().map(weigh).sum();
        if weight <= 0.0 {
            return None;
        }
        let weighted = |value: &dyn Fn(&Pair) -> f64| pairs.iter().map(|pair| weigh(pair) * value(pair)).sum::<f64>();
        let mean_raw = weighted(&|pair| pair.raw) / weight;
        let mean_outcome = weighted(&|pair| pair.outcome) / weight;
        let raw_raw = weighted(&|pair| (pair.raw - mean_raw).powi(2));
        let raw_outcome = weighted(&|pair| (pair.raw - mean_raw) * (pair.outcome - mean_outcome));
        Some(Self { weight, mean_raw, mean_outcome, raw_raw, raw_outcome })
    }
}

impl Calibration {
    /// The calibration of the symbol behind `own`, pooled over `all` symbols, its own among them.
    #[must_use]
    pub fn pooled(own: &SymbolFit, all: &[SymbolFit]) -> Self {
        let sum = |value: fn(&SymbolFit) -> f64| all.iter().map(value).sum::<f64>();
        let raw_raw = sum(|fit| fit.raw_raw);
        let slope = if raw_raw > 0.0 { (sum(|fit| fit.raw_outcome) / raw_raw).clamp(0.0, 1.0) } else { 0.0 };
        let pooled_mean = sum(|fit| fit.weight * fit.mean_outcome) / sum(|fit| fit.weight);
        Self { drift: f64::midpoint(own.mean_outcome, pooled_mean), slope, centre: own.mean_raw }
    }

    /// The expected return of a raw forecast.
    #[must_use]
    pub fn apply(&self, raw: f64) -> f64 {
        // Written so that a slope of zero gives the drift to the last bit.
        self.drift + self.slope * (raw - self.centre)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Outcomes that follow the raw forecast by `slope` about `mean`, without noise.
    fn pairs(slope: f64, mean: f64) -> Vec<Pair> {
        let pair = |i: i32| {
            let raw = f64::from(i % 21 - 10) * 1e-3;
            let sigma = 0.01 * f64::from(1 + i % 2);
            Pair { time: Timestamp::from_nanos(i64::from(i)), raw, outcome: mean + slope * raw, sigma, close: 1.0 }
        };
        (0..210).map(pair).collect()
    }

    fn calibrate(symbols: &[Vec<Pair>]) -> Vec<Calibration> {
        let fits: Vec<SymbolFit> = symbols.iter().map(|pairs| SymbolFit::of(pairs).unwrap()).collect();
        fits.iter().map(|own| Calibration::pooled(own, &fits)).collect()
    }

    #[test]
    fn finds_the_slope_and_shrinks_the_mean_half_way() {
        let calibrations = calibrate(&[pairs(0.3, 0.001), pairs(0.3, 0.003)]);
        assert!(calibrations.iter().all(|c| (c.slope - 0.3).abs() < 1e-12));
        // Means 0.001 and 0.003 pool to 0.002.
        assert!((calibrations[0].drift - 0.0015).abs() < 1e-12, "{calibrations:?}");
        assert!((calibrations[1].drift - 0.0025).abs() < 1e-12, "{calibrations:?}");
    }

    #[test]
    fn the_slope_is_clipped_at_both_ends() {
        assert_eq!(calibrate(&[pairs(-0.5, 0.0)])[0].slope, 0.0);
        assert_eq!(calibrate(&[pairs(1.7, 0.0)])[0].slope, 1.0);
    }

    #[test]
    fn a_constant_forecast_is_worth_its_drift() {
        let flat: Vec<Pair> = pairs(0.0, 0.002).into_iter().map(|pair| Pair { raw: 0.5, ..pair }).collect();
        let calibration = calibrate(&[flat])[0];
        assert_eq!(calibration.slope, 0.0);
        assert_eq!(calibration.apply(123.0), calibration.drift);
    }

    #[test]
    fn calm_days_weigh_more() {
        let at = |outcome, sigma| Pair { time: Timestamp::MIN, raw: 0.0, outcome, sigma, close: 1.0 };
        let fit = SymbolFit::of(&[at(0.01, 0.01), at(-0.01, 0.03)]).unwrap();
        assert!((fit.mean_outcome - 0.008).abs() < 1e-15, "weights 9 : 1");
        assert_eq!(SymbolFit::of(&[]), None);
    }

    proptest! {
        #[test]
        fn the_unit_of_the_raw_forecast_does_not_matter(scale in 0.1..10.0_f64) {
            let own = pairs(0.01, 0.001);
            let scaled: Vec<Pair> = own.iter().map(|pair| Pair { raw: pair.raw * scale, ..*pair }).collect();
            let (own, scaled) = (calibrate(&[own])[0], calibrate(&[scaled])[0]);
            prop_assert!((own.apply(0.004) - scaled.apply(0.004 * scale)).abs() < 1e-12);
        }
    }
}
