/// The half-width of a split-conformal interval: the `⌈(n + 1)(1 - α)⌉`-th smallest score, or the largest when that is
/// beyond the last (Vovk, Gammerman and Shafer 2005; Papadopoulos et al. 2002). None of none.
///
/// Scores are finite and not negative; `alpha` lies between 0 and 1. Reorders `scores`; linear time.
///
/// ```
/// let mut scores = [4.0, 1.0, 3.0, 2.0];
/// assert_eq!(tickmesh_stats::conformal_quantile(&mut scores, 0.5), Some(3.0));
/// ```
#[must_use]
pub fn conformal_quantile(scores: &mut [f64], alpha: f64) -> Option<f64> {
    let n = scores.len();
    // Rounding may put (n + 1)(1 - α) a hair above a whole number: 10 · 0.9 must give the ninth score, not the tenth.
    let rank = ((n + 1) as f64 * (1.0 - alpha) - 1e-9).ceil().max(1.0) as usize;
    let at = rank.min(n).checked_sub(1)?;
    let (_, score, _) = scores.select_nth_unstable_by(at, f64::total_cmp);
    Some(*score)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn picks_the_order_statistic() {
        let mut nine: Vec<f64> = (1..=9).rev().map(f64::from).collect();
        assert_eq!(conformal_quantile(&mut nine, 0.1), Some(9.0), "ceil(10 x 0.9) = 9");
        assert_eq!(conformal_quantile(&mut nine, 0.2), Some(8.0));
        assert_eq!(conformal_quantile(&mut nine, 0.001), Some(9.0), "beyond the last: the largest, always finite");
        assert_eq!(conformal_quantile(&mut nine, 1.0), Some(1.0));
        assert_eq!(conformal_quantile(&mut [], 0.1), None);
    }

    proptest! {
        /// At least a share 1 - α of exchangeable scores lies at or below the quantile.
        #[test]
        fn covers_its_share(mut scores in prop::collection::vec(0.0..9.0_f64, 20..200), alpha in 0.05..0.95_f64) {
            let q = conformal_quantile(&mut scores, alpha).unwrap();
            let covered = scores.iter().filter(|score| **score <= q).count() as f64;
            prop_assert!(covered + 1e-9 >= (1.0 - alpha) * scores.len() as f64);
        }
    }
}
