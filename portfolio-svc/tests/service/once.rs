use tickmesh_proto::portfolio::v1::{
    Allocation, Bound, Constraints, Covariance, CurrentWeight, ExpectedReturns, GetFrontierRequest, Group, Objective,
    OptimizeRequest, SolveStatus, StreamAllocationsRequest,
};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::harness::Service;
use crate::peer::{Peer, TRAINED};

const ALL: usize = 505;

async fn service(clock: usize) -> (Peer, Service, tempfile::TempDir) {
    let (peer, data) = (Peer::start(clock).await, tempfile::tempdir().unwrap());
    let service = Service::start(&peer, data.path()).await;
    (peer, service, data)
}

fn symbols(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn weights(allocation: &Allocation) -> Vec<f64> {
    allocation.weights.iter().map(|w| w.weight.unwrap()).collect()
}

fn golden(pointer: &str) -> Vec<f64> {
    let json: serde_json::Value = serde_json::from_str(include_str!("../golden/golden.json")).unwrap();
    json.pointer(pointer).unwrap().as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn assert_close(found: &[f64], expected: &[f64]) {
    assert!(found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-7), "{found:?} is not {expected:?}");
}

#[tokio::test]
async fn nothing_asked_for_is_the_tangency_portfolio_of_all_symbols() {
    let (_peer, mut service, _data) = service(ALL).await;
    let allocation = service.client.optimize(OptimizeRequest::default()).await.unwrap().into_inner();
    assert_eq!(allocation.status(), SolveStatus::Solved);
    assert_eq!((allocation.objective(), allocation.observations), (Objective::MaxSharpe, 504));
    assert_close(&weights(&allocation), &golden("/weights/max_sharpe_0"));
    let shares: f64 = allocation.weights.iter().map(|w| w.risk_contribution.unwrap()).sum();
    assert!((shares - 1.0).abs() < 1e-12);
    assert!(allocation.conditional_value_at_risk.unwrap() > allocation.value_at_risk.unwrap());
    assert_eq!(allocation.turnover, None);
    assert!(weights(&allocation).contains(&0.0), "0 is a weight, not an absent one");
}

#[tokio::test]
async fn all_symbols_are_those_with_history_enough_and_the_others_are_named() {
    let (peer, data) = (Peer::with_newcomer(ALL, ALL - 30).await, tempfile::tempdir().unwrap());
    let mut service = Service::start(&peer, data.path()).await;
    let (newcomer, others) = peer.tape.symbols.split_last().unwrap();
    let allocation = service.client.optimize(OptimizeRequest::default()).await.unwrap().into_inner();
    let named: Vec<&String> = allocation.weights.iter().map(|w| &w.symbol).collect();
    assert_eq!(named, others.iter().collect::<Vec<_>>());
    assert!(allocation.note.contains(newcomer), "{}", allocation.note);
    let request = GetFrontierRequest { optimize: Some(OptimizeRequest::default()), points: 2 };
    let points = service.client.get_frontier(request).await.unwrap().into_inner().allocations;
    assert!(points.iter().all(|point| point.note.contains(newcomer)), "{points:?}");
    let request = OptimizeRequest { symbols: peer.tape.symbols.clone(), ..OptimizeRequest::default() };
    let status = service.client.optimize(request).await.unwrap_err();
    assert_eq!(status.get_details_error_info().unwrap().reason, "TOO_FEW_RETURNS", "who is named is not left out");
}

#[tokio::test]
async fn a_named_symbol_without_fresh_bars_is_told_with_its_last_date() {
    let (peer, data) = (Peer::with_retired(ALL, ALL - 100).await, tempfile::tempdir().unwrap());
    let mut service = Service::start(&peer, data.path()).await;
    let retired = peer.tape.symbols.last().unwrap();
    let last = tickmesh_proto::types::Timestamp::try_from(peer.tape.close_time(ALL - 100)).unwrap().to_string();
    let told = format!("{retired} (last close {})", last.split('T').next().unwrap());
    let optimize = OptimizeRequest { symbols: symbols(&["AAPL", retired]), ..OptimizeRequest::default() };
    let allocation = service.client.optimize(optimize.clone()).await.unwrap().into_inner();
    assert_eq!(allocation.as_of, Some(peer.tape.close_time(ALL - 100)));
    assert!(allocation.note.contains(&told), "{:?} does not tell {told}", allocation.note);
    let request = GetFrontierRequest { optimize: Some(optimize.clone()), points: 2 };
    let points = service.client.get_frontier(request).await.unwrap().into_inner().allocations;
    assert!(points.iter().all(|point| point.note.contains(&told)), "{points:?}");
    let then = OptimizeRequest { as_of: Some(peer.tape.close_time(ALL - 98)), ..optimize };
    assert_eq!(service.client.optimize(then).await.unwrap().into_inner().note, "", "two days are no week");
}

#[tokio::test]
async fn limits_on_symbols_that_are_left_out_do_not_apply() {
    let (peer, data) = (Peer::with_newcomer(ALL, ALL - 30).await, tempfile::tempdir().unwrap());
    let mut service = Service::start(&peer, data.path()).await;
    let newcomer = peer.tape.symbols.last().unwrap().clone();
    let group = |name: &str, names: &[&str], max: f64| Group {
        name: name.into(),
        symbols: symbols(names),
        max: Some(max),
        ..Group::default()
    };
    let constraints = Constraints {
        bounds: vec![Bound { symbol: newcomer.clone(), max: Some(0.1), ..Bound::default() }],
        groups: vec![group("new", &[&newcomer], 0.1), group("both", &["AAPL", &newcomer], 0.05)],
        ..Constraints::default()
    };
    let optimize = OptimizeRequest { constraints: Some(constraints), ..OptimizeRequest::default() };
    let allocation = service.client.optimize(optimize.clone()).await.unwrap().into_inner();
    assert_eq!(allocation.status(), SolveStatus::Solved);
    assert!(allocation.note.contains(&newcomer), "{}", allocation.note);
    assert!(allocation.weights.iter().all(|w| w.symbol != newcomer));
    assert!(weights(&allocation)[0] < 0.05 + 1e-8, "the limit on the other one applies");
    service.ready().await;
    let request = StreamAllocationsRequest { optimize: Some(optimize), ..StreamAllocationsRequest::default() };
    let mut stream = service.stream(request).await;
    stream.ack().await;
    assert!(stream.allocations(1).await[0].note.contains(&newcomer));
    drop(stream);
    service.stop().await;
}

#[tokio::test]
async fn turnover_and_cost_are_counted_from_the_current_weights() {
    let (peer, mut service, _data) = service(ALL).await;
    let held = |symbol: &String| CurrentWeight { symbol: symbol.clone(), weight: 1.0 / 6.0 };
    let request = OptimizeRequest {
        objective: Objective::MinVolatility.into(),
        current_weights: peer.tape.symbols.iter().map(held).collect(),
        constraints: Some(Constraints { max_turnover: Some(0.1), ..Constraints::default() }),
        ..OptimizeRequest::default()
    };
    let allocation = service.client.optimize(request).await.unwrap().into_inner();
    assert_close(&weights(&allocation), &golden("/weights/min_volatility_turnover"));
    assert!((allocation.turnover.unwrap() - 0.1).abs() < 1e-8);
    assert!((allocation.cost.unwrap() - 0.0001).abs() < 1e-8);
}

#[tokio::test]
async fn the_past_is_computed_from_what_was_known_then() {
    let (peer, mut service, _data) = service(ALL).await;
    let request = OptimizeRequest { as_of: Some(peer.tape.close_time(300)), ..OptimizeRequest::default() };
    let then = service.client.optimize(request).await.unwrap().into_inner();
    assert_eq!((then.as_of, then.observations), (Some(peer.tape.close_time(300)), 299));
    let (_peer, mut early, _data) = self::service(300).await;
    let now = early.client.optimize(OptimizeRequest::default()).await.unwrap().into_inner();
    assert_eq!(weights(&then), weights(&now));
}

/// Optimises again and again until it is as of this day.
async fn as_of_day(peer: &Peer, service: &mut Service, day: usize) -> Allocation {
    let mut allocation = Allocation::default();
    for _ in 0..200 {
        allocation = service.client.optimize(OptimizeRequest::default()).await.unwrap().into_inner();
        if allocation.as_of == Some(peer.tape.close_time(day)) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(allocation.as_of, Some(peer.tape.close_time(day)));
    allocation
}

#[tokio::test]
async fn closes_that_arrive_live_are_used_at_once() {
    let (peer, mut service, _data) = service(ALL - 5).await;
    service.ready().await;
    service.client.optimize(OptimizeRequest::default()).await.unwrap();
    peer.pass(5);
    let allocation = as_of_day(&peer, &mut service, ALL).await;
    // Raw live prices are twice the adjusted ones: a jump of 100 % would show here.
    assert_close(&weights(&allocation), &golden("/weights/max_sharpe_0"));
}

#[tokio::test]
async fn closes_between_a_fetch_and_a_subscription_are_not_missed() {
    let (peer, data) = (Peer::start(ALL - 5).await, tempfile::tempdir().unwrap());
    peer.hold_bars(true);
    let mut service = Service::start(&peer, data.path()).await;
    service.client.optimize(OptimizeRequest::default()).await.unwrap();
    peer.pass(4);
    peer.hold_bars(false);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await; // for the subscription to begin
    peer.pass(1);
    let allocation = as_of_day(&peer, &mut service, ALL).await;
    assert_close(&weights(&allocation), &golden("/weights/max_sharpe_0"));
}

#[tokio::test]
async fn an_infeasible_problem_is_an_outcome_that_names_the_clash() {
    let (_peer, mut service, _data) = service(ALL).await;
    let constraints = Constraints { max_weight: Some(0.1), ..Constraints::default() };
    let request = OptimizeRequest { constraints: Some(constraints), ..OptimizeRequest::default() };
    let allocation = service.client.optimize(request).await.unwrap().into_inner();
    assert_eq!(allocation.status(), SolveStatus::Infeasible);
    assert_eq!(allocation.clashing_constraints, ["max_weight"]);
    assert!(allocation.note.contains("max_weight") && allocation.note.contains("0.6"), "{}", allocation.note);
    assert!(allocation.weights.is_empty() && allocation.volatility.is_none());
}

#[tokio::test]
async fn a_turnover_that_cannot_be_kept_is_infeasible_and_never_dropped() {
    let (_peer, mut service, _data) = service(ALL).await;
    let nothing_held = CurrentWeight { symbol: "AAPL".into(), weight: 0.0 };
    let request = OptimizeRequest {
        objective: Objective::MinVolatility.into(),
        current_weights: vec![nothing_held],
        constraints: Some(Constraints { max_turnover: Some(0.1), ..Constraints::default() }),
        ..OptimizeRequest::default()
    };
    let allocation = service.client.optimize(request).await.unwrap().into_inner();
    assert_eq!(allocation.status(), SolveStatus::Infeasible, "buying everything is a turnover of 0.5");
    assert_eq!(allocation.clashing_constraints, ["max_turnover"]);
    assert!(allocation.note.contains("max_turnover"), "{}", allocation.note);
}

#[tokio::test]
async fn an_unknown_symbol_is_not_found_and_the_known_ones_are_listed() {
    let (_peer, mut service, _data) = service(ALL).await;
    let request = OptimizeRequest { symbols: symbols(&["AAPL", "ZZZZ"]), ..OptimizeRequest::default() };
    let status = service.client.optimize(request).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert!(status.message().contains("ZZZZ") && status.message().contains("NVDA"), "{}", status.message());
    let info = status.get_details_error_info().unwrap();
    assert_eq!((info.reason.as_str(), info.metadata["import"].as_str()), ("SYMBOL_UNKNOWN", "tickmesh import FILE"));
    assert!(info.metadata["known_symbols"].split(',').any(|known| known == "NVDA"), "{:?}", info.metadata);
}

#[tokio::test]
async fn every_bad_field_is_named() {
    let (_peer, mut service, _data) = service(ALL).await;
    let request = OptimizeRequest {
        symbols: symbols(&["AAPL", "b?d"]),
        lookback: 3,
        covariance: 6,
        ..OptimizeRequest::default()
    };
    let status = service.client.optimize(request).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let named = status.get_details_bad_request().unwrap().field_violations;
    let fields: Vec<&str> = named.iter().map(|v| v.field.as_str()).collect();
    assert_eq!(fields, ["symbols[1]", "covariance", "lookback"]);
}

#[tokio::test]
async fn sixty_common_returns_are_enough_and_one_fewer_is_not() {
    let (_peer, mut enough, _data) = service(61).await;
    let allocation = enough.client.optimize(OptimizeRequest::default()).await.unwrap().into_inner();
    assert_eq!(allocation.observations, 60);
    let (_peer, mut short, _data) = service(60).await;
    let status = short.client.optimize(OptimizeRequest::default()).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(status.get_details_error_info().unwrap().reason, "TOO_FEW_RETURNS");
}

#[tokio::test]
async fn forecasts_move_expected_returns_by_what_the_model_knows_beyond_its_drift() {
    let (_peer, mut service, _data) = service(ALL).await;
    let ask = |expected: ExpectedReturns| OptimizeRequest {
        symbols: symbols(&["AAPL", "AMZN", "GOOG"]),
        objective: Objective::EqualWeight.into(),
        expected_returns: expected.into(),
        covariance: Covariance::Sample.into(),
        ..OptimizeRequest::default()
    };
    let historical = service.client.optimize(ask(ExpectedReturns::Historical)).await.unwrap().into_inner();
    let forecast = service.client.optimize(ask(ExpectedReturns::Forecast)).await.unwrap().into_inner();
    // Shrinking to the cross-sectional mean leaves the mean alone; m - a averages 1e-4 - 5e-5 over the three.
    let moved = forecast.expected_return.unwrap() - historical.expected_return.unwrap();
    assert!((moved - 252.0 * 5e-5).abs() < 1e-12, "{moved}");
    let views = service.client.optimize(ask(ExpectedReturns::BlackLitterman)).await.unwrap().into_inner();
    assert!(views.expected_return.unwrap() > 0.0);
}

#[tokio::test]
async fn a_symbol_without_forecast_is_named() {
    let (_peer, mut service, _data) = service(ALL).await;
    let request = OptimizeRequest {
        symbols: symbols(&["AAPL", "NVDA"]),
        expected_returns: ExpectedReturns::Forecast.into(),
        ..OptimizeRequest::default()
    };
    let status = service.client.optimize(request).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    let info = status.get_details_error_info().unwrap();
    assert_eq!((info.reason.as_str(), info.metadata["symbols"].as_str()), ("NO_FORECAST", "NVDA"));
}

/// AAPL and AMZN, which have models.
fn forecast() -> OptimizeRequest {
    OptimizeRequest {
        symbols: symbols(&["AAPL", "AMZN"]),
        expected_returns: ExpectedReturns::Forecast.into(),
        ..OptimizeRequest::default()
    }
}

async fn refusal(service: &mut Service, request: OptimizeRequest) -> (Code, String) {
    let status = service.client.optimize(request).await.unwrap_err();
    (status.code(), status.get_details_error_info().unwrap().reason)
}

#[tokio::test]
async fn forecasts_that_would_know_the_outcome_are_refused() {
    let (peer, mut service, _data) = service(ALL).await;
    let at = |day: usize| Some(peer.tape.close_time(day));
    for expected in [ExpectedReturns::Forecast, ExpectedReturns::BlackLitterman] {
        let request = OptimizeRequest { as_of: at(TRAINED - 1), expected_returns: expected.into(), ..forecast() };
        assert_eq!(refusal(&mut service, request).await, (Code::FailedPrecondition, "IN_SAMPLE".to_owned()));
    }
    service.client.optimize(OptimizeRequest { as_of: at(TRAINED), ..forecast() }).await.unwrap();
    let historical = OptimizeRequest { expected_returns: 0, as_of: at(TRAINED - 1), ..forecast() };
    service.client.optimize(historical).await.expect("history knows no outcome");
}

#[tokio::test]
async fn bars_that_no_stream_brings_are_found_by_their_number() {
    let (peer, mut service, _data) = service(ALL - 5).await;
    let named = OptimizeRequest { symbols: symbols(&["AAPL", "NVDA"]), ..OptimizeRequest::default() };
    let before = service.client.optimize(named.clone()).await.unwrap().into_inner();
    assert_eq!(before.as_of, Some(peer.tape.close_time(ALL - 5)));
    peer.import(5);
    for request in [named, OptimizeRequest::default()] {
        let found = async {
            while service.client.optimize(request.clone()).await.unwrap().into_inner().as_of
                != Some(peer.tape.close_time(ALL))
            {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(12), found).await.expect("an import is noticed");
    }
}

#[tokio::test]
async fn a_moment_to_come_is_refused() {
    let (peer, mut service, _data) = service(ALL - 1).await;
    let request = OptimizeRequest { as_of: Some(peer.tape.close_time(ALL)), ..OptimizeRequest::default() };
    assert_eq!(refusal(&mut service, request).await, (Code::OutOfRange, "BEYOND_CLOCK".to_owned()));
}

#[tokio::test]
async fn a_model_that_is_a_moment_behind_the_newest_bar_is_waited_for() {
    let (peer, mut service, _data) = service(ALL).await;
    peer.hold_model_back(3);
    let allocation = service.client.optimize(forecast()).await.unwrap().into_inner();
    assert_eq!(allocation.as_of, Some(peer.tape.close_time(ALL)));
    peer.hold_model_back(usize::MAX);
    assert_eq!(refusal(&mut service, forecast()).await, (Code::Unavailable, "MODEL_BEHIND".to_owned()));
    let questions = usize::MAX - peer.held_back();
    assert!(questions < 25, "{questions} questions to a model that is busy");
}

#[tokio::test]
async fn the_frontier_goes_from_least_volatility_to_greatest_return() {
    let (_peer, mut service, _data) = service(ALL).await;
    let request = GetFrontierRequest { optimize: Some(OptimizeRequest::default()), points: 7 };
    let points = service.client.get_frontier(request).await.unwrap().into_inner().allocations;
    assert_eq!(points.len(), 7);
    assert!(points.iter().all(|p| p.status() == SolveStatus::Solved));
    assert_close(&weights(&points[0]), &golden("/weights/min_volatility"));
    assert!(points.is_sorted_by(|a, b| a.expected_return < b.expected_return && a.volatility < b.volatility));
    let best = golden("/expected/historical").into_iter().fold(f64::MIN, f64::max);
    assert!((points[6].expected_return.unwrap() - best).abs() < 1e-7);
}
