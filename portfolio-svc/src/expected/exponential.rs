use crate::prices::Returns;

/// Span of the exponentially weighted mean, in returns: α = 2 / (span + 1).
pub const SPAN: f64 = 500.0;

/// Exponentially weighted mean a year: μᵢ = (1 + Σₜ wₜ rₜᵢ / Σₜ wₜ)^P − 1 with wₜ = (1 − α)^(n − t), α = 2 / 501.
///
/// The weights are pandas' `ewm(span=500)` (adjusted); compounding to a year is PyPortfolioOpt's
/// `ema_historical_return`.
///
/// ```
/// use portfolio_svc::{expected::exponential, prices::Returns};
/// let returns = Returns::of_prices(&[vec![100.0, 101.0, 102.01]])?;
/// assert!((exponential(&returns, 2.0)[0] - 0.0201).abs() < 1e-12);
/// # Ok::<(), portfolio_svc::prices::BadReturns>(())
/// ```
pub fn exponential(returns: &Returns, periods: f64) -> Vec<f64> {
    let decay = 1.0 - 2.0 / (SPAN + 1.0);
    let year = |i: usize| (weighted_mean(returns.asset(i), decay).ln_1p() * periods).exp_m1();
    (0..returns.assets()).map(year).collect()
}

fn weighted_mean(values: &[f64], decay: f64) -> f64 {
    let fold = |(sum, weight): (f64, f64), v: &f64| (sum * decay + v, weight * decay + 1.0);
    let (sum, weight) = values.iter().fold((0.0, 0.0), fold);
    sum / weight
}
