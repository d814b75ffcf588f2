use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _, stream};
use tickmesh_fanout::topic::{EncodedMessages, Topic, TopicConfig, View};
use tickmesh_mesh::serve::Ending;
use tickmesh_mesh::status::Fault;
use tickmesh_proto::google::rpc;
use tickmesh_proto::market::v1::{
    BatchGetSnapshotsRequest, BatchGetSnapshotsResponse, BatchListBarsRequest, BatchListBarsResponse,
    GetInstrumentRequest, GetReplayWindowRequest, GetReplayWindowResponse, GetSnapshotRequest, Instrument,
    ListBarsRequest, ListBarsResponse, ListInstrumentsRequest, ListInstrumentsResponse, Snapshot, SnapshotResult,
    StreamBarsRequest, StreamBarsResponse, StreamTicksRequest, StreamTicksResponse, snapshot_result,
};
use tickmesh_proto::server::market::v1::market_service_server::MarketService;
use tonic::{Request, Response, Status};

use super::page_token::PageToken;
use super::source::MarketSource;
use super::{parse, render};
use crate::bar::Bar;
use crate::market::Market;
use crate::store::SliceQuery;

/// When a client should come back that the server has sent away.
const RETRY: Duration = Duration::from_secs(1);

/// MarketService over the market.
pub(crate) struct MarketDoor {
    market: Arc<Market>,
    ticks: Topic,
    bars: Topic,
}

impl MarketDoor {
    /// The door; its two topics are views of one log. `seed` is of the jitter of the streams' age.
    pub(crate) fn new(market: Arc<Market>, seed: u64) -> Self {
        let source = Arc::new(MarketSource(Arc::clone(&market)));
        let topic = |name, view| {
            let config = TopicConfig::new(name, tickmesh_mesh::clock::now, seed).view(view);
            Topic::new(market.log().clone(), config, Arc::clone(&source) as _)
        };
        let (ticks, bars) = (topic("ticks", View::Body), topic("bars", View::Inner));
        Self { market, ticks, bars }
    }
}

#[tonic::async_trait]
impl MarketService for MarketDoor {
    type BatchListBarsStream = Pin<Box<dyn Stream<Item = Result<BatchListBarsResponse, Status>> + Send>>;
    type StreamTicksStream = EncodedMessages<StreamTicksResponse>;
    type StreamBarsStream = EncodedMessages<StreamBarsResponse>;

    async fn list_instruments(
        &self,
        request: Request<ListInstrumentsRequest>,
    ) -> Result<Response<ListInstrumentsResponse>, Status> {
        self.loaded(&request).await?;
        let page = parse::instruments(request.into_inner())?;
        let passing = self.market.instruments().into_iter().filter(|(i, _)| page.filter.passes(i));
        let mut rest = passing.filter(|(i, _)| page.after.as_deref().is_none_or(|after| i.symbol.as_str() > after));
        let instruments: Vec<_> = rest.by_ref().take(page.size).map(render::instrument).collect();
        let next = instruments.last().filter(|_| rest.next().is_some());
        let next_page_token = next.map_or_else(String::new, |last| PageToken::make(&last.symbol, &page.request));
        Ok(Response::new(ListInstrumentsResponse { instruments, next_page_token }))
    }

    async fn get_instrument(&self, request: Request<GetInstrumentRequest>) -> Result<Response<Instrument>, Status> {
        self.loaded(&request).await?;
        let symbol = parse::symbol(request.into_inner().symbol)?;
        Ok(Response::new(render::instrument(self.market.instrument(&symbol)?)))
    }

    async fn get_snapshot(&self, request: Request<GetSnapshotRequest>) -> Result<Response<Snapshot>, Status> {
        self.loaded(&request).await?;
        let symbol = parse::symbol(request.into_inner().symbol)?;
        Ok(Response::new(render::snapshot(&self.market.snapshot(&symbol)?)))
    }

    async fn batch_get_snapshots(
        &self,
        request: Request<BatchGetSnapshotsRequest>,
    ) -> Result<Response<BatchGetSnapshotsResponse>, Status> {
        self.loaded(&request).await?;
        let listed = parse::listed(request.into_inner())?;
        let symbols = if listed.is_empty() { self.all() } else { listed };
        let results = symbols.into_iter().map(|symbol| self.result(symbol)).collect();
        Ok(Response::new(BatchGetSnapshotsResponse { results }))
    }

    async fn list_bars(&self, request: Request<ListBarsRequest>) -> Result<Response<ListBarsResponse>, Status> {
        self.loaded(&request).await?;
        let asked = parse::bars(request.into_inner(), self.market.now())?;
        self.market.instrument(&asked.query.series.symbol)?;
        let page = self.market.page(&asked.query).await.map_err(Fault::from)?;
        let next = page.candles.last().filter(|_| page.more);
        let next = next.map(|last| PageToken::make(&last.open_time.nanos().to_string(), &asked.request));
        let bars = page.candles.iter().map(|candle| render::bar(&asked.query.series, candle, asked.adjusted));
        Ok(Response::new(ListBarsResponse { bars: bars.collect(), next_page_token: next.unwrap_or_default() }))
    }

