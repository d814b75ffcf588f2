//! A request to optimise, checked, and the allocation that it leads to. Pure: prices and forecasts are arguments.

mod allocate;
mod allocation;
mod estimate;
mod held;
mod insight;

pub use allocate::{Inputs, allocate, efficient};
pub use allocation::Allocation;
pub use estimate::{CovarianceMethod, ExpectedMethod, Periods};
pub use held::Held;
pub use insight::Insight;

use tickmesh_proto::types::{Symbol, Timestamp};

use crate::limits::{Builder, Defect, Limits};
use crate::optimise::Objective;

/// The returns to look back over when a request does not say.
pub const DEFAULT_LOOKBACK: usize = 504;

/// What to optimise, in checked values.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The symbols in the order asked for; empty means all.
    pub symbols: Vec<Symbol>,
    /// What to seek.
    pub objective: Objective,
    /// Where expected returns come from.
    pub expected: ExpectedMethod,
    /// How the covariance is estimated.
    pub covariance: CovarianceMethod,
    /// Returns to look back over.
    pub lookback: usize,
    /// Use what was known at this moment; `None` means the newest bar.
    pub as_of: Option<Timestamp>,
    /// Risk-free rate a year.
    pub risk_free: f64,
    /// Limits on the weights.
    pub constraints: Constraints,
    /// What is held now, if the request says so.
    pub held: Option<Held>,
}

/// Limits as a client states them, by symbol.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Constraints {
    /// Least weight of each symbol without its own.
    pub min_weight: Option<f64>,
    /// Greatest weight of each symbol without its own.
    pub max_weight: Option<f64>,
    /// Limits of single symbols.
    pub bounds: Vec<Bound>,
    /// Limits on sums.
    pub groups: Vec<Group>,
    /// Greatest turnover from what is held.
    pub max_turnover: Option<f64>,
}

/// Own limits of one symbol, as a client states them.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// The symbol.
    pub symbol: String,
    /// Least weight.
    pub min: Option<f64>,
    /// Greatest weight.
    pub max: Option<f64>,
}

/// Limits on a sum of weights, as a client states them.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Shown when it clashes.
    pub name: String,
    /// Whose weights are summed.
    pub symbols: Vec<String>,
    /// Least sum.
    pub min: Option<f64>,
    /// Greatest sum.
    pub max: Option<f64>,
}

impl Constraints {
    /// The limits on these symbols, turnover left out: what is held is known later.
    ///
    /// # Errors
    /// With everything that is wrong.
    pub fn limits(&self, symbols: &[Symbol]) -> Result<Limits, Vec<Defect>> {
        let mut builder = Builder::new(symbols.to_vec()).common(self.min_weight, self.max_weight);
        for Bound { symbol, min, max } in &self.bounds {
            builder = builder.bound(symbol, *min, *max);
        }
        for Group { name, symbols, min, max } in &self.groups {
            builder = builder.group(name, symbols, *min, *max);
        }
        builder.finish()
    }

    /// Lets go of the limits of symbols that are left out, which weigh 0 whatever they say; and of groups that have no
    /// others.
    #[must_use]
    pub fn without(mut self, left_out: &[Symbol]) -> Self {
        let stays = |symbol: &str| left_out.iter().all(|left_out| left_out.as_str() != symbol);
        self.bounds.retain(|bound| stays(&bound.symbol));
        self.groups.retain_mut(|group| {
            let meant_any = !group.symbols.is_empty();
            group.symbols.retain(|symbol| stays(symbol));
            !(meant_any && group.symbols.is_empty())
        });
        self
    }
}

impl Plan {
    /// The same for those that remain when some symbols are left out.
    #[must_use]
    pub fn without(self, left_out: &[Symbol]) -> Self {
        Self { constraints: self.constraints.without(left_out), ..self }
    }

    /// The live allocations' plan: least volatility of all symbols, with a turnover of at most `max_turnover` a day.
    pub fn live(max_turnover: f64) -> Self {
        Self {
            symbols: Vec::new(),
            objective: Objective::MinVolatility,
            expected: ExpectedMethod::Historical,
            covariance: CovarianceMethod::LedoitWolf,
            lookback: DEFAULT_LOOKBACK,
            as_of: None,
            risk_free: 0.0,
            constraints: Constraints { max_turnover: Some(max_turnover), ..Constraints::default() },
            held: None,
        }
    }
}
