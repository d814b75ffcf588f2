use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use tickmesh_proto::types::{Calendar, Symbol, Timestamp};

use super::desk::Reign;
use super::score::Score;
use crate::decision::Reason;
use crate::features::Row;
use crate::forecast::{Forecast, Forecaster, Moment};
use crate::history::{DailyBar, History};

/// Sessions after which a bar is stale.
const STALE_AFTER: u32 = 3;

/// A symbol's bars: its desk writes them, readers copy what they need under a short lock.
pub type SharedHistory = Arc<RwLock<History>>;

/// What readers see of all symbols at one moment. The live loop puts a new one in place of the old; nobody changes one.
#[derive(Clone, Debug, Default)]
pub struct Board {
    /// The market clock: the newest close, or what the feed says. None before the first bar.
    pub clock: Option<Timestamp>,
    /// Every symbol with bars.
    pub symbols: BTreeMap<Symbol, Arc<Standing>>,
}

/// One symbol at one moment.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The symbol.
    pub symbol: Symbol,
    /// Its sessions.
    pub calendar: Calendar,
    /// Its bars.
    pub history: SharedHistory,
    /// The newest bar.
    pub newest: Option<Newest>,
    /// What forecasts at the newest bar; none without a champion.
    pub forecaster: Option<Forecaster>,
    /// Which version was champion when, oldest first.
    pub reigns: Arc<[Reign]>,
    /// The score of each version that has served.
    pub scores: Vec<(u32, Arc<RwLock<Score>>)>,
    /// The newest served forecast; once its bar is too old for the market clock, as it reads since: HOLD.
    pub latest: Option<Arc<Forecast>>,
}

/// The newest bar and what is known at its close.
#[derive(Clone, Debug, PartialEq)]
pub struct Newest {
    /// The bar.
    pub bar: DailyBar,
    /// Its features; none while they warm up.
    pub row: Option<Row>,
    /// The close that follows.
    pub target_time: Timestamp,
    /// The bar's place in the market's stream; empty when it came from history.
    pub cursor: Arc<str>,
}

impl Newest {
    /// The moment to forecast from; none while features warm up.
    #[must_use]
    pub fn moment(&self, stale: bool) -> Option<Moment> {
        self.row.map(|row| Moment { bar: self.bar, row, target_time: self.target_time, stale })
    }
}

pub(super) fn is_stale(calendar: Calendar, time: Timestamp, clock: Option<Timestamp>) -> bool {
    clock.is_some_and(|clock| calendar.sessions_closed(time, clock, STALE_AFTER + 1) > STALE_AFTER)
}

impl Standing {
    /// Whether a bar closed at `time` is too old by the market clock: by more than three sessions.
    #[must_use]
    pub fn is_stale(&self, time: Timestamp, clock: Option<Timestamp>) -> bool {
        is_stale(self.calendar, time, clock)
    }

    /// The newest served forecast, or why there is none.
    ///
    /// # Errors
    /// The reason.
    pub fn served(&self) -> Result<&Forecast, Reason> {
        match &self.latest {
            Some(forecast) => Ok(forecast),
            None if self.forecaster.is_some() => Err(Reason::WarmingUp),
            None => Err(Reason::NoModel),
        }
    }

    /// How many bars there are.
    ///
    /// # Panics
    /// Never: no holder of the lock panics.
    #[must_use]
    pub fn bars(&self) -> usize {
        self.history.read().expect("no holder panics").bars().len()
    }

    /// The bars closed at or before `time`, copied.
    ///
    /// # Panics
    /// Never: no holder of the lock panics.
    #[must_use]
    pub fn bars_until(&self, time: Timestamp) -> Vec<DailyBar> {
        self.history.read().expect("no holder panics").until(time).to_vec()
    }
}
