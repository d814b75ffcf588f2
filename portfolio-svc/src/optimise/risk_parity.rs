use argmin::core::{CostFunction, Error, Executor, Gradient, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use faer::linalg::solvers::Solve;
use faer::{Mat, Side};

use crate::covariance::Covariance;
use crate::limits::Weights;

use super::fixed::{no_volatility, only};
use super::{Interrupt, Outcome, Problem, Report, Status};

/// The long-only weights to which every asset contributes the same share of the variance: wᵢ (Σ w)ᵢ = wᵀΣw / n.
///
/// They are unique, and follow from a smooth convex problem without constraints (Spinu 2013, "An Algorithm for
/// Computing Risk Parity Weights"; Maillard, Roncalli and Teiletche 2010):
///
/// ```text
/// minimise ½ yᵀ C y − 1/n Σ ln yᵢ        C the correlation, w ∝ yᵢ / σᵢ
/// ```
///
/// solved in zᵢ = ln yᵢ by argmin's L-BFGS and polished by Newton steps until the gradient yᵢ (C y)ᵢ − 1/n is below
/// 1e-13. Limits that these weights break make the outcome infeasible and are named; an asset without volatility makes
/// it fail.
///
/// ```
/// use faer::Mat;
/// use portfolio_svc::{covariance::Covariance, limits::Limits, optimise::{Problem, risk_parity}};
/// use tickmesh_proto::types::Symbol;
/// let covariance = Covariance::new(Mat::from_fn(2, 2, |i, j| [[0.01, 0.01], [0.01, 0.04]][i][j]))?;
/// let limits = Limits::long_only(["A", "B"].map(|s| Symbol::try_from(s).expect("a symbol")).to_vec());
/// let outcome = risk_parity(&Problem::new(covariance, vec![0.0; 2], limits, 0.0));
/// // With two assets it is the inverse volatility, whatever their correlation.
/// assert!((outcome.weights().expect("solved").as_slice()[0] - 2.0 / 3.0).abs() < 1e-12);
/// # Ok::<(), portfolio_svc::covariance::BadCovariance>(())
/// ```
pub fn risk_parity(problem: &Problem) -> Outcome {
    let Some((parity, volatility)) = Parity::of(problem) else {
        return no_volatility(problem);
    };
    let (start, mut report) = parity.minimise();
    let (z, norm) = parity.polish(start);
    report.gap = norm;
    let parts: Vec<f64> = z.iter().zip(&volatility).map(|(z, s)| z.exp() / s).collect();
    match Weights::in_proportion(&parts) {
        Some(weights) if norm <= SOLVED => only(problem, weights, report),
        weights => Outcome::new(Status::IterationLimit(weights), report),
    }
}

/// Gradient norm below which Newton's steps stop.
const POLISHED: f64 = 1e-13;
/// Gradient norm below which the weights are good to 1e-8.
const SOLVED: f64 = 1e-9;

/// f(z) = ½ yᵀCy − Σz / n with y = exp z.
struct Parity<'a> {
    correlation: Covariance,
    interrupt: &'a Interrupt,
}

impl<'a> Parity<'a> {
    /// With the volatilities; `None` if one is 0.
    fn of(problem: &'a Problem) -> Option<(Self, Vec<f64>)> {
        let covariance = problem.covariance();
        let n = covariance.assets();
        let volatility: Vec<f64> = (0..n).map(|i| covariance.variance(i).sqrt()).collect();
        if volatility.iter().any(|s| *s <= 0.0) {
            return None;
        }
        let scaled = |i: usize, j: usize| covariance.matrix()[(i, j)] / (volatility[i] * volatility[j]);
        let correlation = Covariance::new(Mat::from_fn(n, n, scaled)).ok()?;
        Some((Self { correlation, interrupt: problem.interrupt() }, volatility))
    }

    fn gradient(&self, z: &[f64]) -> Vec<f64> {
        let y: Vec<f64> = z.iter().map(|z| z.exp()).collect();
        let share = 1.0 / z.len() as f64;
        self.correlation.times(&y).iter().zip(&y).map(|(cy, y)| y * cy - share).collect()
    }

    fn cost(&self, z: &[f64]) -> f64 {
        let y: Vec<f64> = z.iter().map(|z| z.exp()).collect();
        0.5 * self.correlation.quadratic(&y) - z.iter().sum::<f64>() / z.len() as f64
    }

    /// L-BFGS from y in proportion to 1; the start itself if the line search fails.
    fn minimise(&self) -> (Vec<f64>, Report) {
        let n = self.correlation.assets();
        let total = self.correlation.quadratic(&vec![1.0; n]).max(f64::MIN_POSITIVE);
        let start = vec![-0.5 * total.ln(); n];
        let search = MoreThuenteLineSearch::new();
        let solver = LBFGS::new(search, 10);
        let run = Executor::new(self, solver).configure(|state| state.param(start.clone()).max_iters(500)).run();
        let mut report = Report { solver: "argmin L-BFGS", ..Report::CLOSED_FORM };
        let Ok(result) = run else { return (start, report) };
        report.iterations = u32::try_from(result.state.get_iter()).unwrap_or(u32::MAX);
        report.duration = result.state.get_time().unwrap_or_default();
        (result.state.get_best_param().cloned().unwrap_or(start), report)
    }

    /// An error ends the descent where it is.
    fn unless_interrupted(&self) -> Result<(), Error> {
        if self.interrupt.is_set() { Err(Error::msg("the answer is not wanted any more")) } else { Ok(()) }
    }

    /// Newton's method: quadratic convergence takes a good start to rounding in two or three steps.
    fn polish(&self, mut z: Vec<f64>) -> (Vec<f64>, f64) {
        let mut gradient = self.gradient(&z);
        for _ in 0..20 {
            if norm(&gradient) <= POLISHED || self.interrupt.is_set() {
                break;
            }
            let Some(better) = self.newton(&z, &gradient) else { break };
            let next = self.gradient(&better);
            if norm(&next).partial_cmp(&norm(&gradient)) != Some(std::cmp::Ordering::Less) {
                break;
            }
            (z, gradient) = (better, next);
        }
        let norm = norm(&gradient);
        (z, norm)
    }

    /// z − H⁻¹ g with H = diag(y ∘ C y) + Y C Y.
    fn newton(&self, z: &[f64], gradient: &[f64]) -> Option<Vec<f64>> {
        let y: Vec<f64> = z.iter().map(|z| z.exp()).collect();
        let cy = self.correlation.times(&y);
        let c = self.correlation.matrix();
        let entry = |i: usize, j: usize| y[i] * c[(i, j)] * y[j] + if i == j { y[i] * cy[i] } else { 0.0 };
        let hessian = Mat::from_fn(z.len(), z.len(), entry);
        let mut step = Mat::from_fn(z.len(), 1, |i, _| gradient[i]);
        hessian.llt(Side::Lower).ok()?.solve_in_place(&mut step);
        Some(z.iter().zip(step.col_as_slice(0)).map(|(z, s)| z - s).collect())
    }
}

impl CostFunction for &Parity<'_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, z: &Vec<f64>) -> Result<f64, Error> {
        self.unless_interrupted()?;
        Ok(Parity::cost(self, z))
    }
}

impl Gradient for &Parity<'_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, z: &Vec<f64>) -> Result<Vec<f64>, Error> {
        self.unless_interrupted()?;
        Ok(Parity::gradient(self, z))
    }
}

/// The largest absolute entry.
fn norm(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |most: f64, v| most.max(v.abs()))
}
