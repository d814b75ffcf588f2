use std::collections::BTreeMap;

use tickmesh_proto::types::Timestamp;

use super::{Period, Written};
use crate::bar::{Bar, Candle, Series};

/// The bars of a batch by the block that they belong to, each open time once: the last one given counts.
pub(super) fn by_block(bars: &[Bar]) -> BTreeMap<(&Series, Period), BTreeMap<Timestamp, Candle>> {
    let mut blocks: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for Bar { series, candle } in bars {
        let period = Period::of(series.time_frame, candle.open_time);
        blocks.entry((series, period)).or_default().insert(candle.open_time, *candle);
    }
    blocks
}

/// Puts `new` bars into a block that holds `old` ones, both in ascending order of their open time.
pub(super) fn merge(old: Vec<Candle>, new: &BTreeMap<Timestamp, Candle>) -> (Vec<Candle>, Written) {
    let mut merged: BTreeMap<_, _> = old.into_iter().map(|candle| (candle.open_time, candle)).collect();
    let mut count = Written::default();
    for (time, candle) in new {
        let same = merged.insert(*time, *candle) == Some(*candle);
        count += Written { written: u64::from(!same), unchanged: u64::from(same) };
    }
    (merged.into_values().collect(), count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bar::tests::candle;

    #[test]
    fn merging_keeps_order_and_counts_changes() {
        let old = vec![candle(1, 1, 1.0), candle(3, 1, 3.0), candle(5, 1, 5.0)];
        let new = [candle(3, 1, 3.0), candle(4, 1, 4.0), candle(5, 1, 5.5)].map(|c| (c.open_time, c)).into();
        let (merged, count) = merge(old, &new);
        assert_eq!(merged, [candle(1, 1, 1.0), candle(3, 1, 3.0), candle(4, 1, 4.0), candle(5, 1, 5.5)]);
        assert_eq!(count, Written { written: 2, unchanged: 1 });
    }
}
