use crate::prices::Returns;

use super::historical;

/// One asset's forecast, as far as expected returns need it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// Calibrated expectation m of the simple return over the horizon.
    pub expected: f64,
    /// The drift a in it: what the model would say knowing nothing.
    pub drift: f64,
    /// Bars ahead, 1 or more.
    pub horizon: u32,
}

/// Historical returns shrunk half-way to their cross-sectional mean: (μᵢ + mean μ) / 2.
pub fn prior(returns: &Returns, periods: f64) -> Vec<f64> {
    let historical = historical(returns, periods);
    let mean = historical.iter().sum::<f64>() / historical.len() as f64;
    historical.iter().map(|mu| f64::midpoint(*mu, mean)).collect()
}

/// The prior plus what the model knows beyond its drift: μᵢ = priorᵢ + (P / h) (mᵢ − aᵢ).
///
/// A model without skill (b = 0) says m = a and leaves the prior alone.
///
/// ```
/// use portfolio_svc::{expected::{Forecast, forecast, prior}, prices::Returns};
/// let returns = Returns::of_prices(&[vec![100.0, 110.0, 121.0]])?;
/// let says = [Forecast { expected: 0.0011, drift: 0.001, horizon: 1 }];
/// let gain = forecast(&returns, &says, 252.0)[0] - prior(&returns, 252.0)[0];
/// assert!((gain - 0.0252).abs() < 1e-6 * prior(&returns, 252.0)[0]);
/// # Ok::<(), portfolio_svc::prices::BadReturns>(())
/// ```
///
/// # Panics
/// If there is not one forecast for each asset.
pub fn forecast(returns: &Returns, forecasts: &[Forecast], periods: f64) -> Vec<f64> {
    assert_eq!(forecasts.len(), returns.assets(), "one forecast for each asset");
    let surplus = |f: &Forecast| periods / f64::from(f.horizon) * (f.expected - f.drift);
    prior(returns, periods).iter().zip(forecasts).map(|(mu, f)| mu + surplus(f)).collect()
}
