//! Numbers against their witnesses: pandas, scikit-learn, PyPortfolioOpt, and optima that two solvers of different
//! kinds agree on. generate.py made them and golden.json names the versions.

#![allow(clippy::unwrap_used)] // here a test fails that cannot go on

mod case;

use case::{Case, Golden, assert_close};
use portfolio_svc::covariance::{self, Covariance};
use portfolio_svc::expected::{self, View};
use portfolio_svc::limits::Limits;
use portfolio_svc::optimise::{Objective, Problem};
use portfolio_svc::prices::Returns;
use portfolio_svc::risk;

#[test]
fn historical_returns_equal_pypfopt() {
    let golden = Golden::load();
    assert_close(&expected::historical(&golden.returns, 252.0), &golden.numbers("/expected/historical"), 1e-12);
}

#[test]
fn exponential_returns_equal_pypfopt() {
    let golden = Golden::load();
    assert_close(&expected::exponential(&golden.returns, 252.0), &golden.numbers("/expected/exponential"), 1e-12);
}

#[test]
fn black_litterman_equals_the_master_equation_in_its_inverse_form() {
    let golden = Golden::load();
    let of = |name: &str| golden.numbers(&format!("/views/{name}"));
    let (m, s2, rho) = (of("expected"), of("error_variance"), of("skill"));
    let view = |i: usize| View { expected: m[i], error_variance: s2[i], skill: rho[i], horizon: 1 };
    let views: Vec<View> = (0..m.len()).map(view).collect();
    let covariance = covariance::ledoit_wolf(&golden.returns, 252.0);
    let mu = expected::black_litterman(&covariance, &views, 252.0).unwrap();
    assert_close(&mu, &golden.numbers("/expected/black_litterman"), 1e-10);
}

#[test]
fn sample_covariance_equals_pandas() {
    let golden = Golden::load();
    assert_matrix(&covariance::sample(&golden.returns, 252.0), &golden, "/covariance/sample");
}

#[test]
fn exponential_covariance_equals_pandas_ewm() {
    let golden = Golden::load();
    assert_matrix(&covariance::exponential(&golden.returns, 252.0), &golden, "/covariance/exponential");
}

#[test]
fn ledoit_wolf_equals_scikit_learn() {
    let golden = Golden::load();
    assert_matrix(&covariance::ledoit_wolf(&golden.returns, 252.0), &golden, "/covariance/ledoit_wolf");
}

#[test]
fn ledoit_wolf_equals_scikit_learn_with_fewer_dates_than_assets() {
    let golden = Golden::load();
    let first = golden.returns.matrix().subrows(0, 5).to_owned();
    let short = Returns::new(first).unwrap();
    assert_matrix(&covariance::ledoit_wolf(&short, 252.0), &golden, "/covariance/ledoit_wolf_short");
}

fn assert_matrix(found: &Covariance, golden: &Golden, at: &str) {
    for i in 0..found.assets() {
        assert_close(found.matrix().col_as_slice(i), &golden.numbers(&format!("{at}/{i}")), 1e-13);
    }
}

#[test]
fn min_volatility_equals_the_exact_optimum() {
    Case::long_only().solves(Objective::MinVolatility, "/weights/min_volatility");
}

#[test]
fn min_volatility_with_bounds_equals_slsqp() {
    let case = Case::limited(|limits| limits.common(Some(0.05), Some(0.30)));
    case.solves(Objective::MinVolatility, "/weights/min_volatility_bounds");
}

#[test]
fn min_volatility_with_a_group_equals_slsqp() {
    let symbols = Golden::load().symbols;
    let first = [symbols[0].as_str(), symbols[1].as_str()];
    let case = Case::limited(|limits| limits.common(None, Some(0.5)).group("first", &first, Some(0.6), None));
    case.solves(Objective::MinVolatility, "/weights/min_volatility_group");
}

#[test]
fn min_volatility_with_short_positions_equals_slsqp() {
    let case = Case::limited(|limits| limits.common(Some(-0.2), None));
    case.solves(Objective::MinVolatility, "/weights/min_volatility_short");
}

#[test]
fn min_volatility_within_a_turnover_equals_slsqp() {
    let case = Case::limited(|limits| limits.turnover(0.1, &[1.0 / 6.0; 6]));
    case.solves(Objective::MinVolatility, "/weights/min_volatility_turnover");
}

#[test]
fn max_sharpe_equals_the_exact_optimum() {
    Case::long_only().solves(Objective::MaxSharpe, "/weights/max_sharpe_0");
    Case::long_only().risk_free(0.02).solves(Objective::MaxSharpe, "/weights/max_sharpe_0.02");
}

#[test]
fn target_return_equals_the_exact_optimum() {
    let target = Golden::load().number("/weights/target_return/target");
    Case::long_only().solves(Objective::TargetReturn(target), "/weights/target_return/weights");
}

#[test]
fn target_volatility_equals_the_exact_optimum() {
    let target = Golden::load().number("/weights/target_volatility/target");
    Case::long_only().solves(Objective::TargetVolatility(target), "/weights/target_volatility/weights");
}

#[test]
fn risk_parity_equals_scipy_root() {
    Case::long_only().solves(Objective::RiskParity, "/weights/risk_parity");
}

#[test]
fn tail_equals_the_linear_programme_of_rockafellar_and_uryasev() {
    let golden = Golden::load();
    let all = golden.returns.of_portfolio(&[1.0 / 6.0; 6]);
    for n in [60, 61, 79, 100, 504] {
        let tail = risk::tail(&all[all.len() - n..]).unwrap();
        let expected = |figure: &str| golden.number(&format!("/tail/{n}/{figure}"));
        assert_close(&[tail.conditional_value_at_risk], &[expected("conditional_value_at_risk")], 1e-9);
        // With n a multiple of 20 the 95 % quantile is an interval: its upper end, the loss that 5 % exceed or meet.
        if n % 20 != 0 {
            assert_close(&[tail.value_at_risk], &[expected("value_at_risk")], 1e-12);
        }
    }
}

#[test]
fn a_problem_keeps_its_moments() {
    let golden = Golden::load();
    let covariance = covariance::ledoit_wolf(&golden.returns, 252.0);
    let expected = expected::historical(&golden.returns, 252.0);
    let problem = Problem::new(covariance, expected.clone(), Limits::long_only(golden.symbols), 0.01);
    assert_eq!((problem.expected(), problem.risk_free(), problem.assets()), (expected.as_slice(), 0.01, 6));
}
