use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, RwLock};

use sha2::{Digest as _, Sha256};
use tickmesh_proto::types::{Calendar, Symbol, Timestamp};

use super::archive::Served;
use super::board::{Newest, SharedHistory, Standing, is_stale};
use super::score::Score;
use crate::conformal::Conformal;
use crate::features::{FeatureSet, Row, State, WIDTH, fold};
use crate::forecast::{Forecast, Rules, Tracker};
use crate::history::{DailyBar, History};
use crate::version::Version;

/// A version's time as champion: it serves the bars after `after`, and the first champion also the bar at `after`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reign {
    /// The version's number.
    pub version: u32,
    /// The newest bar when it became champion.
    pub after: Timestamp,
}

/// The version that served, or serves, the bar at `time`; none before the first champion.
#[must_use]
pub fn serving(reigns: &[Reign], time: Timestamp) -> Option<u32> {
    let first = reigns.first().filter(|first| first.after == time);
    reigns.iter().rev().find(|reign| reign.after < time).or(first).map(|reign| reign.version)
}

/// Something that must be stored.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A forecast was made and is served.
    Issued(Box<Issued>),
    /// A served forecast's outcome is known.
    Scored(Scored),
}

/// A served forecast with all that recomputing it to the last bit needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Issued {
    /// The forecast.
    pub forecast: Forecast,
    /// The features that it was made from.
    pub features: [f64; WIDTH],
    /// SHA-256 of the residual pool, oldest first.
    pub pool_digest: String,
    /// The place of the bar in the market's stream; empty when it came from history.
    pub input_cursor: String,
}

/// An outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// The symbol.
    pub symbol: Symbol,
    /// When the forecast was made.
    pub as_of: Timestamp,
    /// The number of the version that made it.
    pub version: u32,
    /// The simple return of adjusted closes that happened.
    pub realised: f64,
    /// Close of the bar that decided it.
    pub scored_time: Timestamp,
}

/// By what forecasts are decided now.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Terms {
    pub(super) rules: Rules,
    /// The market clock.
    pub(super) clock: Option<Timestamp>,
}

/// All that is live of one symbol.
#[derive(Debug)]
pub struct Desk {
    symbol: Symbol,
    calendar: Calendar,
    history: SharedHistory,
    state: State,
    newest: Option<Newest>,
    reigns: Vec<Reign>,
    versions: HashMap<u32, Arc<Version>>,
    tracker: Option<Tracker>,
    archive: HashMap<Timestamp, Served>,
    /// Forecasts of the last bars, oldest first, that wait for their outcome: by number of the bar that decides it.
    waiting: VecDeque<(usize, DailyBar, Served)>,
    scores: BTreeMap<u32, Arc<RwLock<Score>>>,
    latest: Option<Arc<Forecast>>,
}

impl Desk {
    /// A desk before its first bar.
    #[must_use]
    pub fn new(symbol: Symbol, calendar: Calendar, archive: HashMap<Timestamp, Served>) -> Self {
        Self {
            symbol,
            calendar,
            history: Arc::default(),
            state: State::new(&FeatureSet::standard()),
            newest: None,
            reigns: Vec::new(),
            versions: HashMap::new(),
            tracker: None,
            archive,
            waiting: VecDeque::new(),
            scores: BTreeMap::new(),
            latest: None,
        }
    }

    /// Says which sessions it has.
    pub(super) fn calendar(&mut self, calendar: Calendar) {
        self.calendar = calendar;
        if let Some(newest) = &mut self.newest {
            newest.target_time = next_close(calendar, newest.bar.time());
        }
    }

    /// Takes in a version's reign as champion. Told of the newest bar's moment, the desk may issue a forecast at once.
    pub(super) fn install(&mut self, version: Arc<Version>, reign: Reign, terms: &Terms) -> Option<Event> {
        self.versions.insert(reign.version, version);
        self.reigns.push(reign);
        let newest = self.newest.clone()?;
        self.follow(newest.bar.time());
        self.issue(&newest, terms)
    }

    /// Takes in the next bar; a bar that is not newer than all before it changes nothing.
    pub(super) fn take(&mut self, bar: DailyBar, cursor: &str, terms: &Terms) -> Vec<Event> {
        if !self.write_history().push(bar) {
            return Vec::new();
        }
        let row = self.state.update(&bar.adjusted);
        let target_time = next_close(self.calendar, bar.time());
        let newest = Newest { bar, row, target_time, cursor: cursor.into() };
        self.newest = Some(newest.clone());
        let outcome = self.score(&bar);
        self.advance(&bar, row.as_ref());
        outcome.into_iter().chain(self.issue(&newest, terms)).collect()
    }

    /// Moves the champion's state to the bar, or changes the champion when the bar is another's.
    fn advance(&mut self, bar: &DailyBar, row: Option<&Row>) {
        let champion = serving(&self.reigns, bar.time());
        match self.tracker.as_mut().filter(|tracker| Some(tracker.forecaster().version().name.number) == champion) {
            Some(tracker) => tracker.advance(bar, row),
            None => self.follow(bar.time()),
        }
    }

