use tickmesh_proto::portfolio::v1 as wire;

use super::*;
use crate::optimise::Objective;
use crate::plan::{CovarianceMethod, ExpectedMethod};

fn parse(request: wire::OptimizeRequest) -> Result<Plan, Vec<String>> {
    let mut violations = Violations::new();
    let plan = once(request, &[], &mut violations);
    let fields: Vec<String> = violations.iter().map(|(field, _)| field.clone()).collect();
    if fields.is_empty() { Ok(plan.expect("no violation, so a plan")) } else { Err(fields) }
}

fn of(symbols: &[&str]) -> wire::OptimizeRequest {
    wire::OptimizeRequest { symbols: symbols.iter().map(ToString::to_string).collect(), ..Default::default() }
}

#[test]
fn nothing_given_means_the_defaults_of_the_contract() {
    let plan = parse(wire::OptimizeRequest::default()).unwrap();
    assert_eq!(plan.objective, Objective::MaxSharpe);
    assert_eq!((plan.expected, plan.covariance), (ExpectedMethod::Historical, CovarianceMethod::LedoitWolf));
    assert_eq!((plan.lookback, plan.risk_free), (504, 0.0));
    assert_eq!(plan.held, None);
}

#[test]
fn every_bad_field_is_named_at_once() {
    let request = wire::OptimizeRequest {
        symbols: ["AAPL", "aapl", "AAPL"].map(String::from).to_vec(),
        objective: 99,
        expected_returns: 3,
        covariance: 7,
        lookback: 59,
        as_of: Some(prost_types::Timestamp { seconds: 0, nanos: -1 }),
        risk_free_rate: Some(f64::NAN),
        target: None,
        constraints: Some(wire::Constraints {
            min_weight: Some(-2.0),
            bounds: vec![wire::Bound { symbol: "ZZZZ".into(), min: Some(0.5), max: Some(0.4) }],
            max_turnover: Some(3.0),
            ..Default::default()
        }),
        current_weights: vec![wire::CurrentWeight { symbol: "NVDA".into(), weight: f64::INFINITY }],
    };
    let fields = parse(request).unwrap_err();
    let expected = [
        "symbols[1]",
        "symbols[2]",
        "current_weights[0].weight",
        "current_weights[0].symbol",
        "constraints.max_turnover",
        "constraints.min_weight",
        "constraints.bounds[0].max",
        "constraints.bounds[0].symbol",
        "objective",
        "expected_returns",
        "covariance",
        "lookback",
        "as_of",
        "risk_free_rate",
    ];
    assert_eq!(fields, expected);
}

#[test]
fn what_is_not_declared_is_refused_with_what_works() {
    let mut violations = Violations::new();
    once(wire::OptimizeRequest { objective: 7, ..of(&["A", "B"]) }, &[], &mut violations);
    let (field, rule) = violations.iter().next().unwrap();
    assert_eq!(field, "objective");
    assert!(rule.contains("OBJECTIVE_MIN_VOLATILITY") && rule.contains("OBJECTIVE_RISK_PARITY"), "{rule}");
}

#[test]
fn a_target_goes_with_the_two_objectives_that_have_one() {
    let with = |objective: wire::Objective, target| {
        parse(wire::OptimizeRequest { objective: objective.into(), target, ..of(&["A", "B"]) })
    };
    assert_eq!(with(wire::Objective::TargetReturn, Some(0.1)).unwrap().objective, Objective::TargetReturn(0.1));
    assert_eq!(with(wire::Objective::TargetReturn, None), Err(vec!["target".into()]));
    assert_eq!(with(wire::Objective::TargetVolatility, Some(0.0)), Err(vec!["target".into()]));
    assert_eq!(with(wire::Objective::MinVolatility, Some(0.1)), Err(vec!["target".into()]));
}

#[test]
fn turnover_needs_weights_to_measure_from() {
    let constraints = wire::Constraints { max_turnover: Some(0.2), ..Default::default() };
    let request = wire::OptimizeRequest { constraints: Some(constraints), ..of(&["A", "B"]) };
    assert_eq!(parse(request.clone()), Err(vec!["constraints.max_turnover".into()]));
    let current_weights = vec![wire::CurrentWeight { symbol: "A".into(), weight: 1.0 }];
    assert!(parse(wire::OptimizeRequest { current_weights, ..request }).is_ok());
}

#[test]
fn a_frontier_ignores_objective_and_target() {
    let mut violations = Violations::new();
    let objective = wire::Objective::TargetReturn.into();
    let optimize = wire::OptimizeRequest { objective, target: Some(0.1), ..of(&["A", "B"]) };
    let (request, points) = frontier(wire::GetFrontierRequest { optimize: Some(optimize), points: 0 }, &mut violations);
    assert_eq!((once(request, &[], &mut violations).unwrap().objective, points), (Objective::MinVolatility, 20));
    assert!(violations.is_empty());
    frontier(wire::GetFrontierRequest { optimize: None, points: 201 }, &mut violations);
    assert_eq!(violations.iter().count(), 2);
}

#[test]
fn the_default_stream_and_its_spelled_out_request_are_one_plan() {
    let constraints = wire::Constraints { max_turnover: Some(0.2), ..Default::default() };
    let request = wire::OptimizeRequest { constraints: Some(constraints), ..Default::default() };
    assert_eq!(live(request, &mut Violations::new()).unwrap(), Plan::live(0.2));
}
