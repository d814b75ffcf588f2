//! The domain's values into messages.

use tickmesh_proto::portfolio::v1 as wire;

use crate::optimise::{Objective, Report, Status};
use crate::plan::Allocation;

/// An allocation as clients see it.
pub(crate) fn allocation(allocation: &Allocation) -> wire::Allocation {
    let Allocation { symbols: _, objective, outcome, figures, as_of, observations, turnover, cost } = allocation;
    let tail = figures.as_ref().and_then(|figures| figures.tail);
    let (status, clashing_constraints) = status(&outcome.status);
    wire::Allocation {
        weights: weights(allocation),
        expected_return: figures.as_ref().map(|figures| figures.expected_return),
        volatility: figures.as_ref().map(|figures| figures.volatility),
        sharpe: figures.as_ref().and_then(|figures| figures.sharpe),
        value_at_risk: tail.map(|tail| tail.value_at_risk),
        conditional_value_at_risk: tail.map(|tail| tail.conditional_value_at_risk),
        status: status.into(),
        clashing_constraints,
        solver: (outcome.status != Status::Refused).then(|| solver(&outcome.report)),
        as_of: Some((*as_of).into()),
        observations: u32::try_from(*observations).unwrap_or(u32::MAX),
        objective: self::objective(*objective).into(),
        turnover: *turnover,
        cost: *cost,
        note: outcome.note.clone(),
        is_snapshot: false,
    }
}

fn weights(allocation: &Allocation) -> Vec<wire::AssetWeight> {
    let Some(figures) = &allocation.figures else { return Vec::new() };
    let weights = allocation.outcome.best().map_or(&[][..], |weights| weights.as_slice());
    let each = allocation.symbols.iter().zip(weights).zip(&figures.contributions);
    let weight = |((symbol, weight), share): ((&tickmesh_proto::types::Symbol, &f64), &f64)| wire::AssetWeight {
        symbol: symbol.to_string(),
        weight: Some(*weight),
        risk_contribution: Some(*share),
    };
    each.map(weight).collect()
}

fn status(status: &Status) -> (wire::SolveStatus, Vec<String>) {
    match status {
        Status::Solved(_) => (wire::SolveStatus::Solved, Vec::new()),
        Status::Infeasible(names) => (wire::SolveStatus::Infeasible, names.iter().map(ToString::to_string).collect()),
        Status::IterationLimit(_) => (wire::SolveStatus::IterationLimit, Vec::new()),
        Status::NumericalFailure => (wire::SolveStatus::NumericalFailure, Vec::new()),
        Status::Refused => (wire::SolveStatus::Unspecified, Vec::new()),
    }
}

fn solver(report: &Report) -> wire::Solver {
    let Report { solver, iterations, gap, duration } = *report;
    let duration = prost_types::Duration::try_from(duration).ok();
    wire::Solver { name: solver.to_owned(), iterations: Some(iterations), gap: Some(gap), duration }
}

pub(super) fn objective(objective: Objective) -> wire::Objective {
    match objective {
        Objective::MinVolatility => wire::Objective::MinVolatility,
        Objective::MaxSharpe => wire::Objective::MaxSharpe,
        Objective::TargetReturn(_) => wire::Objective::TargetReturn,
        Objective::TargetVolatility(_) => wire::Objective::TargetVolatility,
        Objective::RiskParity => wire::Objective::RiskParity,
        Objective::EqualWeight => wire::Objective::EqualWeight,
        Objective::InverseVolatility => wire::Objective::InverseVolatility,
    }
}
