//! Optimisers: from moments and limits to weights.
//!
//! | objective | formula | solver |
//! | --- | --- | --- |
//! | [`min_volatility`](fn@min_volatility) | min √(wᵀΣw) | Clarabel, quadratic programme |
//! | [`max_sharpe`](fn@max_sharpe) | max (μᵀw − r) / √(wᵀΣw) | Clarabel, after Charnes and Cooper's transform |
//! | [`target_return`](fn@target_return) | min √(wᵀΣw), μᵀw ≥ t | Clarabel, quadratic programme |
//! | [`target_volatility`](fn@target_volatility) | max μᵀw, √(wᵀΣw) ≤ t | Clarabel, second-order cone programme |
//! | [`risk_parity`](fn@risk_parity) | wᵢ(Σw)ᵢ equal for all i | argmin L-BFGS, polished by Newton's method |
//! | [`equal_weight`], [`inverse_volatility`] | 1/n, in proportion to 1/σᵢ | none |
//!
//! All weights sum to 1. Infeasible and not converged are outcomes, not errors: see [`Outcome`].

mod clash;
mod conic;
mod fixed;
mod frontier;
mod interrupt;
mod max_sharpe;
mod min_volatility;
mod objective;
mod outcome;
mod problem;
mod quadratic;
mod risk_parity;
mod target_return;
mod target_volatility;

pub use fixed::{equal_weight, inverse_volatility};
pub use frontier::frontier;
pub use interrupt::Interrupt;
pub use max_sharpe::max_sharpe;
pub(crate) use max_sharpe::sharpe;
pub use min_volatility::min_volatility;
pub use objective::Objective;
pub use outcome::{Outcome, Report, Status};
pub use problem::Problem;
pub use risk_parity::risk_parity;
pub use target_return::target_return;
pub use target_volatility::target_volatility;
