//! Expected returns: what each asset is thought to earn in a year, as a fraction.

mod black_litterman;
mod exponential;
mod forecast;
mod historical;

pub use black_litterman::{View, black_litterman};
pub use exponential::{SPAN, exponential};
pub use forecast::{Forecast, forecast, prior};
pub use historical::historical;
