use crate::limits::Weights;
use crate::optimise::{Problem, sharpe};
use crate::prices::Returns;

use super::{Tail, contributions, tail};

/// A portfolio's figures. Returns and volatility are fractions a year.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// μᵀ w.
    pub expected_return: f64,
    /// √(wᵀ Σ w).
    pub volatility: f64,
    /// (μᵀ w − r) / √(wᵀ Σ w); absent without volatility.
    pub sharpe: Option<f64>,
    /// One-day losses at 95 %, from the returns of the lookback.
    pub tail: Option<Tail>,
    /// Each asset's share of the variance.
    pub contributions: Vec<f64>,
}

impl Figures {
    /// The figures of `weights` under the moments of `problem`, with the tail from `returns`.
    pub fn of(problem: &Problem, returns: &Returns, weights: &Weights) -> Self {
        let w = weights.as_slice();
        Self {
            expected_return: problem.expected().iter().zip(w).map(|(mu, w)| mu * w).sum(),
            volatility: problem.covariance().quadratic(w).sqrt(),
            sharpe: sharpe(problem, w),
            tail: tail(&returns.of_portfolio(w)),
            contributions: contributions(problem.covariance(), w),
        }
    }
}
