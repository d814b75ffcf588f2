use tickmesh_proto::types::{Symbol, TimeFrame, Timestamp};

use super::Period;
use crate::bar::{Bar, Candle, Series};

/// A span of open times, and the clock past which nothing is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// The earliest open time, inclusive.
    pub start: Timestamp,
    /// The latest open time, exclusive.
    pub end: Timestamp,
    /// The latest close time, inclusive: the market clock.
    pub known_at: Timestamp,
}

/// A page of the bars of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Whose bars.
    pub series: Series,
    /// Which of them.
    pub span: Span,
    /// Newest bars first.
    pub descending: bool,
    /// Go on after the bar that opened here.
    pub after: Option<Timestamp>,
    /// The most bars to return.
    pub limit: usize,
}

/// Part of a query's answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The bars in the order asked for.
    pub candles: Vec<Candle>,
    /// Whether more bars follow.
    pub more: bool,
}

/// The next bars of many series in order of open time, then symbol.
#[derive(Clone, Debug, PartialEq)]
pub struct SliceQuery {
    /// Whose bars, each symbol once in ascending order; `None` means all.
    pub symbols: Option<Vec<Symbol>>,
    /// How long the bars are.
    pub time_frame: TimeFrame,
    /// Which of them.
    pub span: Span,
    /// Go on after the bar of this open time and symbol.
    pub after: Option<(Timestamp, Symbol)>,
    /// The most bars to return, at least 1.
    pub limit: usize,
}

impl Span {
    /// All bars that are known at `known_at`.
    pub fn all(known_at: Timestamp) -> Self {
        Self { start: Timestamp::MIN, end: Timestamp::MAX, known_at }
    }

    pub(super) fn holds(&self, candle: &Candle) -> bool {
        (self.start..self.end).contains(&candle.open_time) && candle.close_time <= self.known_at
    }

    /// The first and the last period with bars of the span.
    pub(super) fn periods(&self, time_frame: TimeFrame) -> (Period, Period) {
        (Period::of(time_frame, self.start), Period::of(time_frame, self.end.min(self.known_at)))
    }
}

impl Query {
    /// Narrows the span to what follows `after`.
    pub(super) fn rest(&self) -> Span {
        let mut span = self.span;
        match self.after {
            Some(after) if self.descending => span.end = span.end.min(after),
            Some(after) => span.start = span.start.max(Timestamp::from_nanos(after.nanos().saturating_add(1))),
            None => {}
        }
        span
    }
}

impl Page {
    /// Adds the bars of the next block, given in ascending order. Returns whether the page is full.
    pub(super) fn add(&mut self, block: Vec<Candle>, query: &Query, rest: &Span) -> bool {
        let mut selected: Vec<Candle> = block.into_iter().filter(|candle| rest.holds(candle)).collect();
        if query.descending {
            selected.reverse();
        }
        let room = query.limit - self.candles.len();
        self.more = selected.len() > room;
        selected.truncate(room);
        self.candles.append(&mut selected);
        self.more
    }
}

impl SliceQuery {
    /// Goes on after the last of these bars.
    pub fn go_on_after(&mut self, bars: &[Bar]) {
        if let Some(Bar { series, candle }) = bars.last() {
            self.after = Some((candle.open_time, series.symbol.clone()));
        }
    }

    /// The earliest open time of any bar that is still to come.
    pub(super) fn earliest(&self) -> Timestamp {
        self.after.as_ref().map_or(self.span.start, |(time, _)| self.span.start.max(*time))
    }

    /// The earliest open time of this symbol's bars that are still to come.
    pub(super) fn earliest_of(&self, symbol: &Symbol) -> Timestamp {
        match &self.after {
            Some((time, last)) if symbol <= last => {
                self.span.start.max(Timestamp::from_nanos(time.nanos().saturating_add(1)))
            }
            _ => self.earliest(),
        }
    }
}
