use std::sync::Arc;

use tickmesh_proto::types::Timestamp;

use crate::prices::{Close, Series};

/// The most closes that are kept of one symbol: the longest lookback and one more.
const MOST: usize = 10_001;

/// What is kept of one symbol.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Shared with whoever computes on it; a close that arrives meanwhile goes into a copy.
    pub(super) series: Arc<Series>,
    /// Whether the history before the live closes was fetched.
    pub(super) is_whole: bool,
    /// How many closes have come, those included that are kept no more.
    count: u64,
    /// How many daily bars market-svc has said that it has.
    listed: u64,
    /// How many of these are in none of its answers: they are not waited for.
    absent: u64,
}

impl Kept {
    /// Takes a live close.
    pub(super) fn put(&mut self, close: Close) {
        let series = Arc::make_mut(&mut self.series);
        self.count += u64::from(series.put(close));
        series.keep_newest(MOST);
    }

    /// Takes what is new in the history.
    pub(super) fn add(&mut self, new: impl IntoIterator<Item = Close>) {
        new.into_iter().for_each(|close| self.put(close));
    }

    /// Takes the history from its beginning.
    pub(super) fn complete(&mut self, history: impl IntoIterator<Item = Close>) {
        let live = self.series.until(Timestamp::MAX).iter().copied();
        let mut series: Series = live.chain(history).collect();
        self.count = series.len() as u64;
        self.absent = self.listed.saturating_sub(self.count);
        series.keep_newest(MOST);
        self.series = Arc::new(series);
    }

    /// So many daily bars are there.
    pub(super) fn list(&mut self, daily_bars: u64) {
        self.listed = daily_bars;
        self.absent = self.absent.min(daily_bars.saturating_sub(self.count));
    }

    /// Whether bars that are there have not come.
    pub(super) fn is_short(&self) -> bool {
        self.is_whole && self.listed > self.count + self.absent
    }
}
