//! The market's instruments as they change, and bars that are listed and were never streamed: those of an import.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tickmesh_mesh::client::Backoff;
use tickmesh_proto::types::Symbol;
use tokio::sync::mpsc;

use crate::feed::{FeedEvent, Listed, Market};
use crate::history::DailyBar;
use crate::shared::Shared;

/// Pause between two looks at the instruments.
const LOOK: Duration = Duration::from_secs(2);

/// The live loop is gone: nobody wants to hear more.
#[derive(Debug)]
pub struct Unheard;

/// Looks at the market's instruments every other second, and tells the live loop what is new.
///
/// A symbol of which the market lists more bars than the live loop has is [short](Short): either the next bar
/// is on its way through the stream, or an import has brought it and it never comes that way. What has not come
/// by the next look is asked for.
pub struct Listing {
    market: Arc<dyn Market>,
    shared: Arc<Shared>,
    events: mpsc::Sender<FeedEvent>,
    told: Vec<Listed>,
    short: HashMap<Symbol, Short>,
}

/// How short a symbol was of bars at the last look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Short {
    known: usize,
    listed: u64,
    /// None of those that are missing is newer than what is known. Older ones come with the history of the next start.
    are_older: bool,
}

impl Listing {
    /// Before the first look.
    #[must_use]
    pub fn new(market: Arc<dyn Market>, shared: Arc<Shared>, events: mpsc::Sender<FeedEvent>) -> Self {
        Self { market, shared, events, told: Vec::new(), short: HashMap::new() }
    }

    /// Looks until it has seen the instruments once. What follows from a bar depends on its symbol's calendar, so
    /// this comes before the first bar.
    ///
    /// # Errors
    /// If nobody hears it.
    pub async fn begin(&mut self, mut pause: Backoff) -> Result<(), Unheard> {
        let mut is_lost = false;
        while !self.look().await? {
            if !std::mem::replace(&mut is_lost, true) {
                self.tell(FeedEvent::Lost).await?;
            }
            pause.wait().await;
        }
        Ok(())
    }

    /// Looks again and again.
    ///
    /// # Errors
    /// If nobody hears it.
    pub async fn follow(&mut self) -> Result<(), Unheard> {
        loop {
            tokio::time::sleep(LOOK).await;
            self.look().await?;
        }
    }

    /// Looks once; says whether the market has answered.
    async fn look(&mut self) -> Result<bool, Unheard> {
        let listed = match self.market.listed().await {
            Ok(listed) => listed,
            Err(fault) => {
                tracing::debug!(%fault, "cannot list the market's instruments");
                return Ok(false);
            }
        };
        if self.told != listed {
            self.told.clone_from(&listed);
            self.tell(FeedEvent::Listed(listed.clone())).await?;
        }
        for one in &listed {
            self.complete(one).await?;
        }
        Ok(true)
    }

    /// Asks for the bars of a symbol that is as short as it was at the last look.
    async fn complete(&mut self, listed: &Listed) -> Result<(), Unheard> {
        let Some(short) = self.short_of(listed) else {
            self.short.remove(&listed.symbol);
            return Ok(());
        };
        let before = self.short.insert(listed.symbol.clone(), short);
        let is_same = before.is_some_and(|before| Short { are_older: false, ..before } == short);
        if !is_same {
            return Ok(());
        }
        let are_older = before.is_some_and(|before| before.are_older) || !self.ask(&listed.symbol).await?;
        self.short.insert(listed.symbol.clone(), Short { are_older, ..short });
        Ok(())
    }

    fn short_of(&self, listed: &Listed) -> Option<Short> {
        // Until the history is in, every symbol is short of what comes by itself.
        let is_loaded = *self.shared.loaded.borrow();
        let known = self.shared.board.load().symbols.get(&listed.symbol).map_or(0, |standing| standing.bars());
        let is_short = is_loaded && (known as u64) < listed.daily_bars;
        is_short.then_some(Short { known, listed: listed.daily_bars, are_older: false })
    }

    /// Asks for a symbol's history and tells what is newer than the newest known bar; says
    /// whether anything is, or may be.
    async fn ask(&self, symbol: &Symbol) -> Result<bool, Unheard> {
        let mut bars = match self.market.history(symbol).await {
            Ok(bars) => bars,
            Err(fault) => {
                tracing::debug!(%fault, %symbol, "cannot ask for bars that the stream has not brought");
                return Ok(true);
            }
        };
        let newest = self.newest(symbol);
        bars.retain(|bar| newest.is_none_or(|newest| bar.time() > newest.time()));
        if bars.is_empty() {
            return Ok(false);
        }
        self.tell(FeedEvent::Imported { symbol: symbol.clone(), bars }).await.map(|()| true)
    }

    fn newest(&self, symbol: &Symbol) -> Option<DailyBar> {
        self.shared.board.load().symbols.get(symbol)?.newest.as_ref().map(|newest| newest.bar)
    }

    async fn tell(&self, event: FeedEvent) -> Result<(), Unheard> {
        self.events.send(event).await.map_err(|_| Unheard)
    }
}
