//! Ridge regression in closed form: the honest rival of the forest.
//!
//! With `Z` the features less their training means, divided by their training deviations (so that one `λ` suits all),
//!
//! ```text
//! minimise  |y - mean(y) - Z β|² + λ |β|²      ⇒      (Zᵀ Z + λ I) β = Zᵀ (y - mean(y))
//! ```
//!
//! (Hoerl and Kennard 1970), solved by Cholesky. The intercept is `mean(y)` and bears no penalty. An iterative solver
//! that also serves the lasso needs a thousand rounds here and may stop short; the closed form costs
//! `rows × features²` once and is exact.
//!
//! ```
//! use linfa::{Dataset, traits::Fit};
//! use model_svc::ridge::{Ridge, RidgeParams};
//! use ndarray::array;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let data = Dataset::new(array![[0.0], [1.0], [2.0], [3.0]], array![1.0, 3.0, 5.0, 7.0]);
//! let line: Ridge = RidgeParams::new(0.0).fit(&data)?;
//! assert!((line.predict_row(&[10.0]) - 21.0).abs() < 1e-12);
//!
//! let shrunk = RidgeParams::new(4.0).fit(&data)?;
//! assert!((shrunk.predict_row(&[1.5]) - 4.0).abs() < 1e-12, "the mean stays");
//! assert!(shrunk.predict_row(&[10.0]) < 21.0);
//! # Ok(())
//! # }
//! ```

mod codec;
mod error;
mod fit;
mod model;
mod params;
mod scaler;
#[cfg(test)]
mod tests;

pub use crate::forest::CorruptModel;
pub use error::RidgeError;
pub use model::Ridge;
pub use params::{RidgeParams, RidgeValidParams};
