use futures_util::FutureExt as _;
use tickmesh_fanout::follow::{Follow, HEARTBEAT, Live, Opening, Told, messages};
use tickmesh_mesh::client::Upstream;
use tickmesh_proto::market::v1::market_service_client::MarketServiceClient;
use tickmesh_proto::market::v1::{Bar, StreamBarsRequest};
use tickmesh_proto::r#type::v1::{Delivery, TimeFrame};
use tokio_util::sync::CancellationToken;

use super::Market;
use super::client::close_of;

/// All daily bars as they close.
struct Bars {
    upstream: Upstream,
}

impl Live for Bars {
    type Event = Bar;

    fn open(&self, resume_after: String) -> Opening<Bar> {
        let request = StreamBarsRequest {
            symbols: Vec::new(),
            delivery: Delivery::All.into(),
            min_interval: None,
            resume_after,
            best_effort: false,
            heartbeat_interval: Some(HEARTBEAT),
            time_frame: TimeFrame::TimeFrame1d.into(),
            start_time: None,
        };
        let mut client = MarketServiceClient::new(self.upstream.stream());
        async move { client.stream_bars(request).await.map(messages) }.boxed()
    }
}

/// Keeps the closes fresh until `stop`.
pub(crate) async fn follow(market: Market, stop: CancellationToken) {
    let bars = Bars { upstream: market.upstream().clone() };
    let mut bars = Follow::new(bars, "StreamBars", market.upstream().backoff(), None);
    let mut epoch = None;
    while let Some(told) = stop.run_until_cancelled(bars.next()).await {
        match told {
            Told::Open { epoch: now, resumed } => {
                if epoch.replace(now.clone()).is_some_and(|before| before != now) {
                    market.clear();
                }
                if !resumed {
                    market.break_off();
                }
                market.set_live(resumed);
            }
            Told::Events(new, _) => market.put(new.iter().filter_map(close_of)),
            Told::CaughtUp(_) => market.set_live(true),
            Told::Feed(feed) => market.set_feed(feed),
            Told::Lost => {
                market.set_live(false);
                market.clear();
            }
            Told::Broken => market.set_live(false),
        }
    }
}
