use faer::Mat;

use crate::limits::Weights;

use super::clash::Demand;
use super::conic::Line;
use super::quadratic::{allowed, dot, outcome};
use super::{Outcome, Problem, Report, Status, min_volatility, target_return};

/// The weights of greatest expected return among those with a volatility of at most `most` a year.
///
/// ```text
/// maximise   μᵀ w
/// subject to ‖F w‖ ≤ t, Σ wᵢ = 1, limits        FᵀF = Σ
/// ```
///
/// A second-order cone programme (Lobo, Vandenberghe, Boyd and Lebret 1998, "Applications of second-order cone
/// programming", section 3.4), polished by [`target_return`](fn@super::target_return). Below the least attainable
/// volatility the outcome is infeasible, names `target`, and its note says what is attainable. Where the target does
/// not bind and several assets tie for the greatest return, the least volatile of these portfolios is given.
///
/// ```
/// use faer::Mat;
/// use portfolio_svc::{covariance::Covariance, limits::Limits, optimise::{Problem, target_volatility}};
/// use tickmesh_proto::types::Symbol;
/// let covariance = Covariance::new(Mat::from_fn(2, 2, |i, j| [[0.01, 0.0], [0.0, 0.04]][i][j]))?;
/// let limits = Limits::long_only(["A", "B"].map(|s| Symbol::try_from(s).expect("a symbol")).to_vec());
/// let problem = Problem::new(covariance.clone(), vec![0.05, 0.10], limits, 0.0);
/// let weights = target_volatility(&problem, 0.15).weights().expect("solved").as_slice().to_vec();
/// assert!((covariance.quadratic(&weights).sqrt() - 0.15).abs() < 1e-9);
/// # Ok::<(), portfolio_svc::covariance::BadCovariance>(())
/// ```
pub fn target_volatility(problem: &Problem, most: f64) -> Outcome {
    let Some(factor) = problem.covariance().factor() else {
        return Outcome::new(Status::NumericalFailure, Report::CLOSED_FORM)
            .noted("the eigenvalues of the covariance do not converge");
    };
    let scale = problem.return_scale();
    let mut program = allowed(problem.limits());
    program.linear = problem.expected().iter().map(|mu| -mu / scale).enumerate().collect();
    program.cone = ball(&factor, most);
    let solved = program.solve(problem.interrupt());
    let outcome = outcome(problem, &Demand::Volatility(&factor, most), &solved, &solved.x);
    match &outcome.status {
        Status::Solved(weights) => polished(problem, weights, outcome.report),
        Status::Infeasible(_) => note_least(problem, outcome),
        _ => outcome,
    }
}

/// The cone bends away from the optimum, so a gap of 1e-14 leaves 1e-7 in the weights. The return is exact to the gap,
/// and the least volatile weights with that return are the same point, found by a quadratic programme to 1e-10.
fn polished(problem: &Problem, weights: &Weights, report: Report) -> Outcome {
    let earned = dot(problem.expected(), weights.as_slice()) - 1e-10 * problem.return_scale();
    let exact = target_return(problem, earned);
    let status = Status::Solved(exact.weights().unwrap_or(weights).clone());
    let iterations = report.iterations + exact.report.iterations;
    Outcome::new(status, Report { iterations, duration: report.duration + exact.report.duration, ..report })
}

fn note_least(problem: &Problem, outcome: Outcome) -> Outcome {
    let Some(weights) = min_volatility(problem).weights().cloned() else { return outcome };
    let least = problem.covariance().quadratic(weights.as_slice()).sqrt();
    outcome.noted(format!("the least volatility that the other limits allow is {least:.6} a year"))
}

/// (1, F w / most) in the second-order cone.
pub(super) fn ball(factor: &Mat<f64>, most: f64) -> Vec<Line> {
    let mut lines = vec![Line { terms: Vec::new(), rhs: 1.0 }];
    for k in 0..factor.nrows() {
        let terms = (0..factor.ncols()).map(|i| (i, -factor[(k, i)] / most)).filter(|(_, c)| *c != 0.0).collect();
        lines.push(Line { terms, rhs: 0.0 });
    }
    lines
}