    /// Builds the state of the version that serves `time` from all bars so far.
    fn follow(&mut self, time: Timestamp) {
        let champion = serving(&self.reigns, time).and_then(|number| self.versions.get(&number));
        let Some(version) = champion.map(Arc::clone) else { return };
        let history = self.read_history();
        let adjusted: Vec<_> = history.bars().iter().map(|bar| bar.adjusted).collect();
        let tracker = Tracker::over(version, history.bars(), &fold(&FeatureSet::standard(), &adjusted));
        drop(history);
        self.tracker = tracker;
    }

    /// Serves a forecast at the newest bar, unless this run has served it already.
    fn issue(&mut self, newest: &Newest, terms: &Terms) -> Option<Event> {
        if self.latest.as_ref().is_some_and(|latest| latest.as_of == newest.bar.time()) {
            return None;
        }
        let moment = newest.moment(is_stale(self.calendar, newest.bar.time(), terms.clock))?;
        let tracker = self.tracker.as_ref()?;
        serving(&self.reigns, newest.bar.time())
            .filter(|number| *number == tracker.forecaster().version().name.number)?;
        let forecast = tracker.forecaster().forecast(&moment, &terms.rules);
        let archived = self.archive.remove(&forecast.as_of);
        let served = archived.unwrap_or_else(|| Served::from(&forecast));
        let event = archived.is_none().then(|| issued(tracker, forecast.clone(), &moment.row, &newest.cursor));
        self.serve(&newest.bar, served, tracker.conformal().clamps(), forecast.horizon);
        self.latest = Some(Arc::new(forecast));
        event
    }

    /// The newest forecast as it reads from now on, if its bar has become too old since it was served.
    pub(super) fn lapse(&mut self, terms: &Terms) -> Option<Forecast> {
        let latest = self.latest.as_ref().filter(|latest| !latest.is_stale())?;
        let newest = self.newest.as_ref().filter(|newest| newest.bar.time() == latest.as_of)?;
        let moment = newest.moment(is_stale(self.calendar, latest.as_of, terms.clock)).filter(|moment| moment.stale)?;
        let lapsed = self.tracker.as_ref()?.forecaster().forecast(&moment, &terms.rules);
        self.latest = Some(Arc::new(lapsed.clone()));
        Some(lapsed)
    }

    fn serve(&mut self, bar: &DailyBar, served: Served, clamps: u64, horizon: usize) {
        if served.counts {
            let score = self.scores.entry(served.version).or_default();
            let mut score = score.write().expect("no holder panics");
            score.decide(served.action);
            score.clamped(clamps);
        }
        let decided_by = self.read_history().bars().len() - 1 + horizon;
        self.waiting.push_back((decided_by, *bar, served));
    }

    /// The outcome that this bar decides.
    fn score(&mut self, bar: &DailyBar) -> Option<Event> {
        let number = self.read_history().bars().len() - 1;
        let (_, made, served) = self.waiting.pop_front_if(|(decided_by, ..)| *decided_by == number)?;
        let realised = made.return_to(bar);
        if served.counts {
            let score = self.scores.entry(served.version).or_default();
            score.write().expect("no holder panics").outcome(made.time(), &served, realised);
        }
        (!served.scored).then(|| {
            Event::Scored(Scored {
                symbol: self.symbol.clone(),
                as_of: made.time(),
                version: served.version,
                realised,
                scored_time: bar.time(),
            })
        })
    }

    /// What readers see.
    pub(super) fn standing(&self) -> Standing {
        Standing {
            symbol: self.symbol.clone(),
            calendar: self.calendar,
            history: Arc::clone(&self.history),
            newest: self.newest.clone(),
            forecaster: self.tracker.as_ref().map(|tracker| tracker.forecaster().clone()),
            reigns: self.reigns.as_slice().into(),
            scores: self.scores.iter().map(|(version, score)| (*version, Arc::clone(score))).collect(),
            latest: self.latest.clone(),
        }
    }

    /// Bars taken in so far, and whether it has a champion.
    pub(super) fn extent(&self) -> (usize, bool) {
        (self.read_history().bars().len(), !self.reigns.is_empty())
    }

    fn read_history(&self) -> std::sync::RwLockReadGuard<'_, History> {
        self.history.read().expect("no holder panics")
    }

    fn write_history(&self) -> std::sync::RwLockWriteGuard<'_, History> {
        self.history.write().expect("no holder panics")
    }
}

fn next_close(calendar: Calendar, time: Timestamp) -> Timestamp {
    calendar.next_close(time).unwrap_or(Timestamp::MAX)
}

fn issued(tracker: &Tracker, forecast: Forecast, row: &Row, cursor: &str) -> Event {
    Event::Issued(Box::new(Issued {
        forecast,
        features: row.as_slice().try_into().expect("a row is WIDTH wide"),
        pool_digest: digest(tracker.conformal()),
        input_cursor: cursor.to_owned(),
    }))
}

fn digest(conformal: &Conformal) -> String {
    let mut hash = Sha256::new();
    conformal.residuals().for_each(|z| hash.update(z.to_le_bytes()));
    crate::dataset::hex(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_champion_serves_from_the_next_bar_on_and_the_first_from_its_own() {
        let at = Timestamp::from_nanos;
        let reigns = [Reign { version: 1, after: at(10) }, Reign { version: 3, after: at(20) }];
        let served: Vec<_> = [9, 10, 11, 20, 21].map(|time| serving(&reigns, at(time))).to_vec();
        assert_eq!(served, [None, Some(1), Some(1), Some(1), Some(3)]);
        assert_eq!(serving(&[], at(1)), None);
    }
}
