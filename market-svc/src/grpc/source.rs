use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt as _};
use tickmesh_fanout::Fault;
use tickmesh_fanout::topic::{Feed, HistoryQuery, Joined, Page, Source, Symbols, View, Wanted};
use tickmesh_proto::types::{Symbol, TimeFrame, Timestamp};

use super::render;
use crate::bar::{Bar, Series};
use crate::event::{Event, What};
use crate::market::{Market, Newest};
use crate::snapshot::Entry;
use crate::store::{SliceQuery, Span};

/// Bars in a page of history: about 40 KiB. With the bars that they are made of and the message before them that is still
/// leaving, a stream holds less than 256 KiB.
const PAGE_BARS: usize = 400;

/// What the streams of ticks and bars ask of the market.
pub(super) struct MarketSource(pub(super) Arc<Market>);

impl Source for MarketSource {
    fn knows(&self, symbol: &Symbol) -> bool {
        self.0.knows(symbol.as_str())
    }

    fn feed(&self) -> Feed {
        let feed = self.0.feed();
        Feed { state: render::state(feed.state), market_time: feed.market_time }
    }

    /// From the board, which knows the newest values of all instruments, also of those whose last event has left the log.
    fn snapshot<'a>(&'a self, wanted: &'a Wanted) -> BoxFuture<'a, Result<Joined, Fault>> {
        let newest = self.0.newest(|symbol| wanted.symbols.contains(symbol));
        Box::pin(async { Ok(self.join_newest(newest, wanted)) })
    }

    fn history<'a>(&'a self, query: &'a HistoryQuery) -> Option<BoxFuture<'a, Result<Joined, Fault>>> {
        let joined = self.join_history(query);
        Some(Box::pin(async { Ok(joined) }))
    }
}

impl MarketSource {
    fn join_newest(&self, newest: Newest, wanted: &Wanted) -> Joined {
        let Newest { position, clock, entries } = newest;
        let wire = self.0.wire();
        let (view, filter) = (wanted.view, wanted.filter);
        let events = entries.into_iter().flat_map(|(symbol, entry)| events_of(&symbol, &entry));
        let selected = events.filter(move |event| view == View::Body || selects_bar(event, filter.time_frame));
        let pages = stream::iter(Pages::new(selected.map(move |event| match (view, event.bar()) {
            (View::Inner, Some(bar)) => wire.encode_bar(bar),
            _ => wire.encode(&event, None).body,
        })));
        Joined { position, through: clock, pages: pages.map(Ok).boxed() }
    }

    fn join_history(&self, query: &HistoryQuery) -> Joined {
        let (position, clock) = self.0.place();
        let wanted = &query.wanted;
        let symbols = match &wanted.symbols {
            Symbols::All => None,
            Symbols::Listed(symbols) => Some(symbols.iter().cloned().collect()),
        };
        let time_frame = wanted.filter.time_frame.and_then(|code| TimeFrame::from_code(code).ok());
        let span = Span { start: query.start, end: Timestamp::MAX, known_at: clock.unwrap_or(Timestamp::MIN) };
        let time_frame = time_frame.unwrap_or(TimeFrame::D1);
        let slices = SliceQuery { symbols, time_frame, span, after: None, limit: PAGE_BARS };
        let reading = Reading { market: Arc::clone(&self.0), next: Some(slices), after: query.after };
        Joined { position, through: clock, pages: stream::unfold(reading, Reading::page).boxed() }
    }
}

/// The events that make up what is newest: trade, quote and daily bar.
fn events_of(symbol: &Symbol, entry: &Entry) -> Vec<Event> {
    let at = |time, what| Event { symbol: symbol.clone(), time, what };
    let bar =
        |candle| Event::closed(Bar { series: Series { symbol: symbol.clone(), time_frame: TimeFrame::D1 }, candle });
    let trade = entry.trade().map(|(trade, time)| at(time, What::Trade(trade)));
    let quote = entry.quote().map(|(quote, time)| at(time, What::Quote(quote)));
    [entry.day().copied().map(bar), quote, trade].into_iter().flatten().collect()
}

fn selects_bar(event: &Event, time_frame: Option<u8>) -> bool {
    event.bar().is_some_and(|bar| time_frame.is_none_or(|code| code == bar.series.time_frame.code()))
}

/// Encoded events, packed into pages as they are pulled.
struct Pages<I>(I);

