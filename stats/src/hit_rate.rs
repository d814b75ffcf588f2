/// 97.5 % quantile of the standard normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// How often the sign of a forecast was that of its outcome. Outcomes of exactly zero are left out and counted.
///
/// ```
/// use tickmesh_stats::HitRate;
/// let mut hits = HitRate::default();
/// hits.push(0.01, 0.02);
/// hits.push(0.01, -0.02);
/// hits.push(0.01, 0.0);
/// assert_eq!(hits.rate(), Some(0.5));
/// assert_eq!(hits.zeros(), 1);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HitRate {
    hits: u64,
    counted: u64,
    zeros: u64,
}

/// A confidence interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub lower: f64,
    /// Its upper end.
    pub upper: f64,
}

impl HitRate {
    /// A rate of `hits` in `counted` outcomes other than zero.
    #[must_use]
    pub fn new(hits: u64, counted: u64) -> Self {
        Self { hits: hits.min(counted), counted, zeros: 0 }
    }

    /// Takes in a forecast and its outcome. A forecast of exactly zero is a miss.
    pub fn push(&mut self, forecast: f64, outcome: f64) {
        if outcome == 0.0 {
            self.zeros += 1;
        } else {
            self.counted += 1;
            self.hits += u64::from(forecast * outcome > 0.0);
        }
    }

    /// Both together.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        Self { hits: self.hits + other.hits, counted: self.counted + other.counted, zeros: self.zeros + other.zeros }
    }

    /// Share of hits; none when every outcome was zero.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        (self.counted > 0).then(|| self.hits as f64 / self.counted as f64)
    }

    /// Outcomes of exactly zero.
    #[must_use]
    pub fn zeros(&self) -> u64 {
        self.zeros
    }

    /// 95 % score interval of the rate (Wilson 1927). It takes the outcomes as independent: right for one symbol and
    /// forecasts that do not overlap.
    #[must_use]
    pub fn wilson(&self) -> Option<Interval> {
        let p = self.rate()?;
        let n = self.counted as f64;
        let z2 = Z * Z;
        let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = Z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
        Some(Interval { lower: (centre - half).max(0.0), upper: (centre + half).min(1.0) })
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use proptest::prelude::*;

    use super::*;

    /// `statsmodels.stats.proportion.proportion_confint(60, 100, method="wilson")` and `(0, 10)`.
    #[test]
    fn equals_statsmodels_wilson() {
        let interval = HitRate::new(60, 100).wilson().unwrap();
        assert_relative_eq!(interval.lower, 0.502_002_586_791_061_8, epsilon = 1e-14);
        assert_relative_eq!(interval.upper, 0.690_598_713_567_541_1, epsilon = 1e-14);
        let none = HitRate::new(0, 10).wilson().unwrap();
        assert_eq!(none.lower, 0.0);
        assert_relative_eq!(none.upper, 0.277_532_799_862_889_26, epsilon = 1e-14);
    }

    #[test]
    fn nothing_counted_is_no_rate() {
        let mut hits = HitRate::default();
        hits.push(1.0, 0.0);
        assert_eq!((hits.rate(), hits.wilson(), hits.zeros()), (None, None, 1));
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_rate(counted in 1u64..10_000, share in 0.0..=1.0_f64) {
            let hits = HitRate::new((counted as f64 * share) as u64, counted);
            let Interval { lower, upper } = hits.wilson().unwrap();
            let rate = hits.rate().unwrap();
            prop_assert!(0.0 <= lower && lower <= rate + 1e-12 && rate <= upper + 1e-12 && upper <= 1.0);
        }
    }
}
