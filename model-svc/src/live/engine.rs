use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use tickmesh_proto::types::{Calendar, Symbol, Timestamp};

use super::archive::Archive;
use super::board::Board;
use super::desk::{Desk, Event, Reign, Terms};
use crate::feed::USUAL_CALENDAR;
use crate::forecast::{Forecast, Rules};
use crate::history::DailyBar;
use crate::version::Version;

/// A bar of some symbol.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveBar {
    /// The symbol.
    pub symbol: Symbol,
    /// The bar.
    pub bar: DailyBar,
}

/// A version that becomes champion.
#[derive(Clone, Debug)]
pub struct Install {
    /// The version.
    pub version: Arc<Version>,
    /// Its reign.
    pub reign: Reign,
}

/// The desks of all symbols. Fed with bars in the order of the market's stream.
#[derive(Debug)]
pub struct Engine {
    rules: Rules,
    desks: BTreeMap<Symbol, Desk>,
    /// Reigns of symbols whose first bar has not come yet, oldest first.
    ahead: HashMap<Symbol, Vec<Install>>,
    archive: Archive,
    calendars: HashMap<Symbol, Calendar>,
    clock: Option<Timestamp>,
    board: Board,
}

impl Engine {
    /// An engine before the first bar, with what earlier processes left: champions oldest first, and what this run has
    /// served.
    #[must_use]
    pub fn new(rules: Rules, champions: Vec<Install>, archive: Archive) -> Self {
        let mut ahead = HashMap::<Symbol, Vec<Install>>::new();
        for install in champions {
            ahead.entry(install.version.name.symbol.clone()).or_default().push(install);
        }
        let (desks, calendars) = (BTreeMap::new(), HashMap::new());
        Self { rules, desks, ahead, archive, calendars, clock: None, board: Board::default() }
    }

    /// Whether any symbol has a champion.
    #[must_use]
    pub fn has_champions(&self) -> bool {
        !self.ahead.is_empty() || self.desks.values().any(|desk| desk.extent().1)
    }

    /// Says which sessions a symbol has. Bars may have come before: what follows from the newest is put right, what was
    /// served stands.
    pub fn calendar(&mut self, symbol: Symbol, calendar: Calendar) {
        if let Some(desk) = self.desks.get_mut(&symbol) {
            desk.calendar(calendar);
            self.show(&BTreeSet::from([symbol.clone()]));
        }
        self.calendars.insert(symbol, calendar);
    }

    /// Takes in bars; `cursor` is their place in the market's stream, empty for history.
    pub fn take(&mut self, bars: Vec<LiveBar>, cursor: &str) -> Vec<Event> {
        let mut touched = BTreeSet::new();
        let mut events = Vec::new();
        for LiveBar { symbol, bar } in bars {
            self.clock = self.clock.max(Some(bar.time()));
            let terms = self.terms();
            events.extend(self.desk(&symbol).take(bar, cursor, &terms));
            touched.insert(symbol);
        }
        self.show(&touched);
        events
    }

    /// Makes a version champion.
    pub fn install(&mut self, install: Install) -> Option<Event> {
        let symbol = install.version.name.symbol.clone();
        let terms = self.terms();
        let event = self.desk(&symbol).install(install.version, install.reign, &terms);
        self.show(&BTreeSet::from([symbol]));
        event
    }

    /// Gives a symbol its history when the stream has not, as after an import. Ignored once it has a champion: what was
    /// served stands.
    pub fn backfill(&mut self, symbol: &Symbol, bars: Vec<DailyBar>) -> Vec<Event> {
        let (known, has_champion) = self.desks.get(symbol).map_or((0, false), Desk::extent);
        if has_champion || bars.len() <= known {
            return Vec::new();
        }
        self.desks.remove(symbol);
        self.take(bars.into_iter().map(|bar| LiveBar { symbol: symbol.clone(), bar }).collect(), "")
    }

    /// Moves the market clock on to what the feed says.
    pub fn tick(&mut self, market_time: Timestamp) {
        self.clock = self.clock.max(Some(market_time));
        self.board.clock = self.clock;
    }

    /// The newest forecasts of symbols whose bars have become too old for the market clock, as they read from now on.
    /// Each is told once.
    pub fn lapse(&mut self) -> Vec<Forecast> {
        let terms = self.terms();
        let lapsed: Vec<Forecast> = self.desks.values_mut().filter_map(|desk| desk.lapse(&terms)).collect();
        self.show(&lapsed.iter().map(|forecast| forecast.symbol.clone()).collect());
        lapsed
    }

    /// What readers see now.
    #[must_use]
    pub fn board(&self) -> Board {
        self.board.clone()
    }

    fn terms(&self) -> Terms {
        Terms { rules: self.rules, clock: self.clock }
    }

    fn desk(&mut self, symbol: &Symbol) -> &mut Desk {
        if !self.desks.contains_key(symbol) {
            let calendar = self.calendars.get(symbol).copied().unwrap_or(USUAL_CALENDAR);
            let mut desk = Desk::new(symbol.clone(), calendar, self.archive.take(symbol));
            for install in self.ahead.remove(symbol).unwrap_or_default() {
                // Before its first bar a desk has nothing to issue.
                drop(desk.install(install.version, install.reign, &Terms::default()));
            }
            self.desks.insert(symbol.clone(), desk);
        }
        self.desks.get_mut(symbol).expect("it was just made")
    }

    fn show(&mut self, touched: &BTreeSet<Symbol>) {
        self.board.clock = self.clock;
        for symbol in touched {
            if let Some(desk) = self.desks.get(symbol) {
                self.board.symbols.insert(symbol.clone(), Arc::new(desk.standing()));
            }
        }
    }
}
