//! Covariance estimators. All are of simple returns, scaled to a year of P periods (252 for stocks, 365 for crypto).

mod exponential;
mod ledoit_wolf;
mod matrix;
mod sample;

pub use exponential::{SPAN, exponential};
pub use ledoit_wolf::ledoit_wolf;
pub use matrix::{BadCovariance, Covariance};
pub use sample::sample;
