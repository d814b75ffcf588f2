use std::time::Duration;

use crate::limits::{Clash, Name, Weights};

/// How an optimisation ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The end, with the weights where there are any.
    pub status: Status,
    /// What the solver did.
    pub report: Report,
    /// What a reader should know: what to relax, what is attainable. Often empty.
    pub note: String,
}

/// The kinds of end.
#[derive(Clone, Debug, PartialEq)]
pub enum Status {
    /// Solved to tolerance.
    Solved(Weights),
    /// No weights meet all limits. These clash: leave any one of them out, and the others can be met.
    Infeasible(Vec<Name>),
    /// Stopped at the iteration limit, with the best weights so far if they sum to 1.
    IterationLimit(Option<Weights>),
    /// The solver failed on this problem's numbers.
    NumericalFailure,
    /// There was nothing to solve: what the problem is made of is missing, and the note says what.
    Refused,
}

/// What a solver did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Report {
    /// Its name.
    pub solver: &'static str,
    /// Iterations.
    pub iterations: u32,
    /// Duality gap relative to the objective, or the gradient's norm for a solver without one.
    pub gap: f64,
    /// Time that the solver says it took.
    pub duration: Duration,
}

impl Report {
    /// Of weights that follow from a formula.
    pub const CLOSED_FORM: Self = Self { solver: "closed form", iterations: 0, gap: 0.0, duration: Duration::ZERO };

    /// When there was nothing to solve.
    pub const NONE: Self = Self { solver: "none", iterations: 0, gap: 0.0, duration: Duration::ZERO };
}

impl Outcome {
    /// Nothing could be optimised, and why.
    pub fn refused(why: impl Into<String>) -> Self {
        Self::new(Status::Refused, Report::NONE).noted(why)
    }

    pub(super) fn new(status: Status, report: Report) -> Self {
        Self { status, report, note: String::new() }
    }

    /// The outcome when the solver found no weights: the limits that clash, or a failure if none do.
    pub(super) fn clashing(clash: Option<Clash>, report: Report) -> Self {
        match clash {
            Some(Clash { names, note }) => Self::new(Status::Infeasible(names), report).noted(note),
            None => Self::new(Status::NumericalFailure, report),
        }
    }

    pub(super) fn noted(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// The weights, if solved.
    pub fn weights(&self) -> Option<&Weights> {
        match &self.status {
            Status::Solved(weights) => Some(weights),
            _ => None,
        }
    }

    /// The weights, also those of a solver that stopped before its end.
    pub fn best(&self) -> Option<&Weights> {
        match &self.status {
            Status::IterationLimit(best) => best.as_ref(),
            _ => self.weights(),
        }
    }
}