impl<I: Iterator<Item = Vec<u8>>> Pages<I> {
    fn new(events: I) -> Self {
        Self(events)
    }
}

impl<I: Iterator<Item = Vec<u8>>> Iterator for Pages<I> {
    type Item = Page;

    fn next(&mut self) -> Option<Page> {
        let mut page = Page::new();
        while !page.is_full() {
            let Some(event) = self.0.next() else { break };
            page.push(&event);
        }
        (!page.is_empty()).then_some(page)
    }
}

/// History on its way: a page at a time, read and encoded when the client has taken the one before. Besides the page a
/// stream holds the bars that it is made of, and only while it is made.
struct Reading {
    market: Arc<Market>,
    /// What to read next; `None` when all is read.
    next: Option<SliceQuery>,
    after: Option<Timestamp>,
}

impl Reading {
    async fn page(mut self) -> Option<(Result<Page, Fault>, Self)> {
        let mut query = self.next.take()?;
        match self.market.slice(&query).await {
            Ok(bars) if bars.is_empty() => None,
            Ok(bars) => {
                query.go_on_after(&bars);
                self.next = Some(query);
                Some((Ok(self.pack(&bars)), self))
            }
            Err(error) => Some((Err(error.into()), self)),
        }
    }

    fn pack(&self, bars: &[Bar]) -> Page {
        let mut page = Page::new();
        for bar in bars.iter().filter(|bar| self.after.is_none_or(|after| bar.candle.close_time > after)) {
            page.push(&self.market.wire().encode_bar(bar));
        }
        page
    }
}

#[cfg(test)]
mod tests {
    use tickmesh_fanout::log::{Log, LogConfig};
    use tickmesh_fanout::topic::Filter;

    use super::*;
    use crate::bar::Draft;
    use crate::bar::tests::candle;
    use crate::config::FeedKind;
    use crate::grpc::PROTOBUF;
    use crate::market::{self, Wire as _};
    use crate::store::in_memory;

    /// What a server may hold for one stream alone.
    const BOUND: usize = 256 * 1024;
    /// A message that has left the stream and not the server.
    const LEAVING: usize = 64 * 1024;
    const SYMBOLS: usize = 1_000;
    const DAYS: usize = 5;
    const DAY: i64 = 86_400_000_000_000;

    /// Bars as large as they come: the longest symbols, and every optional figure.
    fn bars() -> impl Iterator<Item = Bar> {
        (0..DAYS * SYMBOLS).map(|n| {
            let symbol = format!("S{:023}:XNAS", n % SYMBOLS).as_str().try_into().unwrap();
            let plain = *candle((18_626 + (n / SYMBOLS) as i64) * DAY, DAY / 4 + 1, 100.0);
            let (vwap, trade_count, adjustment_factor) = (Some(99.0), Some(u64::MAX), Some(0.1));
            let draft = Draft { vwap, trade_count, adjustment_factor, ..plain };
            Bar { series: Series { symbol, time_frame: TimeFrame::D1 }, candle: draft.check().unwrap() }
        })
    }

    async fn source() -> MarketSource {
        let feed = market::Feed::waiting(FeedKind::None, None);
        let market = Market::new(Arc::new(in_memory().await), Log::memory(LogConfig::default()), &PROTOBUF, feed);
        market.import(bars().collect(), "test", Vec::new()).await.unwrap();
        market.refold().await.unwrap();
        MarketSource(Arc::new(market))
    }

    #[tokio::test]
    async fn a_stream_of_the_history_of_a_thousand_symbols_holds_little() {
        let source = source().await;
        let wanted = Wanted { symbols: Symbols::All, filter: Filter::default(), view: View::Inner };
        let query = HistoryQuery { wanted, start: Timestamp::MIN, after: None };
        let bar = bars().map(|bar| size_of::<Bar>() + bar.series.symbol.as_str().len() + 16).max().unwrap();
        let encoded = bars().map(|bar| PROTOBUF.encode_bar(&bar).len() + 8).max().unwrap();
        let mut pages = source.history(&query).unwrap().await.unwrap().pages;
        let mut seen = 0;
        while let Some(page) = pages.next().await {
            let page = page.unwrap();
            seen += page.len();
            // A vector that grows takes up to twice what it holds.
            let held = page.len() * bar + (page.len() * encoded).next_power_of_two() + LEAVING;
            assert!(held <= BOUND, "{held} bytes");
        }
        assert_eq!(seen, DAYS * SYMBOLS);
    }
}
