//! What the live loop writes and everybody reads.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tickmesh_mesh::status::{Fault, unknown_symbol};
use tickmesh_proto::types::{Symbol, Timestamp};
use tokio::sync::watch;

use crate::feed::{FeedPhase, Listed};
use crate::live::{Board, Standing};

/// The newest view of everything. Readers take it whole and wait for nobody.
#[derive(Debug, Default)]
pub struct Shared {
    /// All symbols with bars.
    pub board: ArcSwap<Board>,
    /// The instruments that the market lists.
    pub listed: ArcSwap<Vec<Listed>>,
    /// The run whose forecasts are served; empty before the market's stream was joined.
    pub run: ArcSwap<String>,
    /// What the market's feed is doing.
    pub feed: ArcSwap<FeedPhase>,
    /// Whether the market's history is in.
    pub loaded: watch::Sender<bool>,
}

impl Shared {
    /// One symbol's standing.
    ///
    /// # Errors
    /// NOT_FOUND, reason SYMBOL_UNKNOWN, when there is no such symbol; UNAVAILABLE when its bars have not come yet.
    pub fn standing(&self, symbol: &str) -> Result<Arc<Standing>, Fault> {
        match self.board.load().symbols.get(symbol) {
            Some(standing) => Ok(Arc::clone(standing)),
            None => Err(self.missing(symbol)),
        }
    }

    /// The standings of these symbols in their order, or of all that have bars.
    ///
    /// # Errors
    /// As [`Shared::standing`].
    pub fn standings(&self, symbols: Option<&[Symbol]>) -> Result<Vec<Arc<Standing>>, Fault> {
        match symbols {
            Some(symbols) => symbols.iter().map(|symbol| self.standing(symbol.as_str())).collect(),
            None => Ok(self.board.load().symbols.values().map(Arc::clone).collect()),
        }
    }

    /// The market clock: the later of what the feed says and the newest close, since heartbeats come after the bars.
    ///
    /// # Errors
    /// UNAVAILABLE, reason NO_BARS_YET, before the first bar: then nobody knows what time it is.
    pub fn clock(&self) -> Result<Timestamp, Fault> {
        self.board.load().clock.ok_or_else(|| no_bars_yet("bars have"))
    }

    /// Waits until the market's history is in.
    pub async fn until_loaded(&self) {
        // The sender is a field of ours: it is there as long as we are.
        drop(self.loaded.subscribe().wait_for(|loaded| *loaded).await);
    }

    /// Whether bars of a symbol have come or will.
    #[must_use]
    pub fn knows(&self, symbol: &str) -> bool {
        self.board.load().symbols.contains_key(symbol) || self.lists(symbol)
    }

    /// All symbols, with bars or listed, in ascending order.
    #[must_use]
    pub fn symbols(&self) -> Vec<Symbol> {
        let listed = self.listed.load();
        let board = self.board.load();
        let all: std::collections::BTreeSet<&Symbol> =
            board.symbols.keys().chain(listed.iter().map(|listed| &listed.symbol)).collect();
        all.into_iter().cloned().collect()
    }

    fn lists(&self, symbol: &str) -> bool {
        self.listed.load().iter().any(|listed| listed.symbol.as_str() == symbol)
    }

    /// A market that has told of no symbol may not have been heard yet: that is no reason to say that there is none.
    fn missing(&self, symbol: &str) -> Fault {
        let symbols = self.symbols();
        if !symbols.is_empty() && !self.lists(symbol) {
            return unknown_symbol(symbol, &symbols);
        }
        no_bars_yet(&format!("the bars of {symbol} have"))
    }
}

/// What cannot be answered before bars have come.
fn no_bars_yet(which: &str) -> Fault {
    Fault::unavailable("NO_BARS_YET", format!("{which} not arrived from market-svc yet"), Duration::from_secs(1))
}

#[cfg(test)]
mod tests {
    use tickmesh_mesh::status::Code;
    use tickmesh_proto::types::Calendar;

    use super::*;
    use crate::testing;

    #[test]
    fn an_unknown_symbol_is_answered_with_the_known_ones_and_the_way_to_import() {
        let shared = Shared::default();
        let listed = |symbol| Listed { symbol: testing::symbol(symbol), calendar: Calendar::NewYork, daily_bars: 9 };
        shared.listed.store(Arc::new(vec![listed("AAPL"), listed("NVDA")]));
        let fault = shared.standing("ZZZZ").unwrap_err();
        assert_eq!((fault.code(), fault.reason()), (Code::NotFound, "SYMBOL_UNKNOWN"));
        assert!(fault.message().contains("AAPL, NVDA") && fault.message().contains("tickmesh import"), "{fault}");
        assert_eq!(shared.standing("AAPL").unwrap_err().reason(), "NO_BARS_YET");
        let unheard = Shared::default();
        assert_eq!(unheard.standing("ZZZZ").unwrap_err().reason(), "NO_BARS_YET", "the market may have it");
    }
}
