use crate::limits::{Name, Row};

use super::clash::Demand;
use super::conic::Line;
use super::quadratic::{allowed, dot, highest_return, outcome, richest, variance};
use super::{Outcome, Problem, Status};

/// The weights of least volatility among those with an expected return of at least `least` a year.
///
/// ```text
/// minimise   wᵀ Σ w
/// subject to μᵀ w ≥ t, Σ wᵢ = 1, limits
/// ```
///
/// Markowitz 1952, "Portfolio Selection". Below the return of the least volatile portfolio the target does not bind.
/// Above the greatest attainable return the outcome is infeasible, names `target`, and its note says what is
/// attainable.
///
/// ```
/// use faer::Mat;
/// use portfolio_svc::{covariance::Covariance, limits::Limits, optimise::{Problem, Status, target_return}};
/// use tickmesh_proto::types::Symbol;
/// let covariance = Covariance::new(Mat::from_fn(2, 2, |i, j| [[0.01, 0.0], [0.0, 0.04]][i][j]))?;
/// let limits = Limits::long_only(["A", "B"].map(|s| Symbol::try_from(s).expect("a symbol")).to_vec());
/// let problem = Problem::new(covariance, vec![0.05, 0.10], limits, 0.0);
/// let weights = target_return(&problem, 0.08).weights().expect("solved").as_slice().to_vec();
/// assert!((weights[1] - 0.6).abs() < 1e-9);
/// assert!(matches!(target_return(&problem, 0.11).status, Status::Infeasible(_)));
/// # Ok::<(), portfolio_svc::covariance::BadCovariance>(())
/// ```
pub fn target_return(problem: &Problem, least: f64) -> Outcome {
    let demand = Demand::Row(at_least(problem, least));
    let mut program = allowed(problem.limits());
    program.quadratic = variance(problem);
    program.inequalities.push(Line::from(at_least(problem, least)));
    let solved = program.solve(problem.interrupt());
    let outcome = outcome(problem, &demand, &solved, &solved.x);
    match outcome.status {
        Status::Solved(_) => outcome,
        Status::Infeasible(_) => note_greatest(problem, outcome),
        _ if problem.interrupt().is_set() => outcome,
        _ => at_the_end(problem, least).unwrap_or(outcome),
    }
}

fn note_greatest(problem: &Problem, outcome: Outcome) -> Outcome {
    let Some(most) = highest_return(problem) else { return outcome };
    outcome.noted(format!("the greatest expected return that the other limits allow is {most:.6} a year"))
}

/// Where the target leaves next to nothing to choose from, the solver may not find it; the frontier's end is known.
fn at_the_end(problem: &Problem, least: f64) -> Option<Outcome> {
    let end = richest(problem);
    let earned = dot(problem.expected(), end.weights()?.as_slice());
    let there = earned >= least - 1e-9 * problem.return_scale() && earned <= least + 1e-6 * problem.return_scale();
    there.then_some(end)
}

/// μᵀw ≥ least, in units of the largest expected return.
fn at_least(problem: &Problem, least: f64) -> Row {
    let scale = problem.return_scale();
    let terms = problem.expected().iter().map(|mu| -mu / scale).enumerate().collect();
    Row::new(Name::Target, terms, -least / scale)
}
