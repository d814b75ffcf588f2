use std::collections::BTreeSet;

use tickmesh_mesh::status::Violations;
use tickmesh_proto::portfolio::v1 as wire;
use tickmesh_proto::types::{Symbol, Timestamp};

use super::choice;
use super::constraints::constraints;
use crate::plan::{DEFAULT_LOOKBACK, Held, Plan};
use crate::prices::LEAST_RETURNS;

/// The most symbols that one portfolio may have.
const MOST_SYMBOLS: usize = 500;

const MOST_LOOKBACK: u32 = 10_000;
const MOST_POINTS: u32 = 200;
const DEFAULT_POINTS: u32 = 20;

/// A request to optimise once; `all` are the symbols that it means when it names none.
pub(in crate::grpc) fn once(
    request: wire::OptimizeRequest,
    all: &[Symbol],
    violations: &mut Violations,
) -> Option<Plan> {
    let plan = plan(request, all, wire::Objective::MaxSharpe, violations)?;
    if plan.constraints.max_turnover.is_some() && plan.held.is_none() {
        violations.add("constraints.max_turnover", "needs current_weights to measure from");
    }
    Some(plan)
}

/// A request to optimise as signals arrive; turnover is measured from one allocation to the next.
pub(in crate::grpc) fn live(request: wire::OptimizeRequest, violations: &mut Violations) -> Option<Plan> {
    if request.as_of.is_some() {
        violations.add("as_of", "must not be given for a stream, which goes with the market clock");
    }
    plan(request, &[], wire::Objective::MinVolatility, violations)
}

/// A frontier's request without what it does not use, and the number of points.
pub(in crate::grpc) fn frontier(
    request: wire::GetFrontierRequest,
    violations: &mut Violations,
) -> (wire::OptimizeRequest, usize) {
    let wire::GetFrontierRequest { optimize, points } = request;
    if optimize.is_none() {
        violations.add("optimize", "must be given; an empty one means all symbols and defaults");
    }
    let points = if points == 0 { DEFAULT_POINTS } else { points };
    if !(2..=MOST_POINTS).contains(&points) {
        violations.add("points", format_args!("must lie between 2 and {MOST_POINTS}"));
    }
    let optimize = optimize.unwrap_or_default();
    let objective = wire::Objective::MinVolatility.into();
    (wire::OptimizeRequest { objective, target: None, ..optimize }, points as usize)
}

fn plan(
    request: wire::OptimizeRequest,
    all: &[Symbol],
    default: wire::Objective,
    violations: &mut Violations,
) -> Option<Plan> {
    let wire::OptimizeRequest {
        symbols,
        objective,
        expected_returns,
        covariance,
        lookback,
        as_of,
        risk_free_rate,
        target,
        constraints: limits,
        current_weights,
    } = request;
    let symbols = listed(symbols, violations);
    let meant = if symbols.is_empty() { all } else { &symbols };
    if meant.len() > MOST_SYMBOLS {
        violations.add("symbols", format_args!("must be {MOST_SYMBOLS} at most; there are {}", meant.len()));
    }
    let held = held(current_weights, meant, violations);
    let constraints = constraints(limits, meant, violations);
    let objective = choice::objective(objective, target, default, violations);
    let expected = choice::expected(expected_returns, violations);
    let covariance = choice::covariance(covariance, violations);
    let lookback = lookback_of(lookback, violations);
    let as_of = as_of.and_then(|time| violations.take("as_of", Timestamp::try_from(time)));
    let risk_free = rate(risk_free_rate, violations);
    Some(Plan {
        objective: objective?,
        expected: expected?,
        covariance: covariance?,
        symbols,
        lookback,
        as_of,
        risk_free,
        constraints,
        held,
    })
}

fn listed(symbols: Vec<String>, violations: &mut Violations) -> Vec<Symbol> {
    if symbols.len() == 1 {
        violations.add("symbols", "must be 2 or more, or none for all");
    }
    let mut seen = BTreeSet::new();
    let mut listed = Vec::new();
    for (i, text) in symbols.into_iter().enumerate().take(MOST_SYMBOLS + 1) {
        let field = format!("symbols[{i}]");
        let Some(symbol) = violations.take(&field, Symbol::try_from(text)) else { continue };
        if seen.insert(symbol.clone()) {
            listed.push(symbol);
        } else {
            violations.add(&field, "must not stand twice");
        }
    }
    listed
}

fn held(weights: Vec<wire::CurrentWeight>, symbols: &[Symbol], violations: &mut Violations) -> Option<Held> {
    let given = !weights.is_empty();
    let mut seen = BTreeSet::new();
    let mut held = Vec::new();
    for (i, wire::CurrentWeight { symbol, weight }) in weights.into_iter().enumerate() {
        violations.within(&format!("current_weights[{i}]"), |inside| {
            if !(-10.0..=10.0).contains(&weight) {
                inside.add("weight", "must lie between -10 and 10");
            }
            let Some(symbol) = inside.take("symbol", Symbol::try_from(symbol)) else { return };
            if !symbols.is_empty() && !symbols.contains(&symbol) {
                inside.add("symbol", "must be one of the symbols to optimise");
            }
            if !seen.insert(symbol.clone()) {
                inside.add("symbol", "must not stand twice");
            }
            held.push((symbol, weight));
        });
    }
    given.then(|| held.into_iter().collect())
}

fn lookback_of(lookback: u32, violations: &mut Violations) -> usize {
    let good = lookback == 0 || (LEAST_RETURNS as u32..=MOST_LOOKBACK).contains(&lookback);
    if !good {
        violations.add("lookback", format_args!("must lie between {LEAST_RETURNS} and {MOST_LOOKBACK}"));
    }
    if lookback == 0 { DEFAULT_LOOKBACK } else { lookback as usize }
}

fn rate(rate: Option<f64>, violations: &mut Violations) -> f64 {
    let rate = rate.unwrap_or(0.0);
    if !(-0.5..=1.0).contains(&rate) {
        violations.add("risk_free_rate", "must lie between -0.5 and 1");
    }
    rate
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
