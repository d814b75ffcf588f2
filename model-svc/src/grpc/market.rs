//! market-svc as this service sees it: its instruments, and its stream of daily bars from history to live.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tickmesh_fanout::follow::{Follow, HEARTBEAT, Live, Opening, Told, messages};
use tickmesh_fanout::topic::Feed;
use tickmesh_mesh::client::Upstream;
use tickmesh_mesh::serve::MAX_RESPONSE_BYTES;
use tickmesh_mesh::status::Fault;
use tickmesh_proto::market::v1 as wire;
use tickmesh_proto::market::v1::market_service_client::MarketServiceClient;
use tickmesh_proto::r#type::v1::{Delivery, FeedState, TimeFrame};
use tickmesh_proto::types::{Calendar, Symbol, Timestamp};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::feed::{FeedEvent, FeedPhase, Listed, Market, USUAL_CALENDAR};
use crate::history::{DailyBar, RawPrices};
use crate::listing::{Listing, Unheard};
use crate::live::LiveBar;
use crate::shared::Shared;

/// Where history begins: before any bar that a market has.
const BEGIN: prost_types::Timestamp = prost_types::Timestamp { seconds: -5_000_000_000, nanos: 0 };
/// Instruments a page.
const PAGE: i32 = 1_000;

/// Calls market-svc. Clones share the connections.
#[derive(Clone)]
pub struct MarketClient {
    upstream: Upstream,
}

impl MarketClient {
    /// A client of the market behind `upstream`; it connects when it is first used.
    #[must_use]
    pub fn new(upstream: Upstream) -> Self {
        Self { upstream }
    }

    async fn instruments(&self) -> Result<Vec<Listed>, Fault> {
        let mut client = MarketServiceClient::new(self.upstream.unary());
        let (mut listed, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = wire::ListInstrumentsRequest { page_size: PAGE, page_token, filter: String::new() };
            let page: wire::ListInstrumentsResponse = client.list_instruments(request).await?.into_inner();
            listed.extend(page.instruments.into_iter().filter_map(instrument));
            if page.next_page_token.is_empty() {
                return Ok(listed);
            }
            page_token = page.next_page_token;
        }
    }

    async fn replayed_from(&self) -> Result<Option<Timestamp>, Fault> {
        let mut client = MarketServiceClient::new(self.upstream.unary());
        let window = client.get_replay_window(wire::GetReplayWindowRequest {}).await?.into_inner();
        Ok(window.feed.and_then(|feed| feed.replay_start_time).and_then(|time| Timestamp::try_from(time).ok()))
    }

    async fn bars(&self, symbol: &Symbol) -> Result<Vec<DailyBar>, Fault> {
        let mut client = MarketServiceClient::new(self.upstream.stream()).max_decoding_message_size(MAX_RESPONSE_BYTES);
        let request = wire::BatchListBarsRequest {
            symbols: vec![symbol.to_string()],
            time_frame: TimeFrame::TimeFrame1d.into(),
            ..Default::default()
        };
        let mut messages = client.batch_list_bars(request).await?.into_inner();
        let mut bars = Vec::new();
        while let Some(wire::BatchListBarsResponse { bars: some }) = messages.message().await? {
            bars.extend(some.into_iter().filter_map(live_bar).map(|one| one.bar));
        }
        Ok(bars)
    }
}

impl Market for MarketClient {
    fn listed(&self) -> BoxFuture<'_, Result<Vec<Listed>, Fault>> {
        Box::pin(self.instruments())
    }

    fn replay_start(&self) -> BoxFuture<'_, Result<Option<Timestamp>, Fault>> {
        Box::pin(self.replayed_from())
    }

    fn history<'a>(&'a self, symbol: &'a Symbol) -> BoxFuture<'a, Result<Vec<DailyBar>, Fault>> {
        Box::pin(self.bars(symbol))
    }
}

fn instrument(wire: wire::Instrument) -> Option<Listed> {
    let symbol = Symbol::try_from(wire.symbol).ok()?;
    let calendar = Calendar::by_name(&wire.calendar).unwrap_or(USUAL_CALENDAR);
    Some(Listed { symbol, calendar, daily_bars: wire.daily_bars })
}

