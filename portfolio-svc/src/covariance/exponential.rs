use faer::Mat;

use crate::prices::Returns;

use super::Covariance;

/// Span of the exponentially weighted covariance, in returns: α = 2 / (span + 1).
pub const SPAN: f64 = 180.0;

/// The exponentially weighted covariance a year, equal to the last matrix of pandas' `ewm(span=180).cov() * P`.
///
/// ```text
/// wₜ = (1 − α)^(n − t),  α = 2 / 181
/// r̄ = Σ wₜ rₜ / Σ wₜ
/// Σ = P · (Σw)² / ((Σw)² − Σw²) · Σ wₜ (rₜ − r̄)(rₜ − r̄)ᵀ / Σw
/// ```
///
/// ```
/// use portfolio_svc::{covariance::{exponential, sample}, prices::Returns};
/// // On two dates the weights cancel: the unbiased estimate is the sample covariance.
/// let returns = Returns::of_prices(&[vec![100.0, 101.0, 99.99]])?;
/// assert!((exponential(&returns, 252.0).variance(0) - sample(&returns, 252.0).variance(0)).abs() < 1e-9);
/// # Ok::<(), portfolio_svc::prices::BadReturns>(())
/// ```
pub fn exponential(returns: &Returns, periods: f64) -> Covariance {
    let weights = weights(returns.dates());
    let total: f64 = weights.iter().sum();
    let squares: f64 = weights.iter().map(|w| w * w).sum();
    let weighted = |i: usize| returns.asset(i).iter().zip(&weights).map(|(r, w)| r * w).sum::<f64>() / total;
    let means: Vec<f64> = (0..returns.assets()).map(weighted).collect();
    let values = returns.matrix();
    let data = Mat::from_fn(returns.dates(), returns.assets(), |t, i| weights[t].sqrt() * (values[(t, i)] - means[i]));
    Covariance::gram(&data, periods * total / (total * total - squares))
}

/// The newest return weighs 1.
fn weights(dates: usize) -> Vec<f64> {
    let decay: f64 = 1.0 - 2.0 / (SPAN + 1.0);
    (0..dates).map(|t| decay.powi(i32::try_from(dates - 1 - t).unwrap_or(i32::MAX))).collect()
}
