use faer::linalg::solvers::Solve;
use faer::{Mat, Side};

use crate::covariance::Covariance;

/// A forecast as a view on one asset, with the skill that validation found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Calibrated expectation m of the simple return over the horizon.
    pub expected: f64,
    /// Variance s² of the forecast's error over the horizon, > 0.
    pub error_variance: f64,
    /// Out-of-sample correlation ρ of forecast and outcome. Clipped to [0.01, 0.2].
    pub skill: f64,
    /// Bars ahead, 1 or more.
    pub horizon: u32,
}

const TAU: f64 = 0.05;
const RISK_AVERSION: f64 = 2.5;
const SKILL: (f64, f64) = (0.01, 0.2);

/// Expected returns that an equally weighted market implies, moved by forecasts as far as their skill warrants.
///
/// ```text
/// π = δ Σ w                        w equal, δ = 2.5
/// q = (P / h) m                    one view an asset
/// Ω = diag((P / h) s² (1 − ρ²) / ρ² τ)   τ = 0.05
/// μ = π + τΣ (τΣ + Ω)⁻¹ (q − π)
/// ```
///
/// Black and Litterman 1992, "Global Portfolio Optimization". A view of little skill has a large Ω and moves μ little.
/// Returns `None` if the sum of covariance and uncertainty is not positive definite, which a positive s² excludes.
///
/// ```
/// use faer::Mat;
/// use portfolio_svc::{covariance::Covariance, expected::{View, black_litterman}};
/// let covariance = Covariance::new(Mat::from_fn(2, 2, |i, j| if i == j { 0.04 } else { 0.0 }))?;
/// let view = |m| View { expected: m, error_variance: 1e-4, skill: 0.2, horizon: 1 };
/// let mu = black_litterman(&covariance, &[view(0.01), view(0.0)], 252.0).expect("s² is positive");
/// assert!(mu[0] > 2.5 * 0.04 / 2.0 && mu[1] < 2.5 * 0.04 / 2.0); // either side of the prior
/// # Ok::<(), portfolio_svc::covariance::BadCovariance>(())
/// ```
///
/// # Panics
/// If there is not one view for each asset.
pub fn black_litterman(covariance: &Covariance, views: &[View], periods: f64) -> Option<Vec<f64>> {
    let n = covariance.assets();
    assert_eq!(views.len(), n, "one view for each asset");
    let prior: Vec<f64> = covariance.times(&vec![1.0 / n as f64; n]).iter().map(|x| RISK_AVERSION * x).collect();
    let sigma = covariance.matrix();
    let uncertain =
        Mat::from_fn(n, n, |i, j| TAU * sigma[(i, j)] + if i == j { omega(&views[i], periods) } else { 0.0 });
    let mut surprise = Mat::from_fn(n, 1, |i, _| periods / f64::from(views[i].horizon) * views[i].expected - prior[i]);
    uncertain.llt(Side::Lower).ok()?.solve_in_place(&mut surprise);
    let shift = covariance.times(surprise.col_as_slice(0));
    Some(prior.iter().zip(shift).map(|(pi, s)| pi + TAU * s).collect())
}

fn omega(view: &View, periods: f64) -> f64 {
    let rho2 = view.skill.clamp(SKILL.0, SKILL.1).powi(2);
    periods / f64::from(view.horizon) * view.error_variance * (1.0 - rho2) / rho2 * TAU
}
