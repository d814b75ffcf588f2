use std::collections::BTreeSet;

use tickmesh_proto::types::{Symbol, TimeFrame, Timestamp};

use super::{Market, clock};
use crate::bar::Bar;
use crate::config::FeedKind;
use crate::error::Error;
use crate::instrument::Instrument;
use crate::store::{Batch, Mark, Written};

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Bars that were new, different or the same.
    pub bars: Written,
    /// Symbols that did not exist before.
    pub created: BTreeSet<Symbol>,
}

/// A bar closes later than anybody can know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Past the market clock, which no replay lets anybody see.
    #[error("must not be after the market clock, {}: in a replay nothing is known before it is replayed", stands(.0))]
    BeyondMarket(Option<Timestamp>),
    /// Past the wall clock: it would take the market clock with it for ever.
    #[error("must not be after the present, {0}")]
    BeyondPresent(Timestamp),
}

fn stands(clock: &Option<Timestamp>) -> String {
    clock.map_or_else(|| "which stands before its first bar".to_owned(), |clock| clock.to_string())
}

impl Market {
    /// Whether a bar that closes then may be imported at `present` on the wall clock.
    ///
    /// # Errors
    /// If the feed owns the clock and has not come so far, or there is none and the present has not.
    pub fn admits(&self, close_time: Timestamp, present: Timestamp) -> Result<(), Refused> {
        let state = self.read();
        let (clock, refused) = match (state.feed.kind, state.feed.market_time) {
            (FeedKind::None, _) => (Some(present), Refused::BeyondPresent(present)),
            (FeedKind::Replay | FeedKind::Synthetic, clock) => (clock, Refused::BeyondMarket(clock)),
        };
        if clock.is_some_and(|clock| close_time <= clock) { Ok(()) } else { Err(refused) }
    }

    /// Stores bars that are no live events: history. Unknown instruments are created. All is stored when this returns;
    /// [`refold`](Self::refold) shows it, once after the last batch.
    ///
    /// # Errors
    /// If the store cannot be written; nothing of the batch is stored then.
    pub async fn import(
        &self,
        bars: Vec<Bar>,
        source: &str,
        mut marks: Vec<(Mark, String)>,
    ) -> Result<Imported, Error> {
        let mut writing = self.writer.lock().await;
        // The stored one too: an import may come before recovery has read it.
        let clock = clock::stored(&*self.store).await?.max(self.now());
        marks.extend(clock::mark(bars.iter(), clock));
        let instruments = instruments_of(bars.iter());
        let created = instruments.iter().filter(|i| !self.knows(i.symbol.as_str())).map(|i| i.symbol.clone()).collect();
        let batch = Batch { instruments, bars, source: Some(source.to_owned()), marks };
        let bars = self.store.write(&batch).await?;
        let daily = batch.bars.iter().filter(|bar| bar.series.time_frame == TimeFrame::D1);
        writing.unfolded.extend(daily.map(|bar| bar.series.symbol.clone()));
        let known = &mut self.write().instruments;
        for instrument in batch.instruments {
            known.entry(instrument.symbol.clone()).or_insert(instrument);
        }
        Ok(Imported { bars, created })
    }
}

pub(super) fn instruments_of<'a>(bars: impl Iterator<Item = &'a Bar>) -> Vec<Instrument> {
    let symbols: BTreeSet<&Symbol> = bars.map(|bar| &bar.series.symbol).collect();
    symbols.into_iter().map(Instrument::of).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tickmesh_fanout::log::{Log, LogConfig};

    use super::*;
    use crate::bar::Series;
    use crate::bar::tests::candle;
    use crate::grpc::PROTOBUF;
    use crate::market::Feed;
    use crate::store::{SqliteStore, in_memory};

    fn market(store: &SqliteStore) -> Market {
        let feed = Feed::waiting(FeedKind::None, None);
        Market::new(Arc::new(store.clone()), Log::memory(LogConfig::default()), &PROTOBUF, feed)
    }

    fn bar(open: i64) -> Bar {
        let series = Series { symbol: "AAPL".try_into().unwrap(), time_frame: TimeFrame::D1 };
        Bar { series, candle: candle(open, 5, 10.0) }
    }

    #[tokio::test]
    async fn an_import_before_recovery_does_not_set_the_clock_back() {
        let store = in_memory().await;
        market(&store).import(vec![bar(10)], "test", Vec::new()).await.unwrap();
        let market = market(&store);
        market.import(vec![bar(0)], "test", Vec::new()).await.unwrap();
        market.recover().await.unwrap();
        assert_eq!(market.now(), Some(Timestamp::from_nanos(15)));
    }
}
