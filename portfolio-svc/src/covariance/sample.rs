use crate::prices::Returns;

use super::Covariance;

/// The unbiased sample covariance a year: Σ = P / (n − 1) · Σₜ (rₜ − r̄)(rₜ − r̄)ᵀ. Equal to pandas' `cov() * P`.
///
/// Singular with fewer dates than assets: then prefer [`ledoit_wolf`](fn@super::ledoit_wolf).
///
/// ```
/// use portfolio_svc::{covariance::sample, prices::Returns};
/// let returns = Returns::of_prices(&[vec![100.0, 101.0, 99.99]])?;
/// assert!((sample(&returns, 252.0).variance(0) - 252.0 * 2.0 * 0.01f64.powi(2)).abs() < 1e-12);
/// # Ok::<(), portfolio_svc::prices::BadReturns>(())
/// ```
pub fn sample(returns: &Returns, periods: f64) -> Covariance {
    let (centred, _) = returns.centred();
    Covariance::gram(&centred, periods / (returns.dates() - 1) as f64)
}
