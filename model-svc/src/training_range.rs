//! Where in feature space a model has learned.

use serde::{Deserialize, Serialize};

use crate::dataset::Sample;
use crate::features::Row;

/// Smallest and largest value of each feature over the training rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingRange {
    lowest: Vec<f64>,
    highest: Vec<f64>,
}

impl TrainingRange {
    /// The range of rows; none of none.
    #[must_use]
    pub fn of(samples: &[Sample]) -> Option<Self> {
        let first = samples.first()?.row.as_slice().to_vec();
        let whole = Self { lowest: first.clone(), highest: first };
        Some(samples.iter().fold(whole, |range, sample| range.with(&sample.row)))
    }

    fn with(mut self, row: &Row) -> Self {
        self.lowest.iter_mut().zip(row.as_slice()).for_each(|(low, value)| *low = low.min(*value));
        self.highest.iter_mut().zip(row.as_slice()).for_each(|(high, value)| *high = high.max(*value));
        self
    }

    /// Whether a feature lies outside the range by more than the range's own width: so far that the nearest
    /// training row says nothing about it.
    #[must_use]
    pub fn is_far(&self, row: &Row) -> bool {
        let ends = self.lowest.iter().zip(&self.highest);
        ends.zip(row.as_slice()).any(|((low, high), value)| {
            let width = high - low;
            *value < low - width || *value > high + width
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Dataset;
    use crate::features::FeatureSet;
    use crate::testing;

    #[test]
    fn a_crash_beyond_all_that_was_seen_is_far_and_the_seen_is_not() {
        let mut bars = testing::walk(2, 400);
        let set = FeatureSet::standard();
        let rows = |bars: &[_]| Dataset::new(testing::symbol("A"), &set, bars, 1).samples;
        let range = TrainingRange::of(&rows(&bars)).unwrap();
        assert!(rows(&bars).iter().all(|sample| !range.is_far(&sample.row)));

        let crash = bars.len() - 5;
        bars[crash..].iter_mut().for_each(|bar| {
            let prices = &mut bar.adjusted;
            [&mut prices.open, &mut prices.high, &mut prices.low, &mut prices.close]
                .into_iter()
                .for_each(|p| *p *= 0.5);
        });
        assert!(range.is_far(&rows(&bars).last().unwrap().row), "a halving in a day");
        assert_eq!(TrainingRange::of(&[]), None);
    }
}
