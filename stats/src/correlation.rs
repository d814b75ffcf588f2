use crate::ranks::ranks;
use crate::{CoMoments, automatic_lag, newey_west};

/// Pearson's correlation of two series of one length, -1 to 1; none when either is constant.
///
/// # Panics
/// When the lengths differ.
#[must_use]
pub fn pearson(x: &[f64], y: &[f64]) -> Option<f64> {
    moments(x, y).correlation()
}

/// Spearman's rank correlation: Pearson's of the ranks, ties sharing the mean of theirs. Values are finite.
///
/// # Panics
/// When the lengths differ.
///
/// ```
/// assert_eq!(tickmesh_stats::spearman(&[1.0, 2.0, 3.0], &[1.0, 8.0, 27.0]), Some(1.0));
/// ```
#[must_use]
pub fn spearman(x: &[f64], y: &[f64]) -> Option<f64> {
    pearson(&ranks(x), &ranks(y))
}

/// Pearson's correlation of forecasts and outcomes over time, with its error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InformationCoefficient {
    /// The correlation, -1 to 1.
    pub value: f64,
    /// Its standard error, after Newey and West (1987).
    pub error: f64,
}

/// The information coefficient of forecasts `f` of outcomes `r`, both in the order of time; none when either is
/// constant.
///
/// The error is that of the mean of the coefficient's influence function (Hampel 1974),
/// `ψ_t = a_t b_t - ρ/2 (a_t² + b_t²)` with `a`, `b` the standardised series, at the automatic lag of Newey and West.
/// For independent normal series it is `(1 - ρ²) / sqrt(n)`.
///
/// # Panics
/// When the lengths differ.
#[must_use]
pub fn information_coefficient(f: &[f64], r: &[f64]) -> Option<InformationCoefficient> {
    let value = pearson(f, r)?;
    let (a, b) = (standardised(f)?, standardised(r)?);
    let influence: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a * b - value / 2.0 * (a * a + b * b)).collect();
    let error = newey_west(&influence, automatic_lag(influence.len()))?;
    Some(InformationCoefficient { value, error })
}

/// The information coefficient of the ranks: what outliers cannot make.
///
/// # Panics
/// When the lengths differ.
#[must_use]
pub fn rank_information_coefficient(f: &[f64], r: &[f64]) -> Option<InformationCoefficient> {
    information_coefficient(&ranks(f), &ranks(r))
}

fn moments(x: &[f64], y: &[f64]) -> CoMoments {
    assert_eq!(x.len(), y.len(), "a correlation is of pairs");
    x.iter().zip(y).fold(CoMoments::default(), |mut moments, (x, y)| {
        moments.push(*x, *y);
        moments
    })
}

/// Less the mean, over the (population) standard deviation.
fn standardised(x: &[f64]) -> Option<Vec<f64>> {
    let mean = crate::mean(x.iter().copied())?;
    let variance = crate::mean(x.iter().map(|x| (x - mean).powi(2)))?;
    (variance > 0.0).then(|| x.iter().map(|x| (x - mean) / variance.sqrt()).collect())
}

/// Twelve pairs and what SciPy and statsmodels make of them.
#[cfg(test)]
pub(crate) mod golden {
    pub(crate) const FORECASTS: [f64; 12] =
        [0.01, -0.02, 0.005, 0.0, 0.015, -0.01, 0.02, 0.005, -0.005, 0.0, 0.012, -0.018];
    pub(crate) const OUTCOMES: [f64; 12] =
        [0.02, -0.01, -0.005, 0.004, 0.011, 0.002, 0.018, -0.003, -0.012, 0.006, -0.001, -0.02];
    /// `scipy.stats.pearsonr`, `scipy.stats.spearmanr`.
    pub(crate) const PEARSON: f64 = 0.760_193_092_405_249_6;
    pub(crate) const SPEARMAN: f64 = 0.687_723_531_706_053_8;
    /// `statsmodels.api.OLS(outcomes, ones).fit(cov_type="HAC", cov_kwds={"maxlags": 2})`, error of the mean.
    pub(crate) const HAC_ERROR: f64 = 0.002_801_748_425_302_16;
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use proptest::prelude::*;

    use super::golden::{FORECASTS, OUTCOMES, PEARSON, SPEARMAN};
    use super::*;

    #[test]
    fn equals_scipy() {
        assert_relative_eq!(pearson(&FORECASTS, &OUTCOMES).unwrap(), PEARSON, epsilon = 1e-14);
        assert_relative_eq!(spearman(&FORECASTS, &OUTCOMES).unwrap(), SPEARMAN, epsilon = 1e-14);
    }

    #[test]
    fn a_constant_forecast_has_none() {
        assert_eq!(information_coefficient(&[0.001; 12], &OUTCOMES), None);
        assert_eq!(spearman(&[0.001; 12], &OUTCOMES), None);
    }

    /// Two congruential sequences of coprime periods, which know nothing of each other.
    #[test]
    fn the_error_of_an_independent_pair_is_one_over_root_n() {
        let f: Vec<f64> = (0..400).map(|t| f64::from((t * 7919) % 401) - 200.0).collect();
        let r: Vec<f64> = (0..400).map(|t| f64::from((t * 104_729) % 397) - 198.0).collect();
        let ic = information_coefficient(&f, &r).unwrap();
        assert!(ic.value.abs() < 3.0 * ic.error, "{ic:?}");
        assert!((0.8..1.2).contains(&(ic.error * 20.0)), "{ic:?}");
    }

    proptest! {
        #[test]
        fn ranks_see_only_order(x in prop::collection::vec(-5.0..5.0_f64, 3..40)) {
            let y: Vec<f64> = x.iter().map(|x| x.exp()).collect();
            prop_assert!(spearman(&x, &y).is_none_or(|rho| (rho - 1.0).abs() < 1e-12));
        }
    }
}
