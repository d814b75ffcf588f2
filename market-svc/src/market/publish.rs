use std::collections::BTreeSet;
use std::sync::Arc;

use tickmesh_fanout::log::{Position, Record};
use tickmesh_proto::types::Timestamp;

use super::import::instruments_of;
use super::{Appended, Encoded, Market, clock};
use crate::bar::Bar;
use crate::error::Error;
use crate::event::{Event, What};
use crate::instrument::Instrument;
use crate::store::{Batch, Mark};

/// What the log calls a trade.
pub(crate) const TRADE: u8 = 1;
/// What the log calls a quote.
pub(crate) const QUOTE: u8 = 2;
/// What the log calls a bar.
pub(crate) const BAR: u8 = 3;

impl Market {
    /// Takes events: into the log's file, into the store, and then, in one step, before everybody's eyes.
    ///
    /// Events at or before the clock may come again after a crash; the store takes them as what they are.
    ///
    /// # Errors
    /// If the log or the store cannot be written. Nothing is visible then, and the same events can be given again: the
    /// log takes them once.
    pub async fn publish(self: &Arc<Self>, events: &Arc<[Event]>, received: Timestamp) -> Result<(), Error> {
        let mut writing = self.writer.lock().await;
        if let Some(Appended { events, position }) = &writing.appended {
            self.finish(events, *position).await?;
        }
        if writing.appended.take().is_some_and(|appended| appended.events == *events) {
            return Ok(());
        }
        let position = self.aside(events, move |market, events| market.append(events, received)).await??;
        let finished = self.finish(events, position).await;
        if finished.is_err() {
            writing.appended = Some(Appended { events: Arc::clone(events), position });
        }
        finished
    }

    /// Stores what the log has taken, and shows it.
    async fn finish(self: &Arc<Self>, events: &Arc<[Event]>, position: Position) -> Result<(), Error> {
        let batch = self.aside(events, Self::batch).await?;
        if !batch.bars.is_empty() {
            self.store.write(&batch).await?;
        }
        self.aside(events, move |market, events| market.show(events, batch.instruments, position)).await
    }

