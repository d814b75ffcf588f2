//! Laws that hold for every universe: optimality by its own conditions, symmetry, scale, limits.

#![allow(clippy::unwrap_used)] // here a test fails that cannot go on

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use faer::Mat;
use portfolio_svc::covariance::{self, Covariance};
use portfolio_svc::expected;
use portfolio_svc::limits::{Builder, Limits, Name};
use portfolio_svc::optimise::{
    Interrupt, Objective, Outcome, Problem, Status, frontier, max_sharpe, min_volatility, risk_parity, target_return,
    target_volatility,
};
use portfolio_svc::plan::Held;
use portfolio_svc::prices::Returns;
use portfolio_svc::risk::{contributions, tail};
use proptest::prelude::*;
use tickmesh_proto::types::Symbol;

fn symbols(n: usize) -> Vec<Symbol> {
    (0..n).map(|i| Symbol::try_from(format!("A{i}")).unwrap()).collect()
}

/// Daily returns of 2 to 8 assets that share a common factor, on 80 dates.
fn universe() -> impl Strategy<Value = Returns> {
    (2usize..=8).prop_flat_map(|n| {
        let factor = prop::collection::vec(-0.02f64..0.02, 80);
        let own = prop::collection::vec(prop::collection::vec(-0.03f64..0.0302, 80), n);
        let beta = prop::collection::vec(-0.5f64..1.5, n);
        (factor, own, beta).prop_map(|(factor, own, beta)| {
            let value = |t: usize, i: usize| beta[i] * factor[t] + own[i][t];
            Returns::new(Mat::from_fn(80, own.len(), value)).unwrap()
        })
    })
}

fn problem(returns: &Returns, limits: Limits) -> Problem {
    Problem::new(covariance::ledoit_wolf(returns, 252.0), expected::historical(returns, 252.0), limits, 0.0)
}

fn long_only(returns: &Returns) -> Problem {
    problem(returns, Limits::long_only(symbols(returns.assets())))
}

fn weights(outcome: &Outcome) -> Vec<f64> {
    outcome.weights().unwrap_or_else(|| panic!("not solved: {outcome:?}")).as_slice().to_vec()
}

fn close(a: &[f64], b: &[f64], tolerance: f64) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance)
}

fn volatility(problem: &Problem, weights: &[f64]) -> f64 {
    problem.covariance().quadratic(weights).sqrt()
}

