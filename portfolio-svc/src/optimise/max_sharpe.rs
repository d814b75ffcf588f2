use crate::limits::Name;

use super::clash::{self, Demand};
use super::conic::{Line, Program};
use super::quadratic::{dot, highest_return, outcome, variance};
use super::{Outcome, Problem, Report, Status};

/// The weights of greatest Sharpe ratio: the tangency portfolio.
///
/// ```text
/// maximise   (μᵀ w − r) / √(wᵀ Σ w)
/// subject to Σ wᵢ = 1, limits A w ≤ b
/// ```
///
/// With e = μ − r and y = κ w (Charnes and Cooper 1962; Cornuéjols and Tütüncü 2006, section 8.2) this is the quadratic
/// programme
///
/// ```text
/// minimise   yᵀ Σ y
/// subject to eᵀ y = 1, Σ yᵢ = κ, A y ≤ b κ, κ ≥ 0
/// ```
///
/// Sharpe 1966, "Mutual Fund Performance". If no allowed portfolio earns more than the risk-free rate, a greater
/// volatility would "improve" every ratio: the outcome is then infeasible and names `risk_free_rate`.
///
/// ```
/// use faer::Mat;
/// use portfolio_svc::{covariance::Covariance, limits::Limits, optimise::{Problem, max_sharpe}};
/// use tickmesh_proto::types::Symbol;
/// let covariance = Covariance::new(Mat::from_fn(2, 2, |i, j| [[0.01, 0.0], [0.0, 0.04]][i][j]))?;
/// let limits = Limits::long_only(["A", "B"].map(|s| Symbol::try_from(s).expect("a symbol")).to_vec());
/// let outcome = max_sharpe(&Problem::new(covariance, vec![0.06, 0.10], limits, 0.02));
/// let weights = outcome.weights().expect("solved").as_slice();
/// assert!((weights[0] - 2.0 / 3.0).abs() < 1e-9); // in proportion to e / σ²: 4 to 2
/// # Ok::<(), portfolio_svc::covariance::BadCovariance>(())
/// ```
pub fn max_sharpe(problem: &Problem) -> Outcome {
    let Some(highest) = highest_return(problem) else {
        return nothing_allowed(problem);
    };
    let surplus = highest - problem.risk_free();
    if surplus <= 1e-12 {
        let note = format!(
            "no allowed portfolio is expected to earn more than the risk-free rate; the most is {highest:.6} a year"
        );
        return Outcome::new(Status::Infeasible(vec![Name::RiskFreeRate]), Report::CLOSED_FORM).noted(note);
    }
    let solved = homogeneous(problem, surplus).solve(problem.interrupt());
    let kappa = solved.x.last().copied().unwrap_or(0.0);
    let weights: Vec<f64> = solved.x.iter().map(|y| y / kappa).collect();
    outcome(problem, &Demand::None, &solved, &weights)
}

fn nothing_allowed(problem: &Problem) -> Outcome {
    Outcome::clashing(clash::find(problem, &Demand::None), Report::CLOSED_FORM)
}

/// The programme in y and κ, with excess returns in units of the greatest attainable one, so that κ is about 1.
fn homogeneous(problem: &Problem, surplus: f64) -> Program {
    let limits = problem.limits();
    let kappa = limits.variables();
    let excess = problem.expected().iter().map(|mu| (mu - problem.risk_free()) / surplus).enumerate();
    let mut sum: Vec<(usize, f64)> = (0..limits.assets()).map(|i| (i, 1.0)).collect();
    sum.push((kappa, -1.0));
    let homogeneous = limits.rows().into_iter().map(|mut row| {
        row.terms.push((kappa, -row.bound));
        Line { terms: row.terms, rhs: 0.0 }
    });
    let positive = Line { terms: vec![(kappa, -1.0)], rhs: 0.0 };
    Program {
        variables: kappa + 1,
        quadratic: variance(problem),
        equalities: vec![Line { terms: excess.collect(), rhs: 1.0 }, Line { terms: sum, rhs: 0.0 }],
        inequalities: homogeneous.chain([positive]).collect(),
        ..Program::default()
    }
}

/// (μᵀ w − r) / √(wᵀ Σ w); `None` without volatility.
pub(crate) fn sharpe(problem: &Problem, weights: &[f64]) -> Option<f64> {
    let volatility = problem.covariance().quadratic(weights).sqrt();
    (volatility > 0.0).then(|| (dot(problem.expected(), weights) - problem.risk_free()) / volatility)
}
