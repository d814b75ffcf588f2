use std::collections::BTreeSet;

use tickmesh_proto::types::{Symbol, TimeFrame, Timestamp};

use super::{Market, clock};
use crate::bar::Series;
use crate::error::Error;
use crate::snapshot::Entry;
use crate::store::{Query, Span};

/// Bars read at a time when the board is filled.
const PAGE: usize = 5_000;

impl Market {
    /// Shows the daily bars that were [imported](Self::import) since the last time: each symbol's history is read once,
    /// however many batches it came in.
    ///
    /// # Errors
    /// If the store cannot be read; what is left is shown by the next call.
    pub async fn refold(&self) -> Result<(), Error> {
        let mut writing = self.writer.lock().await;
        self.fold(&mut writing.unfolded).await
    }

    /// Brings the board up to the store for some symbols, one after the other, and then the clock.
    pub(super) async fn fold(&self, symbols: &mut BTreeSet<Symbol>) -> Result<(), Error> {
        if symbols.is_empty() {
            return Ok(());
        }
        let clock = clock::stored(&*self.store).await?;
        while let Some(symbol) = symbols.first() {
            let entry = self.folded(symbol, clock).await?;
            self.write().board.entry(symbol).refold(entry);
            symbols.pop_first();
        }
        let feed = &mut self.write().feed;
        feed.market_time = feed.market_time.max(clock);
        Ok(())
    }

    /// What the stored daily bars of a symbol make of it.
    async fn folded(&self, symbol: &Symbol, clock: Option<Timestamp>) -> Result<Entry, Error> {
        let mut entry = Entry::default();
        let Some(clock) = clock else { return Ok(entry) };
        let series = Series { symbol: symbol.clone(), time_frame: TimeFrame::D1 };
        let mut query = Query { series, span: Span::all(clock), descending: false, after: None, limit: PAGE };
        loop {
            let page = self.store.page(&query).await?;
            page.candles.iter().for_each(|candle| entry.close(candle));
            query.after = page.candles.last().map(|candle| candle.open_time);
            if !page.more {
                return Ok(entry);
            }
        }
    }
}