fn earns(problem: &Problem, weights: &[f64]) -> f64 {
    problem.expected().iter().zip(weights).map(|(mu, w)| mu * w).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Karush, Kuhn and Tucker: (Σw)ᵢ = wᵀΣw where wᵢ > 0, and not below it where wᵢ = 0.
    #[test]
    fn min_volatility_meets_its_optimality_conditions(returns in universe()) {
        let problem = long_only(&returns);
        let w = weights(&min_volatility(&problem));
        let gradient = problem.covariance().times(&w);
        let variance = problem.covariance().quadratic(&w);
        for (w, g) in w.iter().zip(gradient) {
            let residual = (g - variance) / variance;
            prop_assert!(if *w > 1e-6 { residual.abs() < 1e-6 } else { residual > -1e-6 }, "{w} {residual}");
        }
    }

    /// With e = μ − r the tangency portfolio has (Σw)ᵢ / eᵢ-wise equal slopes: Σw ≥ (wᵀΣw / eᵀw) e, equal where held.
    #[test]
    fn max_sharpe_meets_its_optimality_conditions(returns in universe()) {
        let problem = long_only(&returns);
        let outcome = max_sharpe(&problem);
        if problem.expected().iter().all(|mu| *mu <= 1e-9) {
            prop_assert_eq!(outcome.status, Status::Infeasible(vec![Name::RiskFreeRate]));
            return Ok(());
        }
        let w = weights(&outcome);
        let variance = problem.covariance().quadratic(&w);
        let slope = variance / earns(&problem, &w);
        for (i, g) in problem.covariance().times(&w).iter().enumerate() {
            let residual = (g - slope * problem.expected()[i]) / variance;
            prop_assert!(if w[i] > 1e-6 { residual.abs() < 1e-5 } else { residual > -1e-5 }, "{i} {residual}");
        }
    }

    #[test]
    fn risk_parity_gives_each_the_same_share_of_the_variance(returns in universe()) {
        let problem = long_only(&returns);
        let w = weights(&risk_parity(&problem));
        let shares = contributions(problem.covariance(), &w);
        prop_assert!(close(&shares, &vec![1.0 / w.len() as f64; w.len()], 1e-9), "{shares:?}");
    }

    #[test]
    fn scaling_returns_leaves_weights_alone(returns in universe(), scale in 0.1f64..3.0) {
        let scaled = Returns::new(Mat::from_fn(returns.dates(), returns.assets(), |t, i| scale * returns.matrix()[(t, i)])).unwrap();
        for objective in [Objective::MinVolatility, Objective::RiskParity, Objective::InverseVolatility] {
            let before = weights(&objective.optimise(&long_only(&returns)));
            let after = weights(&objective.optimise(&long_only(&scaled)));
            prop_assert!(close(&before, &after, 1e-7), "{objective:?} {before:?} {after:?}");
        }
    }

    #[test]
    fn permuting_assets_permutes_weights(returns in universe(), turn in 1usize..8) {
        let n = returns.assets();
        let turned = Returns::new(Mat::from_fn(returns.dates(), n, |t, i| returns.matrix()[(t, (i + turn) % n)])).unwrap();
        for objective in [Objective::MinVolatility, Objective::MaxSharpe, Objective::RiskParity] {
            let before = objective.optimise(&long_only(&returns));
            let after = objective.optimise(&long_only(&turned));
            prop_assert_eq!(before.weights().is_some(), after.weights().is_some());
            if let (Some(before), Some(after)) = (before.weights(), after.weights()) {
                let expected: Vec<f64> = (0..n).map(|i| before.as_slice()[(i + turn) % n]).collect();
                prop_assert!(close(&expected, after.as_slice(), 1e-7), "{objective:?}");
            }
        }
    }

    #[test]
    fn limits_hold(returns in universe(), floor in -0.2f64..0.05, slack in 0.05f64..0.5, most in 0.0f64..0.5) {
        let n = returns.assets();
        let cap = (1.0 / n as f64 + slack).min(1.0);
        let held = vec![1.0 / n as f64; n];
        let limits = Builder::new(symbols(n)).common(Some(floor), Some(cap)).group("pair", &["A0", "A1"], None, Some(0.9));
        let limits = if n > 2 { limits.turnover(most, &held) } else { Builder::new(symbols(n)).common(Some(floor), Some(cap)) };
        let problem = problem(&returns, limits.finish().unwrap());
        for objective in [Objective::MinVolatility, Objective::MaxSharpe, Objective::TargetVolatility(0.5)] {
            match objective.optimise(&problem).status {
                Status::Solved(w) => {
                    prop_assert_eq!(problem.limits().broken_by(w.as_slice(), 1e-8), vec![]);
                }
                Status::Infeasible(names) => prop_assert!(names == [Name::RiskFreeRate] || names.contains(&Name::Target), "{names:?}"),
                other => prop_assert!(false, "{objective:?} {other:?}"),
            }
        }
    }

    /// Whatever is held, long or short, within the universe or gone from it: trading keeps to its limit, or the limit
    /// is named. What must be closed and its proceeds come on top.
    #[test]
    fn turnover_keeps_to_its_limit_or_is_named(
        returns in universe(),
        kept in prop::collection::vec(-0.5f64..1.0, 8),
        gone in prop::collection::vec(-0.5f64..0.5, 0..3),
        most in 0.0f64..0.6,
    ) {
        let symbols = symbols(returns.assets());
        let left = (0..).map(|i| Symbol::try_from(format!("GONE{i}")).unwrap());
        let held: Held = symbols.iter().cloned().zip(kept).chain(left.zip(gone.iter().copied())).collect();
        let limits = Limits::long_only(symbols.clone()).with_turnover(held.limit(&symbols, most));
        let problem = problem(&returns, limits);
        match min_volatility(&problem).status {
            Status::Solved(w) => {
                let forced = (gone.iter().map(|g| g.abs()).sum::<f64>() + gone.iter().sum::<f64>().abs()) / 2.0;
                let turnover = held.turnover_to(&symbols, &w);
                prop_assert!(turnover <= most + forced + 1e-7, "{turnover} {most} {forced}");
            }
            Status::Infeasible(names) => prop_assert!(names.contains(&Name::MaxTurnover), "{names:?}"),
            other => prop_assert!(false, "{other:?}"),
        }
    }

    /// A whole portfolio can always stay as it is, but for what has left the universe.
    #[test]
    fn a_whole_portfolio_meets_any_turnover(returns in universe(), gone in 0.0f64..1.0, most in 0.0f64..0.2) {
        let n = returns.assets();
        let symbols = symbols(n);
        let kept = symbols.iter().cloned().map(|symbol| (symbol, (1.0 - gone) / n as f64));
        let held: Held = kept.chain([(Symbol::try_from("GONE").unwrap(), gone)]).collect();
        let limits = Limits::long_only(symbols.clone()).with_turnover(held.limit(&symbols, most));
        let outcome = min_volatility(&problem(&returns, limits));
        prop_assert!(outcome.weights().is_some(), "{outcome:?}");
    }

    /// The same point of the frontier is found from either side.
    #[test]
    fn target_return_and_target_volatility_are_each_others_inverse(returns in universe(), share in 0.1f64..0.9) {
        let problem = long_only(&returns);
        let low = earns(&problem, &weights(&min_volatility(&problem)));
        let high = problem.expected().iter().copied().fold(f64::MIN, f64::max);
        prop_assume!(high - low > 1e-3);
        let w = weights(&target_return(&problem, low + share * (high - low)));
        let back = weights(&target_volatility(&problem, volatility(&problem, &w)));
        prop_assert!(close(&w, &back, 1e-5), "{w:?} {back:?}");
    }

    #[test]
    fn the_frontier_rises_in_return_and_in_volatility(returns in universe()) {
        let problem = long_only(&returns);
        let points: Vec<Vec<f64>> = frontier(&problem, 12).iter().map(weights).collect();
        for pair in points.windows(2) {
            prop_assert!(earns(&problem, &pair[1]) >= earns(&problem, &pair[0]) - 1e-7);
            prop_assert!(volatility(&problem, &pair[1]) >= volatility(&problem, &pair[0]) - 1e-7);
        }
    }

    #[test]
    fn shrinking_keeps_the_mean_variance_and_makes_the_matrix_definite(returns in universe()) {
        let shrunk = covariance::ledoit_wolf(&returns, 252.0);
        let n = returns.dates() as f64;
        let sample = covariance::sample(&returns, 252.0).mean_variance() * (n - 1.0) / n;
        prop_assert!((shrunk.mean_variance() / sample - 1.0).abs() < 1e-12);
        prop_assert!(shrunk.matrix().llt(faer::Side::Lower).is_ok());
    }

    /// CVaR is at least VaR, homogeneous, and moves with a shift.
    #[test]
    fn tail_figures_are_coherent(returns in prop::collection::vec(-0.2f64..0.2, 20..200), scale in 0.1f64..5.0, shift in -0.1f64..0.1) {
        let before = tail(&returns).unwrap();
        prop_assert!(before.conditional_value_at_risk >= before.value_at_risk - 1e-15);
        let after = tail(&returns.iter().map(|r| scale * r + shift).collect::<Vec<_>>()).unwrap();
        prop_assert!((after.value_at_risk - (scale * before.value_at_risk - shift)).abs() < 1e-12);
        let expected = scale * before.conditional_value_at_risk - shift;
        prop_assert!((after.conditional_value_at_risk - expected).abs() < 1e-12);
    }
}

