use std::fmt;

use tickmesh_proto::types::Symbol;

/// A limit by the place in a request where it was set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    /// The least weight of all assets without their own.
    MinWeight,
    /// The greatest weight of all assets without their own.
    MaxWeight,
    /// An asset's own least weight.
    BoundMin(Symbol),
    /// An asset's own greatest weight.
    BoundMax(Symbol),
    /// A group's least sum.
    GroupMin(String),
    /// A group's greatest sum.
    GroupMax(String),
    /// The greatest turnover.
    MaxTurnover,
    /// The objective's target.
    Target,
    /// The rate that an expected return must exceed.
    RiskFreeRate,
    /// The objective itself, where it leaves no choice of weights.
    Objective,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MinWeight => f.write_str("min_weight"),
            Self::MaxWeight => f.write_str("max_weight"),
            Self::BoundMin(symbol) => write!(f, "bounds[{symbol}].min"),
            Self::BoundMax(symbol) => write!(f, "bounds[{symbol}].max"),
            Self::GroupMin(name) => write!(f, "groups[{name}].min"),
            Self::GroupMax(name) => write!(f, "groups[{name}].max"),
            Self::MaxTurnover => f.write_str("max_turnover"),
            Self::Target => f.write_str("target"),
            Self::RiskFreeRate => f.write_str("risk_free_rate"),
            Self::Objective => f.write_str("objective"),
        }
    }
}
