use crate::expected::{Forecast, View};

/// What the model says about one symbol, and how far validation lets one believe it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Insight {
    /// Calibrated expectation m of the simple return over the horizon.
    pub expected: f64,
    /// Bars ahead, 1 or more.
    pub horizon: u32,
    /// Drift a of the calibration.
    pub drift: f64,
    /// Mean squared error of validation forecasts.
    pub error_variance: f64,
    /// Correlation of validation forecasts and outcomes; 0 when it is not known.
    pub skill: f64,
}

impl From<&Insight> for Forecast {
    fn from(insight: &Insight) -> Self {
        Self { expected: insight.expected, drift: insight.drift, horizon: insight.horizon }
    }
}

impl From<&Insight> for View {
    fn from(insight: &Insight) -> Self {
        let Insight { expected, horizon, drift: _, error_variance, skill } = *insight;
        Self { expected, error_variance, skill, horizon }
    }
}
