//! The newest state of each instrument, kept up event by event.
//!
//! Indicators run over daily closes adjusted to the newest bar: each close is multiplied by its own adjustment factor
//! and divided by the newest one's. So they are in the units of the last price, do not jump at a split, and an
//! adjustment that comes later changes nothing but their scale. Previous close and day change are raw, as the tape
//! showed them.

mod board;
mod indicators;

use std::time::Duration;

use tickmesh_proto::types::{Calendar, Symbol, TimeFrame, Timestamp};

use crate::bar::Candle;
use crate::event::{Quote, Trade};

pub use board::{Board, Entry};
pub use indicators::{Bands, Indicators, RunningIndicators};

/// How many bar periods of session time make an event stale.
const STALE_AFTER: u32 = 3;

/// The newest state of one instrument.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The instrument.
    pub symbol: Symbol,
    /// Price of the last trade, or else the close of the newest bar.
    pub last_price: f64,
    /// The last trade, if the feed has trades.
    pub last_trade: Option<Trade>,
    /// The best bid and offer, if the feed has quotes.
    pub quote: Option<Quote>,
    /// The bar of the newest session.
    pub day_bar: Option<Candle>,
    /// The raw close of the session before.
    pub previous_close: Option<f64>,
    /// Indicators over daily closes.
    pub indicators: Indicators,
    /// When the newest event happened.
    pub event_time: Timestamp,
    /// How long ago that was on the market clock.
    pub age: Duration,
    /// Whether that is more than three bar periods of session time ago.
    pub stale: bool,
}

impl Snapshot {
    /// `last_price / previous_close - 1`.
    pub fn day_change(&self) -> Option<f64> {
        self.previous_close.map(|previous| self.last_price / previous - 1.0)
    }
}

/// Whether an event of `time` is more than three periods of `time_frame` old at `now`. Days are sessions of the
/// calendar.
fn is_stale(time: Timestamp, now: Timestamp, time_frame: TimeFrame, calendar: Calendar) -> bool {
    match time_frame {
        TimeFrame::D1 => calendar.sessions_closed(time, now, STALE_AFTER + 1) > STALE_AFTER,
        shorter => now.since(time) > shorter.duration() * STALE_AFTER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(date: &str) -> Timestamp {
        Calendar::NewYork.hours(date.parse().unwrap()).unwrap().close
    }

    #[test]
    fn a_daily_bar_is_stale_after_more_than_three_sessions() {
        let stale = |from, to| is_stale(close(from), close(to), TimeFrame::D1, Calendar::NewYork);
        assert!(!stale("2021-01-14", "2021-01-20"), "three sessions: a weekend and a holiday lie between");
        assert!(stale("2021-01-14", "2021-01-21"));
    }

    #[test]
    fn a_quote_is_stale_after_more_than_three_minutes() {
        let stale = |seconds| {
            let now = Timestamp::from_nanos(0).plus(Duration::from_secs(seconds));
            is_stale(Timestamp::from_nanos(0), now, TimeFrame::M1, Calendar::Always)
        };
        assert!(!stale(180));
        assert!(stale(181));
    }
}
