use super::{Outcome, Problem};

/// What to seek.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Objective {
    /// Least volatility.
    MinVolatility,
    /// Greatest Sharpe ratio.
    MaxSharpe,
    /// Least volatility with at least this return a year.
    TargetReturn(f64),
    /// Greatest expected return with at most this volatility a year.
    TargetVolatility(f64),
    /// Equal risk contributions.
    RiskParity,
    /// The same weight for each.
    EqualWeight,
    /// In proportion to 1 / volatility.
    InverseVolatility,
}

impl Objective {
    /// Optimises a problem for this objective.
    pub fn optimise(self, problem: &Problem) -> Outcome {
        match self {
            Self::MinVolatility => super::min_volatility(problem),
            Self::MaxSharpe => super::max_sharpe(problem),
            Self::TargetReturn(least) => super::target_return(problem, least),
            Self::TargetVolatility(most) => super::target_volatility(problem, most),
            Self::RiskParity => super::risk_parity(problem),
            Self::EqualWeight => super::equal_weight(problem),
            Self::InverseVolatility => super::inverse_volatility(problem),
        }
    }
}
