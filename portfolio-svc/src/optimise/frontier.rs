use super::quadratic::{dot, highest_return, richest};
use super::{Outcome, Problem, min_volatility, target_return};

/// `points` efficient portfolios, from the least volatile one to the one of greatest expected return, at equal steps of
/// expected return.
///
/// ```text
/// for t from μᵀw(least volatility) to the greatest attainable μᵀw:
///     minimise wᵀ Σ w subject to μᵀ w ≥ t, Σ wᵢ = 1, limits
/// ```
///
/// Markowitz 1952, "Portfolio Selection". If the limits allow nothing, the one outcome that says so. If all allowed
/// portfolios are expected to earn the same, every point is the least volatile one. The last point is the least
/// volatile of those that earn most. Once the answer is not wanted any more, the points that are left are left out.
///
/// ```
/// use faer::Mat;
/// use portfolio_svc::{covariance::Covariance, limits::Limits, optimise::{Problem, frontier}};
/// use tickmesh_proto::types::Symbol;
/// let covariance = Covariance::new(Mat::from_fn(2, 2, |i, j| [[0.01, 0.0], [0.0, 0.04]][i][j]))?;
/// let limits = Limits::long_only(["A", "B"].map(|s| Symbol::try_from(s).expect("a symbol")).to_vec());
/// let outcomes = frontier(&Problem::new(covariance, vec![0.05, 0.10], limits, 0.0), 5);
/// let riskiest = outcomes[4].weights().expect("solved").as_slice();
/// assert!((riskiest[1] - 1.0).abs() < 1e-6);
/// # Ok::<(), portfolio_svc::covariance::BadCovariance>(())
/// ```
///
/// # Panics
/// If fewer than two points are asked for.
pub fn frontier(problem: &Problem, points: usize) -> Vec<Outcome> {
    assert!(points >= 2, "a frontier has two ends");
    let first = min_volatility(problem);
    let ends = first.weights().map(|w| dot(problem.expected(), w.as_slice())).zip(highest_return(problem));
    let Some((low, high)) = ends else {
        return vec![first];
    };
    let step = (high - low).max(0.0) / (points - 1) as f64;
    let wanted = |_: &usize| !problem.interrupt().is_set();
    let between = (1..points - 1).take_while(wanted).map(|k| target_return(problem, low + step * k as f64));
    std::iter::once(first.clone()).chain(between).chain([richest(problem)]).collect()
}