fn steady() -> Problem {
    three(|limits| limits)
}

fn three(limit: impl FnOnce(Builder) -> Builder) -> Problem {
    let covariance = Covariance::new(Mat::from_fn(3, 3, |i, j| if i == j { 0.04 } else { 0.01 })).unwrap();
    let limits = limit(Builder::new(symbols(3))).finish().unwrap();
    Problem::new(covariance, vec![0.02, 0.05, 0.08], limits, 0.0)
}

/// The clashing limits by name, as a client reads them.
fn clashes(outcome: &Outcome) -> Vec<String> {
    match &outcome.status {
        Status::Infeasible(names) => names.iter().map(ToString::to_string).collect(),
        other => panic!("not infeasible: {other:?}"),
    }
}

/// How often a computation asks whether its answer is still wanted, when it is not any more after `patience` questions.
fn questions(problem: Problem, patience: usize, compute: impl FnOnce(Problem)) -> usize {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let interrupt = Interrupt::new(move || count.fetch_add(1, Ordering::Relaxed) >= patience);
    compute(problem.interrupted_by(interrupt));
    asked.load(Ordering::Relaxed)
}

#[test]
fn solvers_end_soon_after_their_answer_is_not_wanted_any_more() {
    let whole = questions(steady(), usize::MAX, |problem| drop(frontier(&problem, 200)));
    let ended = questions(steady(), 100, |problem| drop(frontier(&problem, 200)));
    assert!(ended < 120 && whole > 1_000, "{ended} of {whole} questions");
    let covariance = [[0.04, 0.01, -0.01], [0.01, 0.09, 0.05], [-0.01, 0.05, 0.16]];
    let covariance = Covariance::new(Mat::from_fn(3, 3, |i, j| covariance[i][j])).unwrap();
    let uneven = Problem::new(covariance, vec![0.0; 3], Limits::long_only(symbols(3)), 0.0);
    let parity = questions(uneven, 1, |problem| {
        assert!(matches!(risk_parity(&problem).status, Status::IterationLimit(_)));
    });
    assert!(parity < 6, "{parity} questions");
}

