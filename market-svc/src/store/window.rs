use std::cmp::Ordering;
use std::collections::BinaryHeap;

use tickmesh_proto::types::{Symbol, Timestamp};

use super::SliceQuery;
use super::block::{Block, BlockError};
use crate::bar::{Bar, Series};

/// The first bars that a query selects out of many blocks, given one after the other. It never holds more than the
/// query's limit and one more.
pub(super) struct Window<'q> {
    query: &'q SliceQuery,
    /// The last of them on top.
    first: BinaryHeap<Ranked>,
}

/// A bar that is ordered by open time, then symbol.
struct Ranked(Bar);

impl<'q> Window<'q> {
    pub(super) fn new(query: &'q SliceQuery) -> Self {
        Self { query, first: BinaryHeap::with_capacity(query.limit + 1) }
    }

    /// Takes those bars of one symbol's block that come before what it holds; only they are decoded.
    ///
    /// # Errors
    /// If such a bar cannot be.
    pub(super) fn offer(&mut self, symbol: &Symbol, block: &Block<'_>) -> Result<(), BlockError> {
        let span = &self.query.span;
        for row in block.rows_from(self.query.earliest_of(symbol)) {
            let open_time = block.open_time(row);
            if open_time >= span.end || !self.has_room_for((open_time, symbol)) {
                break;
            }
            let candle = block.candle(row)?;
            if span.holds(&candle) {
                let series = Series { symbol: symbol.clone(), time_frame: self.query.time_frame };
                self.first.push(Ranked(Bar { series, candle }));
                if self.first.len() > self.query.limit {
                    self.first.pop();
                }
            }
        }
        Ok(())
    }

    /// Whether nothing can come before what it holds, if the symbols after the query's place were offered first and in
    /// ascending order: it is full of the earliest time there is, and each later symbol comes after.
    pub(super) fn is_final(&self) -> bool {
        self.is_full() && self.first.peek().is_some_and(|last| last.key().0 <= self.query.earliest())
    }

    /// The bars in order.
    pub(super) fn into_bars(self) -> Vec<Bar> {
        self.first.into_sorted_vec().into_iter().map(|Ranked(bar)| bar).collect()
    }

    fn is_full(&self) -> bool {
        self.first.len() >= self.query.limit
    }

    fn has_room_for(&self, key: (Timestamp, &Symbol)) -> bool {
        !self.is_full() || self.first.peek().is_some_and(|last| key < last.key())
    }
}

impl Ranked {
    fn key(&self) -> (Timestamp, &Symbol) {
        (self.0.candle.open_time, &self.0.series.symbol)
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Ranked {}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}
