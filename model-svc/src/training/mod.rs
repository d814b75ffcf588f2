//! Training of one model per symbol, as a plan of independent units of work.
//!
//! ```text
//! bars ─▶ Dataset per symbol ─▶ Plan ─▶ units: (symbol, fold) … (symbol, final fit)      on the compute pool
//!                                         │
//!                       pairs (ŷ, r) of all folds and symbols ─▶ calibration, residual pool, figures ─▶ Trained
//! ```
//!
//! Everything here is a function of bars, parameters and seed: no clock, no randomness of its own, the same result for
//! any number of threads and any order in which units finish.

mod plan;
mod suspicion;
#[cfg(test)]
mod tests;
mod validation;

pub use plan::{Done, Plan, Skip, Trained, Unit, Validation};

use crate::family::Spec;

/// Fewest labelled rows that a model is trained on.
pub const MIN_ROWS: usize = 300;

/// What to train.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Order {
    /// Family and hyper-parameters.
    pub spec: Spec,
    /// Walk-forward folds, 2 to 20.
    pub folds: usize,
    /// Seed of all randomness.
    pub seed: u64,
    /// Bars ahead.
    pub horizon: usize,
}

impl Default for Order {
    fn default() -> Self {
        Self { spec: Spec::default(), folds: 5, seed: 42, horizon: 1 }
    }
}
