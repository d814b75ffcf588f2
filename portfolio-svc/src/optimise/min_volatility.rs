use super::clash::Demand;
use super::quadratic::{allowed, outcome, variance};
use super::{Outcome, Problem};

/// The weights of least volatility.
///
/// ```text
/// minimise   wᵀ Σ w
/// subject to Σ wᵢ = 1, limits
/// ```
///
/// Markowitz 1952, "Portfolio Selection". Expected returns play no part. With a singular covariance the least
/// volatility is unique, the weights may not be.
///
/// ```
/// use faer::Mat;
/// use portfolio_svc::{covariance::Covariance, limits::Limits, optimise::{Problem, min_volatility}};
/// use tickmesh_proto::types::Symbol;
/// let covariance = Covariance::new(Mat::from_fn(2, 2, |i, j| [[0.01, 0.0], [0.0, 0.04]][i][j]))?;
/// let limits = Limits::long_only(["A", "B"].map(|s| Symbol::try_from(s).expect("a symbol")).to_vec());
/// let outcome = min_volatility(&Problem::new(covariance, vec![0.0; 2], limits, 0.0));
/// let weights = outcome.weights().expect("solved").as_slice();
/// assert!((weights[0] - 0.8).abs() < 1e-9);
/// # Ok::<(), portfolio_svc::covariance::BadCovariance>(())
/// ```
pub fn min_volatility(problem: &Problem) -> Outcome {
    let mut program = allowed(problem.limits());
    program.quadratic = variance(problem);
    let solved = program.solve(problem.interrupt());
    outcome(problem, &Demand::None, &solved, &solved.x)
}
