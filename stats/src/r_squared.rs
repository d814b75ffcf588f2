/// Coefficient of determination `1 - Σ (y - ŷ)² / Σ (y - ȳ)²` of predictions of a level; none when the level is
/// constant.
///
/// On price levels it is near one for any forecast that stays near yesterday's price, so it says nothing without the
/// figure of persistence beside it.
///
/// # Panics
/// When the lengths differ.
///
/// ```
/// assert_eq!(tickmesh_stats::r_squared(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]), Some(1.0));
/// ```
#[must_use]
pub fn r_squared(actual: &[f64], predicted: &[f64]) -> Option<f64> {
    assert_eq!(actual.len(), predicted.len(), "every level has its prediction");
    let mean = crate::mean(actual.iter().copied())?;
    let total: f64 = actual.iter().map(|y| (y - mean).powi(2)).sum();
    let rest: f64 = actual.iter().zip(predicted).map(|(y, p)| (y - p).powi(2)).sum();
    (total > 0.0).then(|| 1.0 - rest / total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_explains_nothing() {
        assert_eq!(r_squared(&[1.0, 2.0, 3.0], &[2.0; 3]), Some(0.0));
        assert_eq!(r_squared(&[2.0; 3], &[2.0; 3]), None);
        assert_eq!(r_squared(&[], &[]), None);
    }

    /// `sklearn.metrics.r2_score([3, -0.5, 2, 7], [2.5, 0.0, 2, 8])`.
    #[test]
    fn equals_scikit_learn() {
        let r2 = r_squared(&[3.0, -0.5, 2.0, 7.0], &[2.5, 0.0, 2.0, 8.0]).unwrap();
        assert!((r2 - 0.948_608_137_044_967_9).abs() < 1e-15);
    }
}
