//! Prediction intervals that hold their coverage: normalised conformal, with a level that adapts.
//!
//! ```text
//! z_t = (r_t - m_t) / σ_t                       standardised residual, once the outcome is known
//! [m - σ q, m + σ q]                            q the conformal quantile of |z| over the latest 500, at level α
//! α ← α + 0.01 (0.10 - miss)                    when an outcome matures; clamped to [0.002, 0.5], each clamp counted
//! ```
//!
//! The pool begins with the residuals of walk-forward validation and then rolls on. The level follows Gibbs and Candès
//! (2021): whatever the data do, the long-run share of misses tends to the nominal one. That makes the marginal
//! coverage easy to meet, so width and coverage within terciles belong beside it.

use std::collections::VecDeque;
use std::sync::Arc;

use tickmesh_stats::conformal_quantile;

/// Residuals in the pool.
pub const POOL: usize = 500;
/// Nominal coverage of the interval.
pub const COVERAGE: f64 = 0.90;
/// Step of the level.
const STEP: f64 = 0.01;
/// The level stays in here, so that the interval is always finite.
const LEVELS: (f64, f64) = (0.002, 0.5);

/// An interval of a return.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

impl Interval {
    /// Whether the interval holds `outcome`; its ends belong to it.
    #[must_use]
    pub fn covers(&self, outcome: f64) -> bool {
        (self.lower..=self.upper).contains(&outcome)
    }

    /// Its width.
    #[must_use]
    pub fn width(&self) -> f64 {
        self.upper - self.lower
    }
}

/// The residual pool and the level: all that adapts as outcomes mature.
#[derive(Clone, Debug, PartialEq)]
pub struct Conformal {
    pool: VecDeque<f64>,
    level: f64,
    clamps: u64,
}

/// The shape of the next outcome about its expectation, in units of σ: a frozen view of the pool that forecasts share.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// Half-width of the interval.
    pub half_width: f64,
    /// The level α at which it was taken.
    pub level: f64,
    /// Residuals less their mean, ascending.
    centred: Arc<[f64]>,
    /// Mean of their squares.
    mean_square: f64,
}

impl Conformal {
    /// A pool that begins with the newest [`POOL`] of these residuals, oldest first, at the
    /// nominal level. None of none.
    #[must_use]
    pub fn new(residuals: &[f64]) -> Option<Self> {
        let newest = residuals.len().saturating_sub(POOL);
        let pool: VecDeque<f64> = residuals[newest..].iter().copied().collect();
        (!pool.is_empty()).then_some(Self { pool, level: 1.0 - COVERAGE, clamps: 0 })
    }

    /// Takes in the standardised residual of a matured outcome and whether its interval missed it.
    pub fn mature(&mut self, residual: f64, missed: bool) {
        let wanted = self.level + STEP * (1.0 - COVERAGE - f64::from(u8::from(missed)));
        self.level = wanted.clamp(LEVELS.0, LEVELS.1);
        self.clamps += u64::from(wanted != self.level);
        if self.pool.len() == POOL {
            self.pool.pop_front();
        }
        self.pool.push_back(residual);
    }

    /// Times that the level was held at its clamp.
    #[must_use]
    pub fn clamps(&self) -> u64 {
        self.clamps
    }

    /// The pool, oldest first.
    pub fn residuals(&self) -> impl Iterator<Item = f64> + '_ {
        self.pool.iter().copied()
    }

    /// Half-width of the next interval in units of σ.
    #[must_use]
    pub fn half_width(&self) -> f64 {
        let mut scores: Vec<f64> = self.pool.iter().map(|z| z.abs()).collect();
        conformal_quantile(&mut scores, self.level).expect("the pool is never empty")
    }

    /// The view that the next forecast uses.
    #[must_use]
    pub fn spread(&self) -> Spread {
        let n = self.pool.len() as f64;
        let mean = self.pool.iter().sum::<f64>() / n;
        let mut centred: Vec<f64> = self.pool.iter().map(|z| z - mean).collect();
        centred.sort_unstable_by(f64::total_cmp);
        let mean_square = centred.iter().map(|z| z * z).sum::<f64>() / n;
        Spread { half_width: self.half_width(), level: self.level, centred: centred.into(), mean_square }
    }
}

impl Spread {
    /// The prediction interval about an expectation `m` with volatility `sigma`.
    #[must_use]
    pub fn interval(&self, m: f64, sigma: f64) -> Interval {
        let half = sigma * self.half_width;
        Interval { lower: m - half, upper: m + half }
    }