    async fn batch_list_bars(
        &self,
        request: Request<BatchListBarsRequest>,
    ) -> Result<Response<Self::BatchListBarsStream>, Status> {
        self.loaded(&request).await?;
        let (query, adjusted) = parse::batch_bars(request.into_inner(), self.market.now())?;
        for symbol in query.symbols.iter().flatten() {
            self.market.instrument(symbol)?;
        }
        Ok(Response::new(chunks(Arc::clone(&self.market), query, adjusted).boxed()))
    }

    async fn stream_ticks(
        &self,
        request: Request<StreamTicksRequest>,
    ) -> Result<Response<Self::StreamTicksStream>, Status> {
        self.loaded(&request).await?;
        let ending = Ending::of(&request);
        let subscription = parse::ticks(request.into_inner())?;
        Ok(Response::new(self.ticks.subscribe(subscription, ending)?.encoded()))
    }

    async fn stream_bars(
        &self,
        request: Request<StreamBarsRequest>,
    ) -> Result<Response<Self::StreamBarsStream>, Status> {
        self.loaded(&request).await?;
        let ending = Ending::of(&request);
        let subscription = parse::bar_stream(request.into_inner(), self.market.now())?;
        Ok(Response::new(self.bars.subscribe(subscription, ending)?.encoded()))
    }

    async fn get_replay_window(
        &self,
        _request: Request<GetReplayWindowRequest>,
    ) -> Result<Response<GetReplayWindowResponse>, Status> {
        let log = self.market.log();
        Ok(Response::new(GetReplayWindowResponse {
            oldest_cursor: log.cursor(log.oldest()),
            newest_cursor: log.cursor(log.head()),
            epoch: log.epoch(),
            feed: Some(render::feed(&self.market.feed())),
        }))
    }
}

impl MarketDoor {
    async fn loaded<T: Sync>(&self, request: &Request<T>) -> Result<(), Fault> {
        if self.market.is_loaded() { Ok(()) } else { loaded(&self.market, Ending::of(request)).await }
    }

    fn all(&self) -> Vec<String> {
        self.market.instruments().into_iter().map(|(instrument, _)| instrument.symbol.into()).collect()
    }

    /// What GetSnapshot answers.
    fn result(&self, symbol: String) -> SnapshotResult {
        let snapshot = parse::symbol(symbol.clone()).and_then(|symbol| self.market.snapshot(&symbol));
        let result = match snapshot {
            Ok(snapshot) => snapshot_result::Result::Snapshot(render::snapshot(&snapshot)),
            Err(fault) => snapshot_result::Result::Error(status(fault)),
        };
        SnapshotResult { symbol, result: Some(result) }
    }
}

/// Waits until history is in place, but no longer than the call's connection lasts; unary calls have their deadline
/// besides. Before that a known symbol is none, and what is stored is not all.
pub(super) async fn loaded(market: &Market, ending: Ending) -> Result<(), Fault> {
    tokio::select! {
        biased;
        () = market.until_loaded() => Ok(()),
        _ = ending => Err(Fault::unavailable("DRAINING", "the server stops before history is in place", RETRY)),
    }
}

/// A fault as a value inside of a message.
pub(super) fn status(fault: Fault) -> rpc::Status {
    let status = Status::from(fault);
    // tonic keeps the encoded google.rpc.Status, details and all, in the call's trailer.
    prost::Message::decode(status.details()).unwrap_or_else(|_| rpc::Status {
        code: status.code().into(),
        message: status.message().to_owned(),
        details: Vec::new(),
    })
}

/// Stored bars, a message of them at a time, read when the client has taken the one before.
fn chunks(
    market: Arc<Market>,
    query: SliceQuery,
    adjusted: bool,
) -> impl Stream<Item = Result<BatchListBarsResponse, Status>> + Send {
    stream::unfold(Some(query), move |next| {
        let market = Arc::clone(&market);
        async move {
            let mut query = next?;
            match market.slice(&query).await {
                Ok(bars) if bars.is_empty() => None,
                Ok(bars) => {
                    query.go_on_after(&bars);
                    Some((Ok(message(&bars, adjusted)), Some(query)))
                }
                Err(error) => Some((Err(Fault::from(error).into()), None)),
            }
        }
    })
}

fn message(bars: &[Bar], adjusted: bool) -> BatchListBarsResponse {
    let render = |bar: &Bar| render::bar(&bar.series, &bar.candle, adjusted);
    BatchListBarsResponse { bars: bars.iter().map(render).collect() }
}
