use futures_util::StreamExt;
use tickmesh_mesh::client::Upstream;
use tickmesh_proto::market::v1::market_service_client::MarketServiceClient;
use tickmesh_proto::market::v1::stream_bars_response::Control;
use tickmesh_proto::market::v1::{Bar, StreamBarsRequest, StreamBarsResponse};
use tickmesh_proto::r#type::v1::{Delivery, TimeFrame};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::Market;
use super::client::close_of;
use crate::upstream::{Follow, HEARTBEAT, Live, Message, Messages, Told, envelope};

envelope!(StreamBarsResponse, Control, bars, Bar);

/// All daily bars as they close.
struct Bars {
    upstream: Upstream,
}

impl Live for Bars {
    type Event = Bar;

    async fn open(&self, resume_after: String) -> Result<Messages<Bar>, Status> {
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
        let stream = MarketServiceClient::new(self.upstream.stream()).stream_bars(request).await?.into_inner();
        Ok(stream.map(|message| message.map(Message::from)).boxed())
    }
}

/// Keeps the closes fresh until `stop`.
pub(crate) async fn follow(market: Market, stop: CancellationToken) {
    let bars = Bars { upstream: market.upstream().clone() };
    let mut bars = Follow::new(bars, "StreamBars", market.upstream(), None);
    let mut epoch = None;
    while let Some(told) = stop.run_until_cancelled(bars.next()).await {
        match told {
            Told::Open { epoch: now, resumed } => {
                if epoch.replace(now.clone()).is_some_and(|before| before != now) {
                    market.clear();
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
