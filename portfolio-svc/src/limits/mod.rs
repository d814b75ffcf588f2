//! What weights are allowed: bounds of single assets, sums of groups, turnover. Weights always sum to 1.

mod builder;
mod name;
mod row;
mod sums;
mod weights;

pub use builder::{Builder, Defect};
pub use name::Name;
pub(crate) use row::Row;
pub(crate) use sums::Clash;
pub use weights::{BadWeights, Weights};

use tickmesh_proto::types::Symbol;

/// One side of an asset's bound, and whether it is its own or the common one.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Edge {
    value: f64,
    own: bool,
}

/// A limit on the sum of some assets' weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Shown when it clashes.
    pub name: String,
    /// The assets' places, ascending and distinct.
    pub members: Vec<usize>,
    /// Least sum.
    pub least: Option<f64>,
    /// Greatest sum.
    pub most: Option<f64>,
}

/// A limit on trading: half the sum of absolute changes from what is held.
#[derive(Clone, Debug, PartialEq)]
pub struct Turnover {
    /// The weights held, one for each asset; they need not sum to 1.
    pub held: Vec<f64>,
    /// The greatest turnover, at least 0.
    pub most: f64,
}

/// Checked limits on the weights of a list of assets.
///
/// Values are finite and every own pair is in order, but limits may still clash with one another: that is for the
/// optimiser to find and to name.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    symbols: Vec<Symbol>,
    lower: Vec<Edge>,
    upper: Vec<Edge>,
    groups: Vec<Group>,
    turnover: Option<Turnover>,
}

impl Limits {
    /// Long only: each weight from 0 to 1.
    ///
    /// # Panics
    /// If there is no symbol or one stands twice.
    pub fn long_only(symbols: Vec<Symbol>) -> Self {
        Builder::new(symbols).finish().expect("the caller gives distinct symbols")
    }

    /// The assets.
    pub fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }

    /// Number of assets.
    pub fn assets(&self) -> usize {
        self.symbols.len()
    }

    /// The least and greatest weight of one asset.
    pub fn bounds(&self, asset: usize) -> (f64, f64) {
        (self.lower[asset].value, self.upper[asset].value)
    }

    /// The limit on trading, if any.
    pub fn turnover(&self) -> Option<&Turnover> {
        self.turnover.as_ref()
    }

    /// The same limits with a limit on trading.
    ///
    /// # Panics
    /// If there is not one held weight for each asset.
    #[must_use]
    pub fn with_turnover(self, turnover: Turnover) -> Self {
        assert_eq!(turnover.held.len(), self.assets(), "one held weight for each asset");
        Self { turnover: Some(turnover), ..self }
    }

    /// The names of the limits that `weights` break by more than `tolerance`.
    pub fn broken_by(&self, weights: &[f64], tolerance: f64) -> Vec<Name> {
        let mut x = weights.to_vec();
        if let Some(Turnover { held, .. }) = &self.turnover {
            x.extend(weights.iter().zip(held).map(|(w, h)| (w - h).abs()));
        }
        let mut names: Vec<Name> =
            self.rows().into_iter().filter(|r| r.excess(&x) > tolerance).filter_map(|r| r.name).collect();
        names.dedup();
        names
    }
}
