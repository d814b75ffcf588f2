use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt as _};
use tickmesh_fanout::Fault;
use tickmesh_fanout::log::Position;
use tickmesh_fanout::topic::{Feed, HistoryQuery, Joined, Page, Source, Symbols, View, Wanted};
use tickmesh_proto::types::{Symbol, TimeFrame, Timestamp};

use super::render;
use crate::bar::Bar;
use crate::event::Event;
use crate::market::Market;
use crate::store::{SliceQuery, Span};

/// Bars in a page of history: about 40 KiB. With the bars that they are made of and the message before them that is
/// still leaving, a stream holds less than 256 KiB.
const PAGE_BARS: usize = 400;

/// Symbols in a page of the board: about 45 KiB of events, and less when encoded.
const PAGE_SYMBOLS: usize = 100;

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

    /// From the board, which knows the newest values of all instruments, also of those whose last event has left the
    /// log.
    fn snapshot<'a>(&'a self, wanted: &'a Wanted) -> BoxFuture<'a, Result<Joined, Fault>> {
        Box::pin(async { Ok(self.join_newest(wanted)) })
    }

    fn history<'a>(&'a self, query: &'a HistoryQuery) -> Option<BoxFuture<'a, Result<Joined, Fault>>> {
        let joined = self.join_history(query);
        Some(Box::pin(async { Ok(joined) }))
    }
}

impl MarketSource {
    fn join_newest(&self, wanted: &Wanted) -> Joined {
        let (position, through) = self.0.place();
        let board = Newest { market: Arc::clone(&self.0), wanted: wanted.clone(), position, last: None };
        Joined { position, through, pages: stream::iter(board.map(Ok)).boxed() }
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

/// The board on its way: some symbols at a time, encoded when the client has taken those before. What has come after
/// the stream's place is left out: it follows after the snapshot, and so nothing need be kept.
struct Newest {
    market: Arc<Market>,
    wanted: Wanted,
    position: Position,
    /// The last symbol that was read.
    last: Option<Symbol>,
}

impl Iterator for Newest {
    type Item = Page;

    fn next(&mut self) -> Option<Page> {
        let Self { market, wanted, position, last } = self;
        loop {
            let events =
                market.newest(last.as_ref(), PAGE_SYMBOLS, *position, |symbol| wanted.symbols.contains(symbol));
            *last = Some(events.last()?.symbol.clone());
            let mut page = Page::new();
            events.iter().filter_map(|event| encoded(market, wanted, event)).for_each(|event| page.push(&event));
            if !page.is_empty() {
                return Some(page);
            }
        }
    }
}

/// What a topic sends of an event, if it selects it.
fn encoded(market: &Market, wanted: &Wanted, event: &Event) -> Option<Vec<u8>> {
    match (wanted.view, event.bar()) {
        (View::Body, _) => Some(market.wire().encode(event, None).body),
        (View::Inner, Some(bar)) => {
            let selects = wanted.filter.time_frame.is_none_or(|code| code == bar.series.time_frame.code());
            selects.then(|| market.wire().encode_bar(bar))
        }
        (View::Inner, None) => None,
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
    use crate::bar::tests::candle;
    use crate::bar::{Draft, Series};
    use crate::config::FeedKind;
    use crate::event::{Trade, What};
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
        let source = empty().await;
        source.0.import(bars().collect(), "test", Vec::new()).await.unwrap();
        source.0.refold().await.unwrap();
        source
    }

    async fn empty() -> MarketSource {
        let feed = market::Feed::waiting(FeedKind::None, None);
        let log = Log::memory(LogConfig::default());
        MarketSource(Arc::new(Market::new(Arc::new(in_memory().await), log, &PROTOBUF, feed)))
    }

    fn all(view: View) -> Wanted {
        Wanted { symbols: Symbols::All, filter: Filter::default(), view }
    }

    /// Publishes a trade and a bar of each symbol of [`bars`].
    async fn trade(source: &MarketSource, day: i64) {
        let bars = bars().take(SYMBOLS).map(|bar| {
            let candle = candle((18_700 + day) * DAY, DAY / 4, 100.0 + day as f64);
            Bar { candle, ..bar }
        });
        let events = bars.flat_map(|bar| {
            let (symbol, time) = (bar.series.symbol.clone(), bar.candle.open_time);
            let what = What::Trade(Trade { price: bar.candle.close, size: 1.0 });
            [Event { symbol, time, what }, Event::closed(bar)]
        });
        source.0.publish(&events.collect(), Timestamp::from_nanos(0)).await.unwrap();
    }

    async fn sizes(mut joined: Joined) -> Vec<usize> {
        let mut sizes = Vec::new();
        while let Some(page) = joined.pages.next().await {
            sizes.push(page.unwrap().len());
        }
        sizes
    }

    #[tokio::test]
    async fn a_stream_of_what_is_newest_of_a_thousand_symbols_holds_little() {
        let source = source().await;
        trade(&source, 0).await;
        let sizes = sizes(source.snapshot(&all(View::Body)).await.unwrap()).await;
        assert_eq!(sizes.iter().sum::<usize>(), 2 * SYMBOLS);
        let encoded = 300;
        for size in sizes {
            let held = size * (size_of::<Event>() + 40) + (size * encoded).next_power_of_two() + LEAVING;
            assert!(held <= BOUND, "{held} bytes");
        }
    }

    #[tokio::test]
    async fn what_comes_while_a_snapshot_is_read_is_left_to_follow_it() {
        let source = source().await;
        trade(&source, 0).await;
        let (body, inner) = (all(View::Body), all(View::Inner));
        let (mut body, inner) = (source.snapshot(&body).await.unwrap(), source.snapshot(&inner).await.unwrap());
        assert_eq!((body.position, body.position), (inner.position, source.0.place().0));
        let first = body.pages.next().await.unwrap().unwrap();
        assert_eq!(first.len(), 2 * PAGE_SYMBOLS, "a trade and a bar of each");
        trade(&source, 1).await;
        assert_eq!((sizes(body).await, sizes(inner).await), (vec![], vec![]));
        assert_eq!(sizes(source.snapshot(&all(View::Inner)).await.unwrap()).await.len(), SYMBOLS / PAGE_SYMBOLS);
    }

    #[tokio::test]
    async fn a_stream_of_the_history_of_a_thousand_symbols_holds_little() {
        let source = source().await;
        let query = HistoryQuery { wanted: all(View::Inner), start: Timestamp::MIN, after: None };
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
