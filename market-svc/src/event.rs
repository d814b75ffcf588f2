//! What happens in a market: trades, quotes and closed bars.

use tickmesh_proto::types::{Symbol, Timestamp};

use crate::bar::Bar;

/// An exchange of units at a price.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trade {
    /// Price, > 0.
    pub price: f64,
    /// Units traded, > 0.
    pub size: f64,
}

/// The best bid and offer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quote {
    /// The best bid: price > 0 and units >= 0.
    pub bid: Option<Level>,
    /// The best ask.
    pub ask: Option<Level>,
}

/// One side of a quote.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// Price, > 0.
    pub price: f64,
    /// Units, >= 0.
    pub size: f64,
}

/// An event of the market.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The instrument.
    pub symbol: Symbol,
    /// When it happened at the venue.
    pub time: Timestamp,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A trade.
    Trade(Trade),
    /// A change of the best bid or offer.
    Quote(Quote),
    /// A bar has closed.
    Bar(Bar),
}

impl Event {
    /// The closing of a bar, at its close time.
    pub fn closed(bar: Bar) -> Self {
        Self { symbol: bar.series.symbol.clone(), time: bar.candle.close_time, what: What::Bar(bar) }
    }

    /// The bar, if one closed.
    pub fn bar(&self) -> Option<&Bar> {
        match &self.what {
            What::Bar(bar) => Some(bar),
            What::Trade(_) | What::Quote(_) => None,
        }
    }
}