    /// Works on events where a thread may take its time and wait for files: the async workers serve clients.
    async fn aside<T: Send + 'static>(
        self: &Arc<Self>,
        events: &Arc<[Event]>,
        work: impl FnOnce(&Self, &[Event]) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let (market, events) = (Arc::clone(self), Arc::clone(events));
        let done = tokio::task::spawn_blocking(move || work(&market, &events)).await;
        done.map_err(|error| Error::Task(error.to_string()))
    }

    /// What is stored of events.
    fn batch(&self, events: &[Event]) -> Batch {
        let bars: Vec<Bar> = events.iter().filter_map(Event::bar).cloned().collect();
        let instruments = self.unknown_of(&bars);
        let marks = clock::mark(bars.iter(), self.now()).into_iter().collect();
        Batch { instruments, bars, marks, source: None }
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
            state.board.apply(event, position);
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
        let mut writing = self.writer.lock().await;
        let stored = clock::stored(&*self.store).await?;
        let bars = self.unstored_bars(stored)?;
        if !bars.is_empty() {
            tracing::info!(bars = bars.len(), "bars of the log's tail are stored again");
            let instruments = instruments_of(bars.iter());
            let marks = clock::mark(bars.iter(), stored).into_iter().collect();
            self.store.write(&Batch { bars, instruments, marks, ..Batch::default() }).await?;
        }
        let instruments = self.store.instruments().await?;
        writing.unfolded.extend(instruments.iter().map(|instrument| instrument.symbol.clone()));
        self.write().instruments = instruments.into_iter().map(|i| (i.symbol.clone(), i)).collect();
        self.fold(&mut writing.unfolded).await
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

    /// The bars that wait behind the clock, to be replayed again.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn hidden(&self) -> Result<Vec<Bar>, Error> {
        let clock = clock::stored(&*self.store).await?.unwrap_or(Timestamp::MIN);
        Ok(self.store.closing_after(clock).await?)
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tickmesh_fanout::log::{Log, LogConfig};
    use tickmesh_proto::types::TimeFrame;

    use super::*;
    use crate::bar::Series;
    use crate::bar::tests::candle;
    use crate::config::FeedKind;
    use crate::grpc::PROTOBUF;
    use crate::market::Feed;
    use crate::store::{Answer, Page, Query, SliceQuery, Store, StoreError, Written};

    /// Keeps what is written, once it has refused as often as it is told to.
    #[derive(Default)]
    struct Flaky {
        refusals: Mutex<u32>,
        batches: Mutex<Vec<Batch>>,
        /// How many pages were read.
        pages: Mutex<u32>,
    }

    impl Store for Flaky {
        fn instruments(&self) -> Answer<'_, Vec<Instrument>> {
            let batches = self.batches.lock().unwrap();
            let instruments = batches.iter().flat_map(|batch| batch.instruments.clone()).collect();
            Box::pin(async { Ok(instruments) })
        }

        fn write<'a>(&'a self, batch: &'a Batch) -> Answer<'a, Written> {
            let mut refusals = self.refusals.lock().unwrap();
            let refused = *refusals > 0;
            *refusals = refusals.saturating_sub(1);
            if !refused {
                self.batches.lock().unwrap().push(batch.clone());
            }
            Box::pin(async move {
                if refused { Err(StoreError::Instrument("a refusal".into())) } else { Ok(Written::default()) }
            })
        }

        fn page<'a>(&'a self, _: &'a Query) -> Answer<'a, Page> {
            *self.pages.lock().unwrap() += 1;
            Box::pin(async { Ok(Page::default()) })
        }

        fn slice<'a>(&'a self, _: &'a SliceQuery) -> Answer<'a, Vec<Bar>> {
            Box::pin(async { Ok(Vec::new()) })
        }

        fn newest_close(&self, _: Timestamp) -> Answer<'_, Option<Timestamp>> {
            Box::pin(async { Ok(None) })
        }

        fn closing_after(&self, _: Timestamp) -> Answer<'_, Vec<Bar>> {
            Box::pin(async { Ok(Vec::new()) })
        }

        fn mark(&self, mark: Mark) -> Answer<'_, Option<String>> {
            let batches = self.batches.lock().unwrap();
            let marks = batches.iter().rev().flat_map(|batch| &batch.marks);
            let value = marks.into_iter().find(|(name, _)| *name == mark).map(|(_, value)| value.clone());
            Box::pin(async { Ok(value) })
        }
    }

    fn market(store: &Arc<Flaky>) -> Arc<Market> {
        let log = Log::memory(LogConfig::default());
        Arc::new(Market::new(Arc::clone(store) as _, log, &PROTOBUF, Feed::waiting(FeedKind::Replay, None)))
    }

    fn session(open: i64) -> Arc<[Event]> {
        let series = Series { symbol: "AAPL".try_into().unwrap(), time_frame: TimeFrame::D1 };
        [Event::closed(Bar { series, candle: candle(open, 5, 10.0) })].into()
    }

    fn times(market: &Market) -> Vec<i64> {
        market.log.events_after(market.log.oldest()).map(|event| event.event_time.nanos()).collect()
    }

    #[tokio::test]
    async fn events_given_again_after_a_refusal_are_in_the_log_once() {
        let store = Arc::new(Flaky { refusals: Mutex::new(2), ..Flaky::default() });
        let market = market(&store);
        let received = Timestamp::from_nanos(0);
        for _ in 0..2 {
            market.publish(&session(0), received).await.unwrap_err();
            assert_eq!((times(&market), market.now()), (vec![], None), "nothing is visible");
        }
        market.publish(&session(0), received).await.unwrap();
        market.publish(&session(10), received).await.unwrap();
        assert_eq!(times(&market), [5, 15]);
        assert_eq!(store.batches.lock().unwrap().len(), 2);
    }

    #[tokio::test]
    async fn an_import_of_many_batches_reads_a_history_once() {
        let store = Arc::new(Flaky::default());
        let market = market(&store);
        for open in 0..20 {
            let bars = session(open * 10).iter().filter_map(Event::bar).cloned().collect();
            market.import(bars, "test", Vec::new()).await.unwrap();
        }
        assert!(market.knows("AAPL"));
        for _ in 0..2 {
            market.refold().await.unwrap();
            assert_eq!((*store.pages.lock().unwrap(), market.now().unwrap().nanos()), (1, 195));
        }
    }

    #[tokio::test]
    async fn recovery_stores_the_instrument_of_a_bar_that_a_crash_kept_from_the_store() {
        let store = Arc::new(Flaky::default());
        let market = market(&store);
        let position = market.append(&session(0), Timestamp::from_nanos(0)).unwrap();
        market.log.publish(position);
        market.recover().await.unwrap();
        assert!(market.knows("AAPL"));
        assert_eq!(store.batches.lock().unwrap()[0].bars.len(), 1);
    }
}