/// A raw daily bar. Whatever breaks the contract is left out: it was checked where it came in.
fn live_bar(bar: wire::Bar) -> Option<LiveBar> {
    let daily = bar.time_frame() == TimeFrame::TimeFrame1d;
    let wire::Bar {
        symbol,
        time_frame: _,
        open_time: _,
        close_time,
        open,
        high,
        low,
        close,
        volume,
        vwap: _,
        trade_count: _,
        adjusted,
        quality: _,
        adjustment_factor,
        is_snapshot: _,
    } = bar;
    if adjusted || !daily {
        return None;
    }
    let time = Timestamp::try_from(close_time?).ok()?;
    let bar = DailyBar::new(time, RawPrices { open, high, low, close }, volume, adjustment_factor);
    Some(LiveBar { symbol: Symbol::try_from(symbol).ok()?, bar })
}

/// Follows the market until `stop`: its instruments, and then its bars as they come.
///
/// A lost stream is taken up again after its last cursor; when that is too old or of another epoch, from the begin.
pub async fn follow(
    market: MarketClient,
    shared: Arc<Shared>,
    events: mpsc::Sender<FeedEvent>,
    stop: CancellationToken,
) {
    let mut listing = Listing::new(Arc::new(market.clone()), shared, events.clone());
    let following = async {
        listing.begin(market.upstream.backoff()).await?;
        tokio::try_join!(listing.follow(), stream(market, events))
    };
    tokio::select! {
        _ = following => {}
        () = stop.cancelled() => {}
    }
}

async fn stream(market: MarketClient, events: mpsc::Sender<FeedEvent>) -> Result<(), Unheard> {
    let backoff = market.upstream.backoff();
    let mut bars = Follow::new(DailyBars(market.upstream), "StreamBars", backoff, None);
    loop {
        let told = bars.next().await;
        if let Some(event) = heard(told) {
            events.send(event).await.map_err(|_| Unheard)?;
        }
    }
}

/// All daily bars, from history to live.
struct DailyBars(Upstream);

impl Live for DailyBars {
    type Event = wire::Bar;

    fn open(&self, resume_after: String) -> Opening<wire::Bar> {
        let mut client = MarketServiceClient::new(self.0.stream()).max_decoding_message_size(MAX_RESPONSE_BYTES);
        let request = wire::StreamBarsRequest {
            delivery: Delivery::All.into(),
            time_frame: TimeFrame::TimeFrame1d.into(),
            heartbeat_interval: Some(HEARTBEAT),
            start_time: resume_after.is_empty().then_some(BEGIN),
            resume_after,
            ..Default::default()
        };
        async move { client.stream_bars(request).await.map(messages) }.boxed()
    }
}

/// What the live loop is to know of it.
fn heard(told: Told<wire::Bar>) -> Option<FeedEvent> {
    Some(match told {
        Told::Open { epoch, resumed: _ } => FeedEvent::Joined { epoch },
        Told::Events(bars, cursor) => {
            let bars = bars.into_iter().filter_map(live_bar).collect();
            FeedEvent::Bars { bars, cursor: cursor.unwrap_or_default() }
        }
        Told::CaughtUp(_) => FeedEvent::CaughtUp,
        Told::Feed(Feed { state, market_time }) => FeedEvent::Pulse { phase: phase(state), market_time },
        Told::Broken => FeedEvent::Lost,
        // History is read again: bars that are known already change nothing.
        Told::Lost => return None,
    })
}

fn phase(state: FeedState) -> FeedPhase {
    match state {
        FeedState::Unspecified | FeedState::Waiting => FeedPhase::Waiting,
        FeedState::Live => FeedPhase::Live,
        FeedState::Silent => FeedPhase::Silent,
        FeedState::Ended => FeedPhase::Ended,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar() -> wire::Bar {
        wire::Bar {
            symbol: "AAPL".into(),
            time_frame: TimeFrame::TimeFrame1d.into(),
            close_time: Some(prost_types::Timestamp { seconds: 86_400, nanos: 0 }),
            open: 2.0,
            high: 4.0,
            low: 1.0,
            close: 3.0,
            volume: 9.0,
            adjustment_factor: Some(0.5),
            ..Default::default()
        }
    }

    #[test]
    fn a_raw_bar_is_adjusted_once_and_keeps_its_price() {
        let LiveBar { symbol, bar } = live_bar(bar()).unwrap();
        assert_eq!((symbol.as_str(), bar.last_price, bar.adjusted.close, bar.adjusted.volume), ("AAPL", 3.0, 1.5, 9.0));
    }

    #[test]
    fn what_is_no_raw_daily_bar_is_left_out() {
        assert_eq!(live_bar(wire::Bar { adjusted: true, ..bar() }), None);
        assert_eq!(live_bar(wire::Bar { time_frame: TimeFrame::TimeFrame1h.into(), ..bar() }), None);
        assert_eq!(live_bar(wire::Bar { close_time: None, ..bar() }), None);
    }
}