#[test]
fn caps_that_sum_to_less_than_one_clash() {
    let problem = three(|limits| limits.common(None, Some(0.3)));
    for objective in [Objective::MinVolatility, Objective::MaxSharpe, Objective::TargetVolatility(1.0)] {
        assert_eq!(clashes(&objective.optimise(&problem)), ["max_weight"]);
    }
}

#[test]
fn hundreds_of_caps_are_seen_to_be_too_low_at_once() {
    let n = 300;
    let mut builder = Builder::new(symbols(n)).group("half", &["A0", "A1"], Some(0.5), None);
    for i in 0..n {
        builder = builder.bound(&format!("A{i}"), None, Some(0.003));
    }
    let limits = builder.finish().unwrap();
    let covariance = Covariance::new(Mat::from_fn(n, n, |i, j| if i == j { 0.04 } else { 0.0 })).unwrap();
    let names = clashes(&min_volatility(&Problem::new(covariance, vec![0.0; n], limits, 0.0)));
    assert_eq!(names.len(), n, "the caps sum to 0.9; the group does not matter");
}

#[test]
fn a_group_that_its_members_cannot_fill_is_named_with_their_caps() {
    let problem = three(|limits| {
        limits.bound("A0", None, Some(0.1)).bound("A1", None, Some(0.2)).group("pair", &["A0", "A1"], Some(0.4), None)
    });
    assert_eq!(clashes(&min_volatility(&problem)), ["bounds[A0].max", "bounds[A1].max", "groups[pair].min"]);
}

