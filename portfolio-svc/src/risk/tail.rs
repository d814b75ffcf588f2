/// One-day losses that are seldom exceeded, as fractions of the portfolio; a loss is positive, a gain negative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tail {
    /// Value at risk: the loss that is exceeded with 5 % probability.
    pub value_at_risk: f64,
    /// Conditional value at risk: the mean loss in the worst 5 %.
    pub conditional_value_at_risk: f64,
}

/// One day in this many is in the tail: 5 %.
const ONE_IN: usize = 20;

/// Historical value at risk and conditional value at risk at 95 %, from daily returns, each as likely as the other.
///
/// Rockafellar and Uryasev 2000, "Optimization of Conditional Value-at-Risk": with k = n / 20 and losses in descending
/// order,
///
/// ```text
/// VaR  = L₍⌊k⌋₊₁₎
/// CVaR = (L₍₁₎ + … + L₍⌊k⌋₎ + (k − ⌊k⌋) L₍⌊k⌋₊₁₎) / k
/// ```
///
/// The scenario on the edge counts by the fraction of it that lies in the tail, so that the figure does not jump with
/// n. `None` without returns.
///
/// ```
/// use portfolio_svc::risk::tail;
/// let returns: Vec<f64> = (1..=30).map(|day| f64::from(day) / -100.0).collect(); // losses of 1 % to 30 %
/// let tail = tail(&returns).expect("there are returns");
/// assert!((tail.value_at_risk - 0.29).abs() < 1e-15);
/// assert!((tail.conditional_value_at_risk - (0.30 + 0.5 * 0.29) / 1.5).abs() < 1e-15);
/// ```
pub fn tail(returns: &[f64]) -> Option<Tail> {
    let mut losses: Vec<f64> = returns.iter().map(|r| -r).collect();
    losses.sort_unstable_by(|a, b| b.total_cmp(a));
    let whole = losses.len() / ONE_IN;
    let edge = *losses.get(whole)?;
    let fraction = (losses.len() % ONE_IN) as f64 / ONE_IN as f64;
    let sum = losses[..whole].iter().sum::<f64>() + fraction * edge;
    let mean = sum * ONE_IN as f64 / losses.len() as f64;
    Some(Tail { value_at_risk: edge, conditional_value_at_risk: mean })
}
