//! What the optimisers by Clarabel share: the programme of limits, and the way from its solution to an outcome.

use crate::limits::{Limits, Row, Weights};

use super::clash::{self, Demand};
use super::conic::{End, Line, Program, Solved};
use super::{Outcome, Problem, Status};

impl From<Row> for Line {
    fn from(row: Row) -> Self {
        Self { terms: row.terms, rhs: row.bound }
    }
}

/// The weights sum to 1 and keep the limits; nothing is sought yet.
pub(super) fn allowed(limits: &Limits) -> Program {
    Program {
        variables: limits.variables(),
        equalities: vec![budget(limits.assets())],
        inequalities: limits.rows().into_iter().map(Line::from).collect(),
        ..Program::default()
    }
}

/// Σ w = 1.
pub(super) fn budget(assets: usize) -> Line {
    Line { terms: (0..assets).map(|i| (i, 1.0)).collect(), rhs: 1.0 }
}

/// The upper triangle of Σ, divided by the mean variance so that tolerances mean the same at every volatility.
pub(super) fn variance(problem: &Problem) -> Vec<(usize, usize, f64)> {
    let covariance = problem.covariance();
    let scale = 1.0 / covariance.mean_variance().max(f64::MIN_POSITIVE);
    let column = |j: usize| (0..=j).map(move |i| (i, j, scale * covariance.matrix()[(i, j)]));
    (0..problem.assets()).flat_map(column).filter(|(_, _, value)| *value != 0.0).collect()
}

/// The greatest expected return that the limits allow; `None` if they allow nothing.
pub(super) fn highest_return(problem: &Problem) -> Option<f64> {
    let scale = problem.return_scale();
    let mut program = allowed(problem.limits());
    program.linear = problem.expected().iter().map(|mu| -mu / scale).enumerate().collect();
    let solved = program.solve(problem.interrupt());
    let weights = (solved.end == End::Solved).then(|| tidy(problem.limits(), &solved.x[..problem.assets()]))?;
    Some(dot(problem.expected(), &weights))
}

/// The allowed weights of greatest expected return, and among equals the least volatile ones: the frontier's upper end.
///
/// min ε wᵀΣw − μᵀw, which for a small enough ε is that corner exactly. A target at the very end would leave the solver
/// a single point to find.
pub(super) fn richest(problem: &Problem) -> Outcome {
    const EPSILON: f64 = 1e-4;
    let scale = problem.return_scale();
    let mut program = allowed(problem.limits());
    program.quadratic = variance(problem).into_iter().map(|(i, j, value)| (i, j, EPSILON * value)).collect();
    program.linear = problem.expected().iter().map(|mu| -mu / scale).enumerate().collect();
    let solved = program.solve(problem.interrupt());
    outcome(problem, &Demand::None, &solved, &solved.x)
}

/// From a programme's solution to an outcome; `x` begins with the weights.
pub(super) fn outcome(problem: &Problem, demand: &Demand<'_>, solved: &Solved, x: &[f64]) -> Outcome {
    let weights = || Weights::try_from(tidy(problem.limits(), &x[..problem.assets()])).ok();
    let status = match solved.end {
        End::Solved => weights().map_or(Status::NumericalFailure, Status::Solved),
        End::IterationLimit => Status::IterationLimit(weights()),
        End::Infeasible | End::Failed => {
            return Outcome::clashing(clash::find(problem, demand), solved.report);
        }
    };
    Outcome::new(status, solved.report)
}

/// An interior point ends a hair inside or outside the bounds: put such weights on them and restore the sum of 1.
pub(super) fn tidy(limits: &Limits, weights: &[f64]) -> Vec<f64> {
    const HAIR: f64 = 1e-9;
    let mut tidy: Vec<f64> = Vec::with_capacity(weights.len());
    let mut inside = Vec::new();
    for (i, w) in weights.iter().enumerate() {
        let (least, most) = limits.bounds(i);
        if *w <= least + HAIR && *w >= least - 1e-6 {
            tidy.push(least);
        } else if *w >= most - HAIR && *w <= most + 1e-6 {
            tidy.push(most);
        } else {
            tidy.push(*w);
            inside.push(i);
        }
    }
    let missing = 1.0 - tidy.iter().sum::<f64>();
    inside.iter().for_each(|i| tidy[*i] += missing / inside.len() as f64);
    tidy
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
