//! A market that serves what a test gives it: bars over its log as market-svc does, history first.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use prost::Message as _;
use tickmesh_proto::Encoded;
use tickmesh_proto::market::v1 as wire;
use tickmesh_proto::server::market::v1::market_service_server::{MarketService, MarketServiceServer};
use tickmesh_proto::r#type::v1::{Ack, FeedState, Heartbeat, SnapshotComplete, TimeFrame};
use tokio::sync::watch;
use tonic::{Request, Response, Status};

const DAY: i64 = 86_400;

/// A market whose bars a test publishes. Clones share it.
#[derive(Clone)]
pub(crate) struct FakeMarket {
    bars: Arc<Mutex<Vec<wire::Bar>>>,
    /// Bars that it has and does not stream.
    imported: Arc<Mutex<Vec<wire::Bar>>>,
    epoch: Arc<Mutex<String>>,
    head: Arc<watch::Sender<usize>>,
    /// The day from which bars are replayed; none without a replay.
    replay: Arc<Mutex<Option<i64>>>,
}

impl FakeMarket {
    pub(crate) fn new() -> Self {
        let epoch = Arc::new(Mutex::new("first".to_owned()));
        Self {
            bars: Arc::default(),
            imported: Arc::default(),
            epoch,
            head: Arc::new(watch::Sender::new(0)),
            replay: Arc::default(),
        }
    }

    /// Makes bars known, in order.
    pub(crate) fn publish(&self, bars: Vec<wire::Bar>) {
        let mut all = self.bars.lock().unwrap();
        all.extend(bars);
        self.head.send_replace(all.len());
    }

    /// Makes bars known that its stream does not bring, as an import does.
    pub(crate) fn import(&self, bars: Vec<wire::Bar>) {
        self.imported.lock().unwrap().extend(bars);
    }

    /// Says that bars are replayed from a day on.
    pub(crate) fn replays_from(&self, day: i64) {
        *self.replay.lock().unwrap() = Some(day);
    }

    /// Forgets all bars after the first `keep` and begins a new epoch, as a replay that begins again. Its streams end.
    pub(crate) fn rewind(&self, keep: usize, epoch: &str) {
        self.bars.lock().unwrap().truncate(keep);
        epoch.clone_into(&mut self.epoch.lock().unwrap());
        self.head.send_replace(usize::MAX);
    }

    pub(crate) async fn serve(&self) -> (SocketAddr, tokio::task::JoinHandle<()>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let service = MarketServiceServer::new(self.clone());
        let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
        let serving = tonic::transport::Server::builder().add_service(service).serve_with_incoming(incoming);
        (addr, tokio::spawn(async move { serving.await.unwrap() }))
    }

    /// All that it has, streamed or not.
    fn all(&self) -> Vec<wire::Bar> {
        [self.after(0), self.imported.lock().unwrap().clone()].concat()
    }

    fn after(&self, place: usize) -> Vec<wire::Bar> {
        self.bars.lock().unwrap().get(place..).unwrap_or_default().to_vec()
    }
}

/// A seeded walk as raw daily bars of `symbol`, on consecutive days from day `from` to before day `to`.
pub(crate) fn walk(symbol: &str, seed: u64, from: i64, to: i64) -> Vec<wire::Bar> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from((state >> 40) as u32) / f64::from(1u32 << 24) - 0.5
    };
    let mut close = 100.0;
    let bar = |day: i64| {
        let open = close;
        close *= 1.0 + 0.03 * noise();
        let at = |hour: i64| Some(prost_types::Timestamp { seconds: day * DAY + hour * 3_600, nanos: 0 });
        wire::Bar {
            symbol: symbol.to_owned(),
            time_frame: TimeFrame::TimeFrame1d.into(),
            open_time: at(14),
            close_time: at(21),
            open,
            high: f64::max(open, close) * 1.004,
            low: f64::min(open, close) * 0.996,
            close,
            volume: 1e6 * (1.0 + noise().abs()),
            adjustment_factor: Some(0.5),
            ..Default::default()
        }
    };
    (0..to).map(bar).collect::<Vec<_>>().split_off(usize::try_from(from).unwrap())
}

fn message(
    cursor: usize,
    control: Option<wire::stream_bars_response::Control>,
    bars: Vec<wire::Bar>,
) -> Result<Encoded<wire::StreamBarsResponse>, Status> {
    let history = bars.iter().any(|bar| bar.is_snapshot);
    let cursor = if history { String::new() } else { cursor.to_string() };
    let response = wire::StreamBarsResponse { cursor, control, bars, ..Default::default() };
    Ok(Encoded::new(response.encode_to_vec().into()))
}

