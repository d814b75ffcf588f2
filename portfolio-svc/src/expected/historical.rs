use crate::prices::Returns;

/// Compound growth a year: μᵢ = (∏ₜ (1 + rₜᵢ))^(P / n) − 1, with P periods a year.
///
/// Equal to PyPortfolioOpt's `mean_historical_return` with compounding. The standard error of such a mean over two
/// years is about σ / √2: two thirds of a typical stock's volatility, which is why shrinkage and constraints matter.
///
/// ```
/// use portfolio_svc::{expected::historical, prices::Returns};
/// let returns = Returns::of_prices(&[vec![100.0, 110.0, 121.0]])?;
/// assert!((historical(&returns, 2.0)[0] - 0.21).abs() < 1e-12);
/// # Ok::<(), portfolio_svc::prices::BadReturns>(())
/// ```
pub fn historical(returns: &Returns, periods: f64) -> Vec<f64> {
    let power = periods / returns.dates() as f64;
    // The sum of logarithms cannot overflow where the product can.
    let growth = |i: usize| returns.asset(i).iter().map(|r| r.ln_1p()).sum::<f64>() * power;
    (0..returns.assets()).map(|i| growth(i).exp_m1()).collect()
}
