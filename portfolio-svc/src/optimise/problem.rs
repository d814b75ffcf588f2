use crate::covariance::Covariance;
use crate::limits::Limits;

use super::Interrupt;

/// Moments and limits of the same assets.
#[derive(Clone, Debug)]
pub struct Problem {
    covariance: Covariance,
    expected: Vec<f64>,
    limits: Limits,
    risk_free: f64,
    interrupt: Interrupt,
}

impl Problem {
    /// Puts moments and limits together; returns and risk-free rate are fractions a year.
    ///
    /// # Panics
    /// If they are not of the same number of assets, or an expected return or the rate is not finite.
    pub fn new(covariance: Covariance, expected: Vec<f64>, limits: Limits, risk_free: f64) -> Self {
        assert_eq!(expected.len(), covariance.assets(), "one expected return for each asset");
        assert_eq!(limits.assets(), covariance.assets(), "limits of the same assets");
        assert!(expected.iter().all(|mu| mu.is_finite()) && risk_free.is_finite(), "returns are finite");
        Self { covariance, expected, limits, risk_free, interrupt: Interrupt::default() }
    }

    /// The same problem, whose answer may cease to be wanted.
    #[must_use]
    pub fn interrupted_by(self, interrupt: Interrupt) -> Self {
        Self { interrupt, ..self }
    }

    /// Says whether the answer is still wanted.
    pub fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// Covariance a year.
    pub fn covariance(&self) -> &Covariance {
        &self.covariance
    }

    /// Expected return of each asset a year.
    pub fn expected(&self) -> &[f64] {
        &self.expected
    }

    /// Limits on the weights.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Risk-free rate a year.
    pub fn risk_free(&self) -> f64 {
        self.risk_free
    }

    /// Number of assets.
    pub fn assets(&self) -> usize {
        self.expected.len()
    }

    /// The largest absolute expected return, at least a hair above 0: what returns are measured against in solvers.
    pub(super) fn return_scale(&self) -> f64 {
        self.expected.iter().fold(1e-12, |most, mu| most.max(mu.abs()))
    }
}