type Answer<T> = Result<Response<T>, Status>;
type Messages<T> = BoxStream<'static, Result<T, Status>>;

#[tonic::async_trait]
impl MarketService for FakeMarket {
    async fn list_instruments(
        &self,
        _: Request<wire::ListInstrumentsRequest>,
    ) -> Answer<wire::ListInstrumentsResponse> {
        let mut counts = BTreeMap::<String, u64>::new();
        self.all().into_iter().for_each(|bar| *counts.entry(bar.symbol).or_default() += 1);
        let instrument = |(symbol, daily_bars)| wire::Instrument {
            symbol,
            daily_bars,
            calendar: "24/7".into(),
            ..Default::default()
        };
        let instruments = counts.into_iter().map(instrument).collect();
        Ok(Response::new(wire::ListInstrumentsResponse { instruments, next_page_token: String::new() }))
    }

    type StreamBarsStream = Messages<Encoded<wire::StreamBarsResponse>>;

    async fn stream_bars(&self, request: Request<wire::StreamBarsRequest>) -> Answer<Self::StreamBarsStream> {
        use wire::stream_bars_response::Control;
        let request = request.into_inner();
        let known = self.after(0).len();
        let resumed = request.resume_after.parse::<usize>().ok();
        if resumed.is_some_and(|place| place > known) {
            return Err(Status::out_of_range("too far"));
        }
        let epoch = self.epoch.lock().unwrap().clone();
        let own = epoch.clone();
        let mut first = vec![message(0, Some(Control::Ack(Ack { epoch, ..Default::default() })), Vec::new())];
        let mut place = resumed.unwrap_or(known);
        if resumed.is_none() {
            let history = self.after(0).into_iter().map(|bar| wire::Bar { is_snapshot: true, ..bar });
            first.extend(history.collect::<Vec<_>>().chunks(100).map(|some| message(0, None, some.to_vec())));
            first.push(message(known, Some(Control::SnapshotComplete(SnapshotComplete { events: 0 })), Vec::new()));
        }
        let (market, mut head) = (self.clone(), self.head.subscribe());
        let live = async_stream::stream! {
            while *market.epoch.lock().unwrap() == own {
                let bars = market.after(place);
                if !bars.is_empty() {
                    place += bars.len();
                    yield message(place, None, bars);
                }
                let heartbeat = Heartbeat { feed_state: FeedState::Live.into(), ..Default::default() };
                yield message(place, Some(Control::Heartbeat(heartbeat)), Vec::new());
                if head.wait_for(|head| *head > place).await.is_err() { return; }
            }
        };
        Ok(Response::new(futures_util::stream::iter(first).chain(live).boxed()))
    }

    type BatchListBarsStream = Messages<wire::BatchListBarsResponse>;

    async fn batch_list_bars(&self, request: Request<wire::BatchListBarsRequest>) -> Answer<Self::BatchListBarsStream> {
        let symbols = request.into_inner().symbols;
        let bars = self.all().into_iter().filter(|bar| symbols.contains(&bar.symbol)).collect();
        Ok(Response::new(futures_util::stream::iter([Ok(wire::BatchListBarsResponse { bars })]).boxed()))
    }

    type StreamTicksStream = Messages<Encoded<wire::StreamTicksResponse>>;

    async fn stream_ticks(&self, _: Request<wire::StreamTicksRequest>) -> Answer<Self::StreamTicksStream> {
        Err(Status::unimplemented("not played"))
    }

    async fn get_instrument(&self, _: Request<wire::GetInstrumentRequest>) -> Answer<wire::Instrument> {
        Err(Status::unimplemented("not played"))
    }

    async fn get_snapshot(&self, _: Request<wire::GetSnapshotRequest>) -> Answer<wire::Snapshot> {
        Err(Status::unimplemented("not played"))
    }

    async fn batch_get_snapshots(
        &self,
        _: Request<wire::BatchGetSnapshotsRequest>,
    ) -> Answer<wire::BatchGetSnapshotsResponse> {
        Err(Status::unimplemented("not played"))
    }

    async fn list_bars(&self, _: Request<wire::ListBarsRequest>) -> Answer<wire::ListBarsResponse> {
        Err(Status::unimplemented("not played"))
    }

    async fn get_replay_window(
        &self,
        _: Request<wire::GetReplayWindowRequest>,
    ) -> Answer<wire::GetReplayWindowResponse> {
        let start = self.replay.lock().unwrap().map(|day| prost_types::Timestamp { seconds: day * DAY, nanos: 0 });
        let feed = wire::Feed { replay_start_time: start, ..Default::default() };
        Ok(Response::new(wire::GetReplayWindowResponse { feed: Some(feed), ..Default::default() }))
    }
}
