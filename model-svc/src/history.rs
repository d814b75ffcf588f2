//! Daily bars of one symbol as models see them: adjusted, in order, known at their close.

use tickmesh_proto::types::{Timestamp, adjust};

use crate::features;

/// One closed daily bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DailyBar {
    /// Close as it was traded, in the instrument's currency: the `last_price` of a forecast made here.
    pub last_price: f64,
    /// Prices times the bar's adjustment factor, and its close time. Every feature and return is computed from these.
    pub adjusted: features::Bar,
}

/// Prices of a bar as they were traded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RawPrices {
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
}

impl DailyBar {
    /// A bar that closed at `close_time`; `factor` is adjusted close / raw close, none means 1.
    #[must_use]
    pub fn new(close_time: Timestamp, raw: RawPrices, volume: f64, factor: Option<f64>) -> Self {
        let adjusted = features::Bar {
            time: close_time.nanos(),
            open: adjust(raw.open, factor),
            high: adjust(raw.high, factor),
            low: adjust(raw.low, factor),
            close: adjust(raw.close, factor),
            volume,
        };
        Self { last_price: raw.close, adjusted }
    }

    /// When the bar closed; known to nobody before.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        Timestamp::from_nanos(self.adjusted.time)
    }

    /// Simple return of adjusted closes from this bar to a later one.
    #[must_use]
    pub fn return_to(&self, later: &Self) -> f64 {
        later.adjusted.close / self.adjusted.close - 1.0
    }
}

/// Bars in strictly ascending order of their close.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History(Vec<DailyBar>);

impl History {
    /// Adds a bar if it is newer than all others; says whether it was.
    pub fn push(&mut self, bar: DailyBar) -> bool {
        let newer = self.newest().is_none_or(|newest| newest.time() < bar.time());
        if newer {
            self.0.push(bar);
        }
        newer
    }

    /// All bars.
    #[must_use]
    pub fn bars(&self) -> &[DailyBar] {
        &self.0
    }

    /// The bars closed at or before `time`: all that was known then.
    #[must_use]
    pub fn until(&self, time: Timestamp) -> &[DailyBar] {
        &self.0[..self.0.partition_point(|bar| bar.time() <= time)]
    }

    /// The newest bar.
    #[must_use]
    pub fn newest(&self) -> Option<&DailyBar> {
        self.0.last()
    }
}

impl FromIterator<DailyBar> for History {
    /// Keeps of each run of bars that do not ascend the first.
    fn from_iter<I: IntoIterator<Item = DailyBar>>(bars: I) -> Self {
        bars.into_iter().fold(Self::default(), |mut history, bar| {
            history.push(bar);
            history
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(time: i64, close: f64) -> DailyBar {
        let raw = RawPrices { open: close, high: close, low: close, close };
        DailyBar::new(Timestamp::from_nanos(time), raw, 1.0, Some(0.5))
    }

    #[test]
    fn keeps_only_newer_bars() {
        let history: History = [bar(1, 1.0), bar(3, 2.0), bar(3, 9.0), bar(2, 9.0), bar(4, 3.0)].into_iter().collect();
        assert_eq!(history.bars().iter().map(|bar| bar.last_price).collect::<Vec<_>>(), [1.0, 2.0, 3.0]);
        assert_eq!(history.until(Timestamp::from_nanos(3)).len(), 2);
        assert_eq!(history.until(Timestamp::from_nanos(0)).len(), 0);
    }

    #[test]
    fn a_dividend_is_part_of_the_return() {
        let raw = |close| RawPrices { open: close, high: close, low: close, close };
        let before = DailyBar::new(Timestamp::from_nanos(1), raw(100.0), 1.0, Some(0.98));
        let after = DailyBar::new(Timestamp::from_nanos(2), raw(98.0), 1.0, None);
        assert!(before.return_to(&after).abs() < 1e-15);
        assert_eq!(before.last_price, 100.0);
    }
}
