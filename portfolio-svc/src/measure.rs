//! What operators see: how long optimisations take, how they end, and how far the live allocations are.

use std::time::Duration;

use metrics::{counter, histogram};

use crate::optimise::{Outcome, Status};

/// An optimisation ended after `took`, estimates included.
pub(crate) fn optimised(outcome: &Outcome, took: Duration) {
    histogram!("tickmesh_optimisation_seconds", "solver" => outcome.report.solver).record(took.as_secs_f64());
    counter!("tickmesh_optimisations_total", "status" => status(&outcome.status)).increment(1);
}

/// A live portfolio has a new allocation.
pub(crate) fn allocated() {
    counter!("tickmesh_allocations_total").increment(1);
}

fn status(status: &Status) -> &'static str {
    match status {
        Status::Solved(_) => "solved",
        Status::Infeasible(_) => "infeasible",
        Status::IterationLimit(_) => "iteration_limit",
        Status::NumericalFailure => "numerical_failure",
        Status::Refused => "refused",
    }
}
