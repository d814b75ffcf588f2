use linfa::ParamGuard;

use super::RidgeError;

/// Largest penalty; a larger one leaves nothing but the mean.
const MAX_LAMBDA: f64 = 1e12;

/// Parameters of a ridge regression, not yet checked; `fit` checks them.
///
/// | Name | Default | Purpose | Range |
/// | --- | --- | --- | --- |
/// | `lambda` | 1 | weight of the squared coefficients, against the sum (not the mean) of squared errors | 0 to 1e12 |
#[derive(Clone, Debug, PartialEq)]
pub struct RidgeParams(RidgeValidParams);

/// Checked parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct RidgeValidParams {
    pub(super) lambda: f64,
}

impl Default for RidgeParams {
    fn default() -> Self {
        Self::new(1.0)
    }
}

impl RidgeParams {
    /// A ridge regression with this penalty.
    #[must_use]
    pub fn new(lambda: f64) -> Self {
        Self(RidgeValidParams { lambda })
    }
}

impl ParamGuard for RidgeParams {
    type Checked = RidgeValidParams;
    type Error = RidgeError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let lambda = self.0.lambda;
        if (0.0..=MAX_LAMBDA).contains(&lambda) { Ok(&self.0) } else { Err(RidgeError::Lambda(lambda)) }
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}
