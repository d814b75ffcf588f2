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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::BoxFuture;
    use tickmesh_mesh::status::Fault;
    use tickmesh_proto::types::{Calendar, Timestamp};

    use super::*;
    use crate::forecast::Rules;
    use crate::live::{Archive, Engine, LiveBar};
    use crate::testing;

    /// Twelve bars of one symbol, and how often they were asked for.
    #[derive(Default)]
    struct Twelve {
        asked: AtomicUsize,
        /// Questions that fail first.
        refusals: usize,
    }

    impl Market for Twelve {
        fn listed(&self) -> BoxFuture<'_, Result<Vec<Listed>, Fault>> {
            let one = Listed { symbol: testing::symbol("S0"), calendar: Calendar::NewYork, daily_bars: 12 };
            Box::pin(async { Ok(vec![one]) })
        }

        fn replay_start(&self) -> BoxFuture<'_, Result<Option<Timestamp>, Fault>> {
            Box::pin(async { Ok(None) })
        }

        fn history<'a>(&'a self, _: &'a Symbol) -> BoxFuture<'a, Result<Vec<DailyBar>, Fault>> {
            let is_refused = self.asked.fetch_add(1, Ordering::Relaxed) < self.refusals;
            let lost = || Fault::unavailable("CONNECTION_LOST", "it restarts", Duration::ZERO);
            Box::pin(async move { if is_refused { Err(lost()) } else { Ok(testing::walk(1, 12)) } })
        }
    }

    /// How many looks ask for the history, and how many bars each of them tells, where the live loop has bars `from` to
    /// before `to` and takes in nothing.
    async fn looks(market: Twelve, from: usize, to: usize, looks: usize) -> (usize, Vec<usize>) {
        let (market, shared) = (Arc::new(market), Arc::new(Shared::default()));
        let mut engine = Engine::new(Rules::default(), Vec::new(), Archive::default());
        let bar = |bar: &DailyBar| LiveBar { symbol: testing::symbol("S0"), bar: *bar };
        engine.take(testing::walk(1, 12)[from..to].iter().map(bar).collect(), "");
        shared.board.store(Arc::new(engine.board()));
        shared.loaded.send_replace(true);
        let (events, mut told) = mpsc::channel(64);
        let mut listing = Listing::new(Arc::clone(&market) as Arc<dyn Market>, shared, events);
        for _ in 0..looks {
            assert!(listing.look().await.unwrap());
        }
        drop(listing);
        let mut imported = Vec::new();
        while let Some(event) = told.recv().await {
            if let FeedEvent::Imported { bars, .. } = event {
                imported.push(bars.len());
            }
        }
        (market.asked.load(Ordering::Relaxed), imported)
    }

    #[tokio::test]
    async fn bars_that_do_not_come_by_the_next_look_are_asked_for() {
        assert_eq!(looks(Twelve::default(), 0, 12, 5).await, (0, vec![]), "nothing is missing");
        assert_eq!(looks(Twelve::default(), 0, 10, 1).await, (0, vec![]), "they may be on their way");
        assert_eq!(looks(Twelve::default(), 0, 10, 2).await, (1, vec![2]));
    }

    #[tokio::test]
    async fn older_bars_are_asked_for_once() {
        assert_eq!(looks(Twelve::default(), 2, 12, 9).await, (1, vec![]));
    }

    #[tokio::test]
    async fn a_question_that_is_lost_is_asked_again() {
        assert_eq!(looks(Twelve { refusals: 2, ..Twelve::default() }, 0, 10, 4).await, (3, vec![2]));
    }
}
