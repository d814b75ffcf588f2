/// Lag that Newey and West (1994) use as a rule of thumb: `floor(4 (n / 100)^(2/9))`.
///
/// ```
/// assert_eq!(tickmesh_stats::automatic_lag(100), 4);
/// ```
#[must_use]
pub fn automatic_lag(n: usize) -> usize {
    // The largest n that memory can hold gives a lag of some thousand.
    (4.0 * (n as f64 / 100.0).powf(2.0 / 9.0)) as usize
}

/// Standard error of the mean of dependent terms, after Newey and West (1987).
///
/// `S = γ_0 + 2 Σ_{l=1..L} (1 - l / (L + 1)) γ_l`, `γ_l = 1/n Σ_t (x_t - x̄)(x_{t-l} - x̄)`, error `sqrt(S / n)`.
/// Bartlett's weights keep `S` from being negative. Terms are in the order of time. None with fewer than two terms.
#[must_use]
pub fn newey_west(terms: &[f64], lag: usize) -> Option<f64> {
    if terms.len() < 2 {
        return None;
    }
    let n = terms.len() as f64;
    let mean = terms.iter().sum::<f64>() / n;
    let centred: Vec<f64> = terms.iter().map(|term| term - mean).collect();
    let autocovariance = |l: usize| centred[l..].iter().zip(&centred).map(|(a, b)| a * b).sum::<f64>() / n;
    let lag = lag.min(terms.len() - 1);
    let weight = |l: usize| 1.0 - l as f64 / (lag + 1) as f64;
    let long_run = autocovariance(0) + 2.0 * (1..=lag).map(|l| weight(l) * autocovariance(l)).sum::<f64>();
    Some((long_run.max(0.0) / n).sqrt())
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn equals_statsmodels_hac() {
        let terms = crate::correlation::golden::OUTCOMES;
        assert_relative_eq!(newey_west(&terms, 2).unwrap(), crate::correlation::golden::HAC_ERROR, epsilon = 1e-15);
    }

    #[test]
    fn without_lags_it_is_the_error_of_a_mean() {
        let terms = [1.0, 2.0, 3.0, 4.0];
        assert_relative_eq!(newey_west(&terms, 0).unwrap(), (1.25_f64 / 4.0).sqrt(), epsilon = 1e-15);
    }

    #[test]
    fn persistence_widens_it_and_alternation_narrows_it() {
        let persistent: Vec<f64> = (0..200).map(|t| f64::from((t / 10) % 2)).collect();
        let alternating: Vec<f64> = (0..200).map(|t| f64::from(t % 2)).collect();
        let plain = newey_west(&persistent, 0).unwrap();
        assert!(newey_west(&persistent, 4).unwrap() > 1.5 * plain);
        assert!(newey_west(&alternating, 4).unwrap() < 0.7 * plain);
    }

    #[test]
    fn one_term_has_no_error() {
        assert_eq!(newey_west(&[1.0], 3), None);
    }
}
