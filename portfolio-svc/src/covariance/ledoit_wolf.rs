use faer::Mat;

use crate::prices::Returns;

use super::Covariance;

/// The covariance a year, shrunk to a scaled identity by the amount that minimises the expected squared error.
///
/// ```text
/// S = XᵀX / n            centred, 1/n
/// m = tr S / p
/// d² = ‖S − m I‖² / p
/// b² = min(d², Σₜ ‖xₜxₜᵀ − S‖² / (p n²))
/// Σ = P · ((1 − b²/d²) S + b²/d² m I)
/// ```
///
/// Ledoit and Wolf 2004, "A well-conditioned estimator for large-dimensional covariance matrices". Equal to
/// scikit-learn's `ledoit_wolf(X)[0] * P`. Positive definite even with fewer dates than assets.
///
/// ```
/// use portfolio_svc::{covariance::ledoit_wolf, prices::Returns};
/// let returns = Returns::of_prices(&[vec![100.0, 101.0, 99.0, 100.0], vec![50.0, 51.0, 50.0, 51.0]])?;
/// let covariance = ledoit_wolf(&returns, 252.0);
/// let correlation = covariance.matrix()[(0, 1)] / (covariance.variance(0) * covariance.variance(1)).sqrt();
/// assert!(correlation > 0.0 && correlation < 0.97); // 0.97 before shrinking
/// # Ok::<(), portfolio_svc::prices::BadReturns>(())
/// ```
pub fn ledoit_wolf(returns: &Returns, periods: f64) -> Covariance {
    let (centred, _) = returns.centred();
    let empirical = Covariance::gram(&centred, 1.0 / returns.dates() as f64);
    let target = empirical.mean_variance();
    let shrinkage = shrinkage(&centred, &empirical, target);
    let entry = |i: usize, j: usize| {
        let shrunk = (1.0 - shrinkage) * empirical.matrix()[(i, j)];
        periods * if i == j { shrunk + shrinkage * target } else { shrunk }
    };
    Covariance::new(Mat::from_fn(returns.assets(), returns.assets(), entry))
        .expect("a mean of a covariance and an identity is a covariance")
}

/// b² / d², 0 to 1.
fn shrinkage(centred: &Mat<f64>, empirical: &Covariance, target: f64) -> f64 {
    let (n, p) = (centred.nrows() as f64, centred.ncols() as f64);
    let squares = empirical.matrix().squared_norm_l2();
    let lengths = (0..centred.nrows()).map(|t| centred.row(t).squared_norm_l2());
    let spread = lengths.map(|length| length * length).sum::<f64>() / n - squares;
    let distance = squares / p - target * target;
    let error = (spread / (p * n)).min(distance);
    // A universe that is the target already (or has no variance at all) needs no shrinking.
    if error <= 0.0 || distance <= 0.0 { 0.0 } else { error / distance }
}