    /// Probability that `m + sigma z` is above `threshold`, z drawn from the centred residuals.
    #[must_use]
    pub fn probability_above(&self, threshold: f64, m: f64, sigma: f64) -> f64 {
        let at_or_below = self.centred.partition_point(|z| m + sigma * z <= threshold);
        (self.centred.len() - at_or_below) as f64 / self.centred.len() as f64
    }

    /// Probability that `m + sigma z` is below `threshold`.
    #[must_use]
    pub fn probability_below(&self, threshold: f64, m: f64, sigma: f64) -> f64 {
        self.centred.partition_point(|z| m + sigma * z < threshold) as f64 / self.centred.len() as f64
    }

    /// Expectation of the square of `m + sigma z`.
    #[must_use]
    pub fn second_moment(&self, m: f64, sigma: f64) -> f64 {
        m * m + sigma * sigma * self.mean_square
    }

    /// The centred residuals, ascending.
    #[must_use]
    pub fn centred(&self) -> &[f64] {
        &self.centred
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{Rng, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;

    #[test]
    fn the_level_follows_gibbs_and_candes() {
        let mut conformal = Conformal::new(&[1.0; 50]).unwrap();
        conformal.mature(0.0, true);
        assert!((conformal.spread().level - (0.10 + 0.01 * (0.10 - 1.0))).abs() < 1e-15);
        conformal.mature(0.0, false);
        assert!((conformal.spread().level - (0.091 + 0.001)).abs() < 1e-15);
    }

    #[test]
    fn clamps_are_counted_and_keep_the_interval_finite() {
        let mut conformal = Conformal::new(&[1.0; 50]).unwrap();
        (0..40).for_each(|_| conformal.mature(9.0, true));
        assert_eq!(conformal.spread().level, 0.002);
        // 0.1 − 10 × 0.009 = 0.01, the eleventh miss would lead to 0.001.
        assert_eq!(conformal.clamps(), 30);
        assert_eq!(conformal.spread().half_width, 9.0);
    }

    #[test]
    fn the_pool_rolls() {
        let residuals: Vec<f64> = (0..700).map(f64::from).collect();
        let mut conformal = Conformal::new(&residuals).unwrap();
        conformal.mature(-1.0, false);
        let pool: Vec<f64> = conformal.residuals().collect();
        assert_eq!((pool.len(), pool[0], pool[499]), (500, 201.0, -1.0));
        assert_eq!(Conformal::new(&[]), None);
    }

    #[test]
    fn probabilities_count_the_residuals() {
        let spread = Conformal::new(&[-2.0, -1.0, 0.0, 3.0]).unwrap().spread();
        assert_eq!(spread.probability_above(0.0, 0.0, 0.01), 0.25);
        assert_eq!(spread.probability_below(0.0, 0.0, 0.01), 0.5);
        assert_eq!(spread.probability_above(0.0, 0.015, 0.01), 0.75);
        assert!((spread.second_moment(0.1, 0.01) - (0.01 + 1e-4 * 3.5)).abs() < 1e-15);
    }

    /// A jump in volatility that σ does not know of: the level brings coverage back.
    #[test]
    fn coverage_holds_through_a_change_that_nobody_announced() {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(3);
        let mut normal = || (0..12).map(|_| random.r#gen::<f64>()).sum::<f64>() - 6.0;
        let mut conformal = Conformal::new(&(0..500).map(|_| normal()).collect::<Vec<_>>()).unwrap();
        let mut missed = 0;
        for t in 0..2000 {
            let outcome = normal() * if t < 1000 { 1.0 } else { 2.5 };
            let miss = !conformal.spread().interval(0.0, 1.0).covers(outcome);
            missed += u32::from(miss);
            conformal.mature(outcome, miss);
        }
        assert!((f64::from(missed) / 2000.0 - 0.10).abs() < 0.02, "{missed}");
    }

    proptest! {
        #[test]
        fn the_three_outcomes_share_all_probability(
            pool in prop::collection::vec(-4.0..4.0_f64, 1..80), m in -0.01..0.01_f64, cost in 0.0..0.01_f64,
        ) {
            let spread = Conformal::new(&pool).unwrap().spread();
            let (above, below) = (spread.probability_above(cost, m, 0.01), spread.probability_below(-cost, m, 0.01));
            prop_assert!(above >= 0.0 && below >= 0.0 && above + below <= 1.0);
            prop_assert!(spread.probability_above(0.0, m, 0.01) >= above);
        }
    }
}