#[test]
fn only_limits_that_take_part_are_named() {
    let problem = three(|limits| {
        limits.bound("A0", Some(0.6), None).bound("A1", None, Some(0.9)).group("rest", &["A0", "A2"], None, Some(0.5))
    });
    // The cap of A1 does not matter; that A2 may not be sold short does.
    assert_eq!(clashes(&min_volatility(&problem)), ["min_weight", "bounds[A0].min", "groups[rest].max"]);
}

#[test]
fn a_group_and_a_cap_that_leave_no_room_are_named() {
    let problem = three(|limits| limits.common(None, Some(0.2)).bound("A2", None, Some(0.5)));
    assert_eq!(clashes(&min_volatility(&problem)), ["max_weight", "bounds[A2].max"]);
}

#[test]
fn a_turnover_too_small_to_reach_a_bound_is_named_with_it() {
    let problem = three(|limits| limits.bound("A0", Some(0.5), None).turnover(0.1, &[0.2, 0.4, 0.4]));
    assert_eq!(clashes(&min_volatility(&problem)), ["bounds[A0].min", "max_turnover"]);
}

#[test]
fn a_return_out_of_reach_names_the_target_and_says_what_is_attainable() {
    let outcome = target_return(&three(|limits| limits.bound("A2", None, Some(0.5))), 0.07);
    assert_eq!(clashes(&outcome), ["min_weight", "bounds[A2].max", "target"]);
    assert!(outcome.note.contains("0.065"), "{}", outcome.note);
    assert_eq!(clashes(&target_return(&steady(), 0.09)), ["min_weight", "target"]);
}

#[test]
fn a_volatility_out_of_reach_names_the_target_and_says_what_is_attainable() {
    let outcome = target_volatility(&steady(), 0.1);
    assert_eq!(clashes(&outcome), ["target"]);
    assert!(outcome.note.contains("0.141421"), "{}", outcome.note);
}

#[test]
fn nothing_above_the_risk_free_rate_names_it() {
    let covariance = steady().covariance().clone();
    let problem = Problem::new(covariance, vec![0.01; 3], Limits::long_only(symbols(3)), 0.02);
    assert_eq!(clashes(&max_sharpe(&problem)), ["risk_free_rate"]);
}

#[test]
fn an_objective_without_choice_names_itself_and_what_it_breaks() {
    let problem = three(|limits| limits.bound("A0", Some(0.5), None));
    for objective in [Objective::EqualWeight, Objective::InverseVolatility, Objective::RiskParity] {
        assert_eq!(clashes(&objective.optimise(&problem)), ["objective", "bounds[A0].min"]);
    }
}

#[test]
fn an_asset_without_volatility_has_no_share_of_the_risk() {
    let covariance = Covariance::new(Mat::from_fn(2, 2, |i, j| if i + j == 0 { 0.04 } else { 0.0 })).unwrap();
    let problem = Problem::new(covariance, vec![0.0; 2], Limits::long_only(symbols(2)), 0.0);
    for objective in [Objective::RiskParity, Objective::InverseVolatility] {
        let outcome = objective.optimise(&problem);
        assert_eq!(outcome.status, Status::NumericalFailure);
        assert!(outcome.note.contains("A1"));
    }
    assert!(close(&weights(&min_volatility(&problem)), &[0.0, 1.0], 1e-4));
}

#[test]
fn a_weight_fixed_from_both_sides_stays_fixed() {
    let problem = three(|limits| limits.bound("A0", Some(0.3), Some(0.3)));
    let w = weights(&min_volatility(&problem));
    assert!(close(&w, &[0.3, 0.35, 0.35], 1e-8), "{w:?}");
}

#[test]
fn no_turnover_keeps_what_is_held() {
    let problem = three(|limits| limits.turnover(0.0, &[0.5, 0.25, 0.25]));
    assert!(close(&weights(&min_volatility(&problem)), &[0.5, 0.25, 0.25], 1e-8));
}
