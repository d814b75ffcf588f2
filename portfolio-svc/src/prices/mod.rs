//! Adjusted closes of single instruments, and the window of returns that a set of them has in common.

mod day;
mod returns;
mod series;
mod window;

pub use day::Day;
pub use returns::{BadReturns, Returns};
pub use series::{Close, Series};
pub use window::{GONE_AFTER, LEAST_RETURNS, TooShort, Window};
