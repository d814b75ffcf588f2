use crate::limits::{Name, Weights};

use super::{Outcome, Problem, Report, Status};

/// How far fixed weights may overstep a limit by rounding.
pub(super) const ROUNDING: f64 = 1e-9;

/// The same weight for each: wᵢ = 1 / n.
///
/// Needs no estimate and so has no estimation error: hard to beat out of sample (DeMiguel, Garlappi and Uppal 2009,
/// "Optimal Versus Naive Diversification"). Limits that it breaks make the outcome infeasible and are named.
///
/// ```
/// use faer::Mat;
/// use portfolio_svc::{covariance::Covariance, limits::Limits, optimise::{Problem, equal_weight}};
/// use tickmesh_proto::types::Symbol;
/// let covariance = Covariance::new(Mat::from_fn(2, 2, |i, j| if i == j { 0.04 } else { 0.0 }))?;
/// let limits = Limits::long_only(["A", "B"].map(|s| Symbol::try_from(s).expect("a symbol")).to_vec());
/// let outcome = equal_weight(&Problem::new(covariance, vec![0.0; 2], limits, 0.0));
/// assert_eq!(outcome.weights().expect("solved").as_slice(), [0.5, 0.5]);
/// # Ok::<(), portfolio_svc::covariance::BadCovariance>(())
/// ```
pub fn equal_weight(problem: &Problem) -> Outcome {
    only(problem, Weights::equal(problem.assets()), Report::CLOSED_FORM)
}

/// Weights in proportion to 1 / σᵢ: risk parity if all correlations were equal.
///
/// An asset without volatility makes it fail. Limits that it breaks make the outcome infeasible and are named.
///
/// ```
/// use faer::Mat;
/// use portfolio_svc::{covariance::Covariance, limits::Limits, optimise::{Problem, inverse_volatility}};
/// use tickmesh_proto::types::Symbol;
/// let covariance = Covariance::new(Mat::from_fn(2, 2, |i, j| [[0.01, 0.0], [0.0, 0.04]][i][j]))?;
/// let limits = Limits::long_only(["A", "B"].map(|s| Symbol::try_from(s).expect("a symbol")).to_vec());
/// let outcome = inverse_volatility(&Problem::new(covariance, vec![0.0; 2], limits, 0.0));
/// assert!((outcome.weights().expect("solved").as_slice()[0] - 2.0 / 3.0).abs() < 1e-15);
/// # Ok::<(), portfolio_svc::covariance::BadCovariance>(())
/// ```
pub fn inverse_volatility(problem: &Problem) -> Outcome {
    let inverse: Vec<f64> = (0..problem.assets()).map(|i| problem.covariance().variance(i).sqrt().recip()).collect();
    match Weights::in_proportion(&inverse) {
        Some(weights) => only(problem, weights, Report::CLOSED_FORM),
        None => no_volatility(problem),
    }
}

/// Where an objective leaves one choice of weights, it is solved if the limits allow it.
pub(super) fn only(problem: &Problem, weights: Weights, report: Report) -> Outcome {
    let broken = problem.limits().broken_by(weights.as_slice(), ROUNDING);
    if broken.is_empty() {
        return Outcome::new(Status::Solved(weights), report);
    }
    let clashes = std::iter::once(Name::Objective).chain(broken).collect();
    Outcome::new(Status::Infeasible(clashes), report)
        .noted("the objective leaves one choice of weights, and that breaks each of the other limits named")
}

/// The outcome when a weight would be infinite.
pub(super) fn no_volatility(problem: &Problem) -> Outcome {
    let still = (0..problem.assets()).find(|i| problem.covariance().variance(*i) <= 0.0);
    let name = still.map_or("an asset", |i| problem.limits().symbols()[i].as_str());
    Outcome::new(Status::NumericalFailure, Report::CLOSED_FORM)
        .noted(format!("{name} has no volatility over the lookback, so no weight gives it a share of the risk"))
}
