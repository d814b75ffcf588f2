//! Walk-forward folds: learn on the past, forecast the block that follows, move on.
//!
//! ```text
//! dates  ├── block 0 ──┼── block 1 ──┼── block 2 ──┼── … ──┼── block K ──┤
//! fold 1 │ train      p│ test        │
//! fold 2 │ train                    p│ test        │             p: purged, the last h rows of the training part
//! ```
//!
//! Blocks are cut by date across all symbols at once, so that no symbol's model has seen a day on which another's is
//! tested. Purge (Lopez de Prado 2018, ch. 7): a training row whose label reaches the first test decision time is
//! dropped. Test rows look back into the training period by their features, as they would live. No training row follows
//! a test block, so there is nothing to embargo.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use tickmesh_proto::types::Timestamp;

use crate::dataset::{Dataset, Sample};

/// How many folds a validation may have.
pub const FOLDS: RangeInclusive<usize> = 2..=20;

/// One fold: a block of decision times to test on, and by it all that may be learned from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fold {
    /// First decision time of the test block.
    pub start: Timestamp,
    /// First decision time after the test block.
    pub end: Timestamp,
}

/// Cuts the decision times of all symbols into `count` test blocks behind a first training block, all of one length.
#[must_use]
pub fn folds(datasets: &[Dataset], count: usize) -> Vec<Fold> {
    let times: BTreeSet<Timestamp> = datasets.iter().flat_map(|data| data.samples.iter().map(|s| s.time)).collect();
    let times: Vec<Timestamp> = times.into_iter().collect();
    let cut = |block: usize| times.get(times.len() * block / (count + 1)).copied().unwrap_or(Timestamp::MAX);
    (1..=count).map(|block| Fold { start: cut(block), end: cut(block + 1) }).collect()
}

impl Fold {
    /// The rows to learn from: those whose label was known before the first test decision.
    #[must_use]
    pub fn training<'a>(&self, samples: &'a [Sample]) -> &'a [Sample] {
        &samples[..samples.partition_point(|sample| sample.label_time < self.start)]
    }

    /// The rows to forecast.
    #[must_use]
    pub fn test<'a>(&self, samples: &'a [Sample]) -> &'a [Sample] {
        let from = samples.partition_point(|sample| sample.time < self.start);
        let to = samples.partition_point(|sample| sample.time < self.end);
        &samples[from..to]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::FeatureSet;
    use crate::testing;

    fn dataset(horizon: usize) -> Dataset {
        Dataset::new(testing::symbol("AAPL"), &FeatureSet::standard(), &testing::walk(1, 500), horizon)
    }

    #[test]
    fn a_label_that_reaches_into_the_test_block_is_dropped() {
        for horizon in [1, 5] {
            let data = dataset(horizon);
            for fold in folds(std::slice::from_ref(&data), 4) {
                let (training, test) = (fold.training(&data.samples), fold.test(&data.samples));
                assert!(training.iter().all(|sample| sample.label_time < test[0].time));
                let before = data.samples.iter().filter(|sample| sample.time < test[0].time).count();
                assert_eq!(before - training.len(), horizon, "exactly the last {horizon} rows are purged");
            }
        }
    }

    #[test]
    fn test_blocks_follow_each_other_to_the_end() {
        let data = dataset(1);
        let folds = folds(std::slice::from_ref(&data), 5);
        let tested: usize = folds.iter().map(|fold| fold.test(&data.samples).len()).sum();
        assert!(folds.windows(2).all(|pair| pair[0].end == pair[1].start));
        assert_eq!(tested, data.samples.len() - data.samples.len() / 6);
        assert_eq!(folds[4].test(&data.samples).last(), data.samples.last());
    }

    #[test]
    fn folds_are_cut_by_date_across_symbols() {
        let long = dataset(1);
        let mut short = long.clone();
        short.samples.drain(..300);
        let cut = folds(&[long.clone(), short.clone()], 3);
        assert_eq!(cut, folds(std::slice::from_ref(&long), 3));
        assert_eq!(cut[0].training(&short.samples).len(), 0, "it had not begun");
    }
}
