use crate::limits::Limits;
use crate::optimise::{Interrupt, Objective, Outcome, Problem, Report, Status, frontier};
use crate::prices::Window;
use crate::risk::Figures;

use super::{Allocation, Held, Insight, Periods, Plan};

/// 10 basis points a round trip: turnover counts what is sold once and bought once.
const COST: f64 = 0.001;

/// What an allocation is computed from, beside the plan.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// Limits on the symbols of the window, turnover left out.
    pub limits: Limits,
    /// The common returns.
    pub window: Window,
    /// The model's words on each symbol; empty if the plan needs none.
    pub insights: Vec<Insight>,
    /// Returns in a year.
    pub periods: Periods,
    /// What is held before.
    pub held: Option<Held>,
}

/// Estimates the moments and optimises, as long as the answer is wanted.
///
/// # Panics
/// If limits, window and insights are not of the same symbols.
pub fn allocate(plan: &Plan, inputs: &Inputs, interrupt: Interrupt) -> Allocation {
    match problem(plan, inputs, interrupt) {
        Some(problem) => describe(plan, inputs, Some(&problem), plan.objective.optimise(&problem)),
        None => describe(plan, inputs, None, no_estimate()),
    }
}

/// The efficient frontier under the plan's moments and limits.
///
/// # Panics
/// As [`allocate`], and if fewer than two points are asked for.
pub fn efficient(plan: &Plan, inputs: &Inputs, points: usize, interrupt: Interrupt) -> Vec<Allocation> {
    match problem(plan, inputs, interrupt) {
        Some(problem) => {
            let outcomes = frontier(&problem, points).into_iter();
            let mut allocations: Vec<_> =
                outcomes.map(|outcome| describe(plan, inputs, Some(&problem), outcome)).collect();
            // Each point but the first has the least volatility at its return.
            for point in allocations.iter_mut().skip(1) {
                point.objective = Objective::TargetReturn(point.figures.as_ref().map_or(0.0, |f| f.expected_return));
            }
            allocations
        }
        None => vec![describe(plan, inputs, None, no_estimate())],
    }
}

fn problem(plan: &Plan, inputs: &Inputs, interrupt: Interrupt) -> Option<Problem> {
    let returns = &inputs.window.returns;
    let covariance = plan.covariance.estimate(returns, inputs.periods);
    let expected = plan.expected.estimate(returns, &covariance, &inputs.insights, inputs.periods)?;
    Some(Problem::new(covariance, expected, limits(plan, inputs), plan.risk_free).interrupted_by(interrupt))
}

/// The limits, with turnover if it is limited and there is something to measure it from.
fn limits(plan: &Plan, inputs: &Inputs) -> Limits {
    let limits = inputs.limits.clone();
    match plan.constraints.max_turnover.zip(inputs.held.as_ref()) {
        Some((most, held)) => {
            let turnover = held.limit(limits.symbols(), most);
            limits.with_turnover(turnover)
        }
        None => limits,
    }
}

fn no_estimate() -> Outcome {
    let note = "the expected returns cannot be estimated from these numbers".into();
    Outcome { status: Status::NumericalFailure, report: Report::CLOSED_FORM, note }
}

fn describe(plan: &Plan, inputs: &Inputs, problem: Option<&Problem>, outcome: Outcome) -> Allocation {
    let symbols = inputs.limits.symbols().to_vec();
    let weights = outcome.best();
    let figures = problem.zip(weights).map(|(problem, w)| Figures::of(problem, &inputs.window.returns, w));
    let turnover = inputs.held.as_ref().zip(weights).map(|(held, w)| held.turnover_to(&symbols, w));
    Allocation {
        symbols,
        objective: plan.objective,
        figures,
        as_of: inputs.window.as_of,
        observations: inputs.window.returns.dates(),
        cost: turnover.map(|turnover| COST * turnover),
        turnover,
        outcome,
    }
}
