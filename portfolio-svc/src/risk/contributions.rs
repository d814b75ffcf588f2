use crate::covariance::Covariance;

/// Each asset's share of the portfolio's variance: wᵢ (Σ w)ᵢ / wᵀΣw. The shares sum to 1; all are 0 without variance.
///
/// Euler's decomposition of the volatility, which is homogeneous of degree 1 in the weights (Maillard, Roncalli and
/// Teiletche 2010).
///
/// ```
/// use faer::Mat;
/// use portfolio_svc::{covariance::Covariance, risk::contributions};
/// let covariance = Covariance::new(Mat::from_fn(2, 2, |i, j| [[0.01, 0.0], [0.0, 0.04]][i][j]))?;
/// assert!((contributions(&covariance, &[0.5, 0.5])[1] - 0.8).abs() < 1e-15);
/// # Ok::<(), portfolio_svc::covariance::BadCovariance>(())
/// ```
pub fn contributions(covariance: &Covariance, weights: &[f64]) -> Vec<f64> {
    let parts: Vec<f64> = covariance.times(weights).iter().zip(weights).map(|(sw, w)| w * sw).collect();
    let variance: f64 = parts.iter().sum();
    parts.iter().map(|part| if variance > 0.0 { part / variance } else { 0.0 }).collect()
}
