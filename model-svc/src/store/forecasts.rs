use tickmesh_proto::types::{Symbol, Timestamp};

use crate::forecast::Forecast;
use crate::live::Issued;
use crate::version::VersionName;

/// Which forecasts a page has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForecastQuery {
    /// The symbols; empty means all.
    pub symbols: Vec<Symbol>,
    /// Only this version's.
    pub version: Option<VersionName>,
    /// Earliest `as_of`, inclusive.
    pub start: Option<Timestamp>,
    /// Latest `as_of`, exclusive.
    pub end: Option<Timestamp>,
    /// The last forecast of the page before.
    pub after: Option<ForecastKey>,
    /// The most forecasts.
    pub limit: usize,
}

/// Names a served forecast within its run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForecastKey {
    /// When it was made.
    pub as_of: Timestamp,
    /// The symbol.
    pub symbol: Symbol,
}

/// A served forecast, and its outcome once known.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredForecast {
    /// What was served, with all that recomputing it needs.
    pub issued: Issued,
    /// The return that happened, and the close that decided it.
    pub outcome: Option<(f64, Timestamp)>,
}

impl StoredForecast {
    /// Its key.
    #[must_use]
    pub fn key(&self) -> ForecastKey {
        let Forecast { as_of, symbol, .. } = &self.issued.forecast;
        ForecastKey { as_of: *as_of, symbol: symbol.clone() }
    }
}

/// How far the signal log has got: at `position` of `epoch`, the signals of all forecasts up to `place` were in it.
///
/// Only the live loop appends to that log, one event a served forecast in the order of their places, beside those of
/// forecasts that have lapsed. So the served ones beyond `position` are those that follow `place`, and the log tells
/// after a crash which signals it has, even when the mark is older.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogMark {
    /// The log's identity.
    pub epoch: String,
    /// Events in the log.
    pub position: u64,
    /// Place of a forecast within its run.
    pub place: u64,
}
