use std::collections::VecDeque;
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
        let slices = SliceQuery { symbols, time_frame: time_frame.unwrap_or(TimeFrame::D1), span, after: None };
        let reading =
            Reading { market: Arc::clone(&self.0), next: Some(slices), after: query.after, ready: VecDeque::new() };
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

/// History on its way: one stored period at a time, read when the client has taken the one before.
struct Reading {
    market: Arc<Market>,
    /// The next period to read; `None` when all are read.
    next: Option<SliceQuery>,
    after: Option<Timestamp>,
    ready: VecDeque<Page>,
}

impl Reading {
    async fn page(mut self) -> Option<(Result<Page, Fault>, Self)> {
        loop {
            if let Some(page) = self.ready.pop_front() {
                return Some((Ok(page), self));
            }
            let mut query = self.next.take()?;
            match self.market.slice(&query).await {
                Ok(None) => return None,
                Err(error) => return Some((Err(error.into()), self)),
                Ok(Some(slice)) => {
                    query.after = Some(slice.period);
                    self.next = Some(query);
                    self.pack(&slice.bars);
                }
            }
        }
    }

    fn pack(&mut self, bars: &[Bar]) {
        let wire = self.market.wire();
        let after = self.after;
        let unsent = bars.iter().filter(|bar| after.is_none_or(|after| bar.candle.close_time > after));
        self.ready = Pages::new(unsent.map(|bar| wire.encode_bar(bar))).collect();
    }
}
