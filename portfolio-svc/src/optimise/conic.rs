//! The one place that speaks to Clarabel (Goulart and Chen 2024, "Clarabel: An interior-point solver for conic programs
//! with quadratic objectives").

use std::time::Duration;

use clarabel::algebra::CscMatrix;
use clarabel::solver::{DefaultSettings, DefaultSolver, IPSolver, SolverStatus, SupportedConeT};

use super::{Interrupt, Report};

/// Σ cᵢ xᵢ against a right-hand side.
pub(super) struct Line {
    pub(super) terms: Vec<(usize, f64)>,
    pub(super) rhs: f64,
}

/// min ½ xᵀPx + qᵀx subject to equalities, inequalities (≤) and one second-order cone.
#[derive(Default)]
pub(super) struct Program {
    pub(super) variables: usize,
    /// Upper triangle of P as (row, column, value).
    pub(super) quadratic: Vec<(usize, usize, f64)>,
    /// q as (variable, value).
    pub(super) linear: Vec<(usize, f64)>,
    pub(super) equalities: Vec<Line>,
    pub(super) inequalities: Vec<Line>,
    /// Lines whose slacks rhs − Σ cᵢ xᵢ lie in the cone: the first is at least the length of the others.
    pub(super) cone: Vec<Line>,
}

/// How a programme ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Solved,
    Infeasible,
    IterationLimit,
    Failed,
}

pub(super) struct Solved {
    pub(super) end: End,
    pub(super) x: Vec<f64>,
    pub(super) report: Report,
}

/// Clarabel's default of 1e-8 leaves errors of up to 5e-5 in the weights; 1e-14 leaves less than 1e-8. Where rounding
/// stops progress before that, the next best is asked for.
const TIGHT: f64 = 1e-14;
const LOOSER: [f64; 2] = [1e-11, 1e-8];
/// A solution this much looser than the tolerance is still taken when no progress is left.
const REDUCED: f64 = 100.0;

impl Program {
    /// Solves it, or ends at the iteration limit once the answer is not wanted any more.
    pub(super) fn solve(&self, interrupt: &Interrupt) -> Solved {
        let form = self.standard_form();
        let mut solved = form.solve(TIGHT, interrupt);
        for tolerance in LOOSER {
            if matches!(solved.end, End::Failed | End::IterationLimit) && !interrupt.is_set() {
                solved = form.solve(tolerance, interrupt);
            }
        }
        solved
    }

    fn standard_form(&self) -> Form {
        let n = self.variables;
        let p = triplets(n, n, self.quadratic.iter().copied());
        let mut q = vec![0.0; n];
        self.linear.iter().for_each(|(i, value)| q[*i] += value);
        let lines: Vec<&Line> = self.equalities.iter().chain(&self.inequalities).chain(&self.cone).collect();
        let entries = lines.iter().enumerate().flat_map(|(row, l)| l.terms.iter().map(move |(i, c)| (row, *i, *c)));
        let a = triplets(lines.len(), n, entries);
        let b = lines.iter().map(|line| line.rhs).collect();
        let mut cones = vec![
            SupportedConeT::ZeroConeT(self.equalities.len()),
            SupportedConeT::NonnegativeConeT(self.inequalities.len()),
        ];
        if !self.cone.is_empty() {
            cones.push(SupportedConeT::SecondOrderConeT(self.cone.len()));
        }
        Form { p, q, a, b, cones }
    }
}

/// Clarabel's arguments: min ½ xᵀPx + qᵀx subject to Ax + s = b with s in the cones.
struct Form {
    p: CscMatrix,
    q: Vec<f64>,
    a: CscMatrix,
    b: Vec<f64>,
    cones: Vec<SupportedConeT<f64>>,
}

impl Form {
    fn solve(&self, tolerance: f64, interrupt: &Interrupt) -> Solved {
        let solver = DefaultSolver::new(&self.p, &self.q, &self.a, &self.b, &self.cones, settings(tolerance));
        let Ok(mut solver) = solver else {
            return Solved { end: End::Failed, x: Vec::new(), report: report(0, 0.0, Duration::ZERO) };
        };
        let interrupt = interrupt.clone();
        solver.set_termination_callback(move |_: &_| interrupt.is_set());
        solver.solve();
        let solution = &solver.solution;
        let gap = (solution.obj_val - solution.obj_val_dual).abs() / solution.obj_val.abs().max(1.0);
        Solved {
            end: end(solution.status),
            x: solution.x.clone(),
            report: report(solution.iterations, gap, Duration::from_secs_f64(solution.solve_time)),
        }
    }
}

fn triplets(m: usize, n: usize, entries: impl Iterator<Item = (usize, usize, f64)>) -> CscMatrix {
    let (mut rows, mut columns, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for (row, column, value) in entries {
        rows.push(row);
        columns.push(column);
        values.push(value);
    }
    CscMatrix::new_from_triplets(m, n, rows, columns, values)
}

fn settings(tolerance: f64) -> DefaultSettings<f64> {
    DefaultSettings {
        verbose: false,
        tol_gap_abs: tolerance,
        tol_gap_rel: tolerance,
        tol_feas: tolerance,
        reduced_tol_gap_abs: tolerance * REDUCED,
        reduced_tol_gap_rel: tolerance * REDUCED,
        reduced_tol_feas: tolerance * REDUCED,
        ..DefaultSettings::default()
    }
}

fn end(status: SolverStatus) -> End {
    match status {
        SolverStatus::Solved | SolverStatus::AlmostSolved => End::Solved,
        SolverStatus::PrimalInfeasible | SolverStatus::AlmostPrimalInfeasible => End::Infeasible,
        SolverStatus::MaxIterations | SolverStatus::MaxTime | SolverStatus::CallbackTerminated => End::IterationLimit,
        _ => End::Failed,
    }
}

fn report(iterations: u32, gap: f64, duration: Duration) -> Report {
    Report { solver: "clarabel", iterations, gap: if gap.is_finite() { gap } else { 0.0 }, duration }
}
