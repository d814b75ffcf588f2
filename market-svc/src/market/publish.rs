use std::collections::BTreeSet;

use tickmesh_fanout::log::{Position, Record};
use tickmesh_proto::types::{TimeFrame, Timestamp};

use super::{Encoded, Market};
use crate::bar::{Bar, Series};
use crate::error::Error;
use crate::event::{Event, What};
use crate::instrument::Instrument;
use crate::store::{Batch, Mark, Query, Span};

/// What the log calls a trade.
pub(crate) const TRADE: u8 = 1;
/// What the log calls a quote.
pub(crate) const QUOTE: u8 = 2;
/// What the log calls a bar.
pub(crate) const BAR: u8 = 3;

/// Bars read at a time when the board is filled.
const FOLD: usize = 5_000;

impl Market {
    /// Takes events: into the log's file, into the store, and then, in one step, before everybody's eyes.
    ///
    /// Events at or before the clock may come again after a crash; the store takes them as what they are.
    ///
    /// # Errors
    /// If the log or the store cannot be written. Nothing is visible then, and the same events can be given again.
    pub async fn publish(&self, events: &[Event], received: Timestamp) -> Result<(), Error> {
        let _writing = self.writer.lock().await;
        let position = self.append(events, received)?;
        let bars: Vec<Bar> = events.iter().filter_map(Event::bar).cloned().collect();
        let instruments = self.unknown_of(&bars);
        if !bars.is_empty() {
            self.store.write(&Batch { bars, instruments: instruments.clone(), ..Batch::default() }).await?;
        }
        self.show(events, instruments, position);
        Ok(())
    }

    /// Instruments that first appear with these bars.
    fn unknown_of(&self, bars: &[Bar]) -> Vec<Instrument> {
        let state = self.read();
        let unknown = bars.iter().map(|bar| &bar.series.symbol).filter(|s| !state.instruments.contains_key(*s));
        unknown.collect::<BTreeSet<_>>().into_iter().map(Instrument::of).collect()
    }

    fn append(&self, events: &[Event], received: Timestamp) -> Result<Position, Error> {
        let encoded: Vec<Encoded> = events.iter().map(|event| self.wire.encode(event, Some(received))).collect();
        let records: Vec<_> = events.iter().zip(encoded).map(|(event, bytes)| record(event, bytes, received)).collect();
        Ok(self.log.append(&records)?)
    }

    /// Board, clock and the log's visible end move together, so that a snapshot and the updates after it join.
    fn show(&self, events: &[Event], instruments: Vec<Instrument>, position: Position) {
        let mut state = self.write();
        state.instruments.extend(instruments.into_iter().map(|i| (i.symbol.clone(), i)));
        for event in events {
            state.board.apply(event);
            state.feed.market_time = state.feed.market_time.max(Some(event.time));
        }
        state.position = position;
        self.log.publish(position);
    }

    /// Makes store, board and clock agree with the log: writes the bars again that a crash kept from the store, then
    /// reads instruments and daily bars.
    ///
    /// # Errors
    /// If the store or the log cannot be read.
    pub async fn recover(&self) -> Result<(), Error> {
        let _writing = self.writer.lock().await;
        let stored = self.store.newest_close().await?;
        let bars = self.unstored_bars(stored)?;
        if !bars.is_empty() {
            tracing::info!(bars = bars.len(), "bars of the log's tail are stored again");
            self.store.write(&Batch { bars, ..Batch::default() }).await?;
        }
        self.refresh(None).await
    }

    fn unstored_bars(&self, stored: Option<Timestamp>) -> Result<Vec<Bar>, Error> {
        let mut bars = Vec::new();
        for logged in self.log.events_after(self.log.oldest()).filter(|e| e.kind == BAR && Some(e.event_time) > stored)
        {
            let event = self.wire.decode(&logged.body).map_err(Error::Event)?;
            bars.extend(event.bar().cloned());
        }
        Ok(bars)
    }

    /// Reads instruments, clock and the daily bars of `symbols` (all for `None`) from the store.
    pub(super) async fn refresh(&self, symbols: Option<&[Instrument]>) -> Result<(), Error> {
        let instruments = self.store.instruments().await?;
        let clock = self.store.newest_close().await?;
        let mut folded = Vec::new();
        for instrument in symbols.unwrap_or(&instruments) {
            let series = Series { symbol: instrument.symbol.clone(), time_frame: TimeFrame::D1 };
            folded.push((instrument.symbol.clone(), self.daily(series, clock).await?));
        }
        let mut state = self.write();
        state.instruments = instruments.into_iter().map(|i| (i.symbol.clone(), i)).collect();
        state.feed.market_time = state.feed.market_time.max(clock);
        for (symbol, candles) in folded {
            state.board.entry(&symbol).refold(&candles);
        }
        Ok(())
    }

    async fn daily(&self, series: Series, clock: Option<Timestamp>) -> Result<Vec<crate::bar::Candle>, Error> {
        let Some(clock) = clock else { return Ok(Vec::new()) };
        let mut query = Query { series, span: Span::all(clock), descending: false, after: None, limit: FOLD };
        let mut candles = Vec::new();
        loop {
            let mut page = self.store.page(&query).await?;
            query.after = page.candles.last().map(|candle| candle.open_time);
            candles.append(&mut page.candles);
            if !page.more {
                return Ok(candles);
            }
        }
    }

    /// What was remembered of the data directory.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn mark(&self, mark: Mark) -> Result<Option<String>, Error> {
        Ok(self.store.mark(mark).await?)
    }
}

fn record(event: &Event, encoded: Encoded, received: Timestamp) -> Record<'_> {
    let (kind, time_frame) = kind(event);
    Record {
        symbol: event.symbol.as_str(),
        kind,
        time_frame,
        event_time: event.time,
        receive_time: received,
        body: encoded.body.into(),
        inner: encoded.bar,
    }
}

fn kind(event: &Event) -> (u8, u8) {
    match &event.what {
        What::Trade(_) => (TRADE, 0),
        What::Quote(_) => (QUOTE, 0),
        What::Bar(bar) => (BAR, bar.series.time_frame.code()),
    }
}
