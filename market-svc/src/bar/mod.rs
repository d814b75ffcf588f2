//! Bars: open, high, low, close and volume of one symbol over one span of time.
//!
//! A [`Draft`] is what a source claims; a [`Candle`] is a draft that kept every rule, and cannot be made otherwise.
//! Prices are raw, as traded; [`Draft::adjustment_factor`] turns them into adjusted ones.

mod rules;

use std::ops::Deref;

use tickmesh_proto::types::{Symbol, TimeFrame, Timestamp, adjust};

pub use rules::{Broken, Rule};

/// Whose bars, and how long: the natural key of a bar is its series and its open time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Series {
    /// The instrument.
    pub symbol: Symbol,
    /// The bars' length.
    pub time_frame: TimeFrame,
}

/// The figures of one bar as a source gives them, not yet checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draft {
    /// When the bar began.
    pub open_time: Timestamp,
    /// When it ended. Nobody knew the bar before.
    pub close_time: Timestamp,
    /// First price, in the instrument's currency.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
    /// Units traded.
    pub volume: f64,
    /// Volume-weighted average price, if the source gives it.
    pub vwap: Option<f64>,
    /// Number of trades, if the source gives it.
    pub trade_count: Option<u64>,
    /// Adjusted close divided by raw close; absent means 1.
    pub adjustment_factor: Option<f64>,
}

/// The figures of one bar that keep every [`Rule`]. Readable as a [`Draft`], made only by [`Draft::check`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candle(Draft);

impl Draft {
    /// Checks every rule.
    ///
    /// # Errors
    /// All rules that the figures break, in the order of the fields.
    pub fn check(self) -> Result<Candle, Vec<Broken>> {
        let broken = rules::broken(&self);
        if broken.is_empty() { Ok(Candle(self)) } else { Err(broken) }
    }
}

impl Candle {
    /// The close, adjusted for later dividends and splits.
    pub fn adjusted_close(&self) -> f64 {
        adjust(self.close, self.adjustment_factor)
    }

    /// The same bar with open, high, low, close and vwap adjusted.
    #[must_use]
    pub fn adjusted(&self) -> Draft {
        let by = |price| adjust(price, self.adjustment_factor);
        Draft {
            open: by(self.open),
            high: by(self.high),
            low: by(self.low),
            close: by(self.close),
            vwap: self.vwap.map(by),
            ..self.0
        }
    }
}

impl Deref for Candle {
    type Target = Draft;

    fn deref(&self) -> &Draft {
        &self.0
    }
}

/// One bar of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Whose bar, and how long.
    pub series: Series,
    /// Its figures.
    pub candle: Candle,
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A valid candle that opens at `open` and lasts `length` nanoseconds.
    pub(crate) fn candle(open: i64, length: i64, close: f64) -> Candle {
        Draft {
            open_time: Timestamp::from_nanos(open),
            close_time: Timestamp::from_nanos(open + length),
            open: close,
            high: close * 1.5,
            low: close * 0.5,
            close,
            volume: 1000.0,
            vwap: None,
            trade_count: None,
            adjustment_factor: None,
        }
        .check()
        .unwrap()
    }

    prop_compose! {
        /// Any valid candle that opens at `open`.
        pub(crate) fn any_candle(open: i64)(
            low in 1e-9..1e9f64,
            up in prop::array::uniform3(0.0..10.0f64),
            volume in 0.0..1e12f64,
            vwap in prop::option::of(1e-9..1e9f64),
            trade_count in prop::option::of(any::<u64>()),
            adjustment_factor in prop::option::of(1e-6..1e6f64),
            length in 1..1_000_000_000i64,
        ) -> Candle {
            let at = |share: f64| low * (1.0 + share);
            Draft {
                open_time: Timestamp::from_nanos(open),
                close_time: Timestamp::from_nanos(open + length),
                open: at(up[0]),
                high: at(up[0].max(up[1]) + up[2]),
                low,
                close: at(up[1]),
                volume, vwap, trade_count, adjustment_factor,
            }.check().unwrap()
        }
    }

    #[test]
    fn adjusting_multiplies_every_price() {
        let raw = Draft { vwap: Some(30.0), adjustment_factor: Some(0.5), ..*candle(0, 1, 20.0) }.check().unwrap();
        let adjusted = raw.adjusted();
        assert_eq!((adjusted.open, adjusted.high, adjusted.low), (10.0, 15.0, 5.0));
        assert_eq!((adjusted.close, adjusted.vwap, adjusted.volume), (10.0, Some(15.0), 1000.0));
        assert_eq!(raw.adjusted_close(), 10.0);
    }
}
