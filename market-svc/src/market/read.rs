use tickmesh_fanout::log::Position;
use tickmesh_mesh::status::{Code, Fault};
use tickmesh_proto::types::{Symbol, Timestamp};

use super::{Feed, Market};
use crate::bar::Bar;
use crate::event::Event;
use crate::instrument::Instrument;
use crate::snapshot::{Entry, Snapshot};
use crate::store::{Page, Query, SliceQuery, StoreError};

impl Market {
    /// The feed and its clock.
    pub fn feed(&self) -> Feed {
        self.read().feed.clone()
    }

    /// The market clock; `None` before the first bar.
    pub fn now(&self) -> Option<Timestamp> {
        self.read().feed.market_time
    }

    /// Whether there is such an instrument.
    pub fn knows(&self, symbol: &str) -> bool {
        self.read().instruments.contains_key(symbol)
    }

    /// All instruments with the number of their daily bars, in order of their symbols.
    pub fn instruments(&self) -> Vec<(Instrument, u64)> {
        let state = self.read();
        let bars = |symbol: &Symbol| state.board.get(symbol.as_str()).map_or(0, Entry::daily_bars);
        state.instruments.values().map(|i| (i.clone(), bars(&i.symbol))).collect()
    }

    /// One instrument with the number of its daily bars.
    ///
    /// # Errors
    /// NOT_FOUND, reason SYMBOL_UNKNOWN.
    pub fn instrument(&self, symbol: &Symbol) -> Result<(Instrument, u64), Fault> {
        let state = self.read();
        let instrument = state.instruments.get(symbol).ok_or_else(|| state.unknown(symbol))?;
        Ok((instrument.clone(), state.board.get(symbol.as_str()).map_or(0, Entry::daily_bars)))
    }

    /// The newest state of one instrument.
    ///
    /// # Errors
    /// NOT_FOUND, reason SYMBOL_UNKNOWN, or NO_DATA before its first price.
    pub fn snapshot(&self, symbol: &Symbol) -> Result<Snapshot, Fault> {
        let state = self.read();
        let instrument = state.instruments.get(symbol).ok_or_else(|| state.unknown(symbol))?;
        let now = state.feed.market_time.unwrap_or(Timestamp::MIN);
        let entry = state.board.get(symbol.as_str());
        entry.and_then(|entry| entry.snapshot(symbol, instrument.calendar, now)).ok_or_else(|| {
            Fault::new(Code::NotFound, "NO_DATA", format!("{symbol} has no price yet")).resource(
                "tickmesh.market.v1.Instrument",
                symbol.as_str(),
                "has no bars",
            )
        })
    }

    /// The next newest events of some symbols, those after `symbol`, as they were at a place of the log: what has come
    /// since is left out. None when there are no more; else they go on after the symbol of the last one.
    ///
    /// A symbol whose events have all come since has none here, so the next symbols are looked at, `most` of those that
    /// have some.
    pub fn newest(
        &self,
        symbol: Option<&Symbol>,
        most: usize,
        place: Position,
        wanted: impl Fn(&str) -> bool,
    ) -> Vec<Event> {
        let state = self.read();
        let entries = state.board.after(symbol).filter(|(symbol, _)| wanted(symbol.as_str()));
        let events = entries.map(|(symbol, entry)| entry.events(symbol, place).collect::<Vec<_>>());
        events.filter(|events| !events.is_empty()).take(most).flatten().collect()
    }

    /// The place of the log that readers see, with the clock there.
    pub fn place(&self) -> (Position, Option<Timestamp>) {
        let state = self.read();
        (state.position, state.feed.market_time)
    }

    /// A page of one instrument's bars; the query's clock must be [`now`](Self::now) or earlier.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn page(&self, query: &Query) -> Result<Page, StoreError> {
        self.store.page(query).await
    }

    /// The next bars of many instruments.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn slice(&self, query: &SliceQuery) -> Result<Vec<Bar>, StoreError> {
        self.store.slice(query).await
    }
}
