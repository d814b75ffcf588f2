//! Which limits clash when no weights meet them all.
//!
//! A set of limits can be met if the least overstep t of all of them is 0: min t subject to A w ≤ b + t, Σ w = 1, which
//! always has a solution, so that a solver's answer can be trusted. QuickXplain (Junker 2004, "Preferred Explanations
//! and Relaxations for Over-Constrained Problems") then finds a minimal clashing set by O(k log(n / k)) such questions:
//! leave any one of its members out, and the others can be met. Sums of bounds that cannot reach what they must are
//! seen without asking. After [`QUESTIONS`] the set may have members that do not matter, so that a request of a
//! thousand limits cannot keep a thread for long.

use std::cell::Cell;
use std::collections::BTreeSet;

use faer::Mat;

use crate::limits::{Clash, Name, Row};

use super::conic::{End, Line, Program};
use super::quadratic::budget;
use super::{Interrupt, Problem};

/// What an objective asks for beyond the limits.
pub(super) enum Demand<'a> {
    None,
    Row(Row),
    /// ‖F w‖ at most this.
    Volatility(&'a Mat<f64>, f64),
}

/// Overstepping by less is a solver's rounding.
const HAIR: f64 = 1e-8;
/// Weights this large serve no limit, as all are of at most 1: they only keep the questions bounded.
const BOX: f64 = 10.0;

/// How often a solver is asked before the set at hand is good enough: enough to isolate about fifteen of a thousand.
const QUESTIONS: u32 = 150;

/// A minimal set of clashing limits, in the order in which they were stated; `None` if all can be met.
pub(super) fn find(problem: &Problem, demand: &Demand<'_>) -> Option<Clash> {
    problem.limits().impossible_sum(HAIR).or_else(|| search(problem, demand))
}

fn search(problem: &Problem, demand: &Demand<'_>) -> Option<Clash> {
    let (limits, interrupt) = (problem.limits(), problem.interrupt());
    let (assets, variables, rows) = (limits.assets(), limits.variables(), limits.rows());
    let question = Question { assets, variables, rows, demand, interrupt, left: Cell::new(QUESTIONS) };
    let names = question.names();
    if question.can_be_met(&names) {
        return None;
    }
    let mut clash = question.explain(&[], false, &names);
    clash.sort_by_key(|name| names.iter().position(|n| n == name));
    Some(Clash::new(clash))
}

struct Question<'a> {
    assets: usize,
    variables: usize,
    rows: Vec<Row>,
    demand: &'a Demand<'a>,
    interrupt: &'a Interrupt,
    /// Questions left.
    left: Cell<u32>,
}

impl Question<'_> {
    fn names(&self) -> Vec<Name> {
        let mut names: Vec<Name> = self.rows.iter().filter_map(|row| row.name.clone()).collect();
        names.dedup();
        if !matches!(self.demand, Demand::None) {
            names.push(Name::Target);
        }
        names
    }

    /// QuickXplain: the members of `suspects` that belong to a minimal clash together with `background`.
    fn explain(&self, background: &[Name], grown: bool, suspects: &[Name]) -> Vec<Name> {
        if self.left.get() == 0 || self.interrupt.is_set() {
            return suspects.to_vec();
        }
        if grown && !self.can_be_met(background) {
            return Vec::new();
        }
        if let [only] = suspects {
            return vec![only.clone()];
        }
        let (first, second) = suspects.split_at(suspects.len() / 2);
        let of_second = self.explain(&[background, first].concat(), !first.is_empty(), second);
        let with_second = [background, of_second.as_slice()].concat();
        let of_first = self.explain(&with_second, !of_second.is_empty(), first);
        [of_first, of_second].concat()
    }

    fn can_be_met(&self, names: &[Name]) -> bool {
        self.left.set(self.left.get().saturating_sub(1));
        let solved = self.least_overstep(&names.iter().collect()).solve(self.interrupt);
        solved.end == End::Solved && solved.x.last().is_some_and(|t| *t <= HAIR)
    }

    fn least_overstep(&self, names: &BTreeSet<&Name>) -> Program {
        let t = self.variables;
        let mut program = Program {
            variables: t + 1,
            linear: vec![(t, 1.0)],
            equalities: vec![budget(self.assets)],
            inequalities: vec![Line { terms: vec![(t, -1.0)], rhs: 0.0 }],
            ..Program::default()
        };
        for i in 0..self.assets {
            program.inequalities.extend([1.0, -1.0].map(|sign| Line { terms: vec![(i, sign)], rhs: BOX }));
        }
        for row in &self.rows {
            if row.name.as_ref().is_none_or(|name| names.contains(name)) {
                program.inequalities.push(relaxed(row, t));
            }
        }
        if names.contains(&Name::Target) {
            self.demand.add_to(&mut program, t);
        }
        program
    }
}

impl Demand<'_> {
    fn add_to(&self, program: &mut Program, t: usize) {
        match self {
            Self::None => {}
            Self::Row(row) => program.inequalities.push(relaxed(row, t)),
            Self::Volatility(factor, most) => {
                program.cone = super::target_volatility::ball(factor, *most);
                program.cone[0].terms.push((t, -1.0));
            }
        }
    }
}

/// A named row may be overstepped by t, a defining one may not.
fn relaxed(row: &Row, t: usize) -> Line {
    let mut terms = row.terms.clone();
    if row.name.is_some() {
        terms.push((t, -1.0));
    }
    Line { terms, rhs: row.bound }
}
