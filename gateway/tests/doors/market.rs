//! A market that answers by its symbols' names, so that a test reads what it provokes.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use prost::Message as _;
use tickmesh_mesh::status::{Code, Fault, Violations, unknown_symbol};
use tickmesh_proto::Encoded;
use tickmesh_proto::market::v1::stream_ticks_response::Control;
use tickmesh_proto::market::v1::*;
use tickmesh_proto::server::market::v1::ingest_service_server::IngestService;
use tickmesh_proto::server::market::v1::market_service_server::MarketService;
use tickmesh_proto::r#type::v1::{Ack, EndOfStream, end_of_stream::Reason};
use tickmesh_proto::types::Symbol;
use tokio::sync::watch;
use tonic::{Request, Response, Status, Streaming, async_trait};

/// The market; clones share what they count.
#[derive(Clone)]
pub(crate) struct Market {
    open_streams: Arc<watch::Sender<usize>>,
    /// Large messages that were taken from the service.
    large_messages: Arc<AtomicUsize>,
}

type Items<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

impl Market {
    pub(crate) fn new() -> Self {
        Self { open_streams: Arc::new(watch::Sender::new(0)), large_messages: Arc::default() }
    }

    /// Waits until this many streams are open at the service.
    pub(crate) async fn open_streams(&self, expected: usize) {
        let mut open = self.open_streams.subscribe();
        open.wait_for(|open| *open == expected).await.expect("the market lives");
    }

    /// How many large messages were taken, once no more are.
    pub(crate) async fn large_messages_when_still(&self) -> usize {
        let mut before = usize::MAX;
        loop {
            let now = self.large_messages.load(Ordering::Relaxed);
            if now > 0 && now == before {
                return now;
            }
            before = now;
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    }

    fn opened(&self) -> Open {
        self.open_streams.send_modify(|open| *open += 1);
        Open(Arc::clone(&self.open_streams))
    }
}

/// Counts a stream for as long as it lives.
struct Open(Arc<watch::Sender<usize>>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open -= 1);
    }
}

fn unknown(symbol: &str) -> Status {
    unknown_symbol(symbol, &[Symbol::try_from("AAPL").unwrap()]).into()
}

fn tick(symbol: &str, cursor: &str, sequence: u64) -> StreamTicksResponse {
    let tick = Tick { symbol: symbol.to_owned(), ..Tick::default() };
    StreamTicksResponse { sequence, cursor: cursor.to_owned(), ticks: vec![tick], ..Default::default() }
}

fn control(control: Control, cursor: &str, sequence: u64) -> StreamTicksResponse {
    StreamTicksResponse { sequence, cursor: cursor.to_owned(), control: Some(control), ..Default::default() }
}

fn ack(request: &StreamTicksRequest) -> StreamTicksResponse {
    let ack = Ack {
        accepted_symbols: request.symbols.clone(),
        resume_after: request.resume_after.clone(),
        epoch: "e1".to_owned(),
        ..Ack::default()
    };
    control(Control::Ack(ack), "", 1)
}

/// What a stream says for a symbol, and whether it stays open then.
fn script(request: &StreamTicksRequest) -> (Vec<Result<StreamTicksResponse, Status>>, bool) {
    let symbol = request.symbols.first().map_or("AAPL", String::as_str);
    let resumed = request.resume_after == "c1";
    let slow = || Fault::new(Code::ResourceExhausted, "SLOW_CONSUMER", "too slow").meta("cursor", "c1").into();
    let expired =
        || Fault::new(Code::OutOfRange, "CURSOR_EXPIRED", "the cursor is too old").meta("oldest", "c9").into();
    let end = EndOfStream { reason: Reason::Draining.into(), cursor: "c1".to_owned() };
    match symbol {
        "EARLY" => (vec![Err(expired())], false),
        "LATE" => (vec![Ok(ack(request)), Ok(tick(symbol, "c1", 2)), Err(slow())], false),
        "ENDS" if !resumed => (
            vec![
                Ok(ack(request)),
                Ok(tick(symbol, "c1", 2)),
                Ok(control(Control::EndOfStream(end), "c1", 3)),
                Err(Fault::new(Code::Unavailable, "DRAINING", "draining").into()),
            ],
            false,
        ),
        _ if resumed => (vec![Ok(ack(request)), Ok(tick(symbol, "c2", 2))], true),
        _ => (vec![Ok(ack(request)), Ok(tick(symbol, "c1", 2))], true),
    }
}

/// A stream of bars that begins at a time or goes on after a cursor.
fn begun(request: StreamBarsRequest) -> Result<Response<Items<Encoded<StreamBarsResponse>>>, Status> {
    let mut violations = Violations::new();
    if request.start_time.is_some() && !request.resume_after.is_empty() {
        violations.add("start_time", "must not be given together with resume_after");
    }
    violations.finish(())?;
    let ack = Ack { resume_after: request.resume_after, ..Ack::default() };
    let control = Some(stream_bars_response::Control::Ack(ack));
    let message = StreamBarsResponse { sequence: 1, control, ..Default::default() };
    Ok(Response::new(Box::pin(
        stream::iter([Ok(Encoded::new(message.encode_to_vec().into()))]).chain(stream::pending()),
    )))
}

#[async_trait]
impl MarketService for Market {
    type BatchListBarsStream = Items<BatchListBarsResponse>;
    type StreamTicksStream = Items<Encoded<StreamTicksResponse>>;
    type StreamBarsStream = Items<Encoded<StreamBarsResponse>>;

    async fn get_snapshot(&self, request: Request<GetSnapshotRequest>) -> Result<Response<Snapshot>, Status> {
        match request.into_inner().symbol.as_str() {
            "AAPL" => {
                Ok(Response::new(Snapshot { symbol: "AAPL".to_owned(), last_price: 101.5, ..Snapshot::default() }))
            }
            "NAN" => Ok(Response::new(Snapshot { last_price: f64::NAN, ..Snapshot::default() })),
            "HANG" => std::future::pending().await,
            symbol => Err(unknown(symbol)),
        }
    }

    async fn list_bars(&self, request: Request<ListBarsRequest>) -> Result<Response<ListBarsResponse>, Status> {
        let request = request.into_inner();
        let mut violations = Violations::new();
        if request.page_size < 0 {
            violations.add("page_size", "must be at least 0");
        }
        if request.time_frame == 0 {
            violations.add("time_frame", "must be given");
        }
        if request.page_token == "x" {
            violations.add("page_token", "is none that was given out");
        }
        violations.finish(())?;
        let bar = Bar { symbol: request.symbol, time_frame: request.time_frame, volume: 1e6, ..Bar::default() };
        let bars = vec![bar; usize::try_from(request.page_size).unwrap()];
        Ok(Response::new(ListBarsResponse { bars, next_page_token: String::new() }))
    }

    async fn batch_list_bars(
        &self,
        _: Request<BatchListBarsRequest>,
    ) -> Result<Response<Self::BatchListBarsStream>, Status> {
        let chunk =
            |symbol: &str| BatchListBarsResponse { bars: vec![Bar { symbol: symbol.to_owned(), ..Bar::default() }] };
        Ok(Response::new(Box::pin(stream::iter([Ok(chunk("AAPL")), Ok(chunk("MSFT")), Ok(chunk("NVDA"))]))))
    }

    async fn stream_ticks(
        &self,
        request: Request<StreamTicksRequest>,
    ) -> Result<Response<Self::StreamTicksStream>, Status> {
        let open = self.opened();
        if request.get_ref().symbols == ["WAITS"] {
            std::future::pending::<()>().await;
        }
        let (items, stays_open) = script(request.get_ref());
        let items = stream::iter(items).map(|item| item.map(|message| Encoded::new(message.encode_to_vec().into())));
        let rest = if stays_open { stream::pending().boxed() } else { stream::empty().boxed() };
        Ok(Response::new(Box::pin(items.chain(rest).map(move |item| {
            let _ = &open; // lives as long as the stream
            item
        }))))
    }

    async fn stream_bars(
        &self,
        request: Request<StreamBarsRequest>,
    ) -> Result<Response<Self::StreamBarsStream>, Status> {
        let request = request.into_inner();
        if request.symbols == ["BEGINS"] {
            return begun(request);
        }
        let large = StreamBarsResponse { cursor: "x".repeat(60_000), ..Default::default() };
        let large: Bytes = large.encode_to_vec().into();
        let open = self.opened();
        let taken = Arc::clone(&self.large_messages);
        Ok(Response::new(Box::pin(stream::repeat_with(move || {
            let _ = &open;
            taken.fetch_add(1, Ordering::Relaxed);
            Ok(Encoded::new(large.clone()))
        }))))
    }

    async fn list_instruments(
        &self,
        _: Request<ListInstrumentsRequest>,
    ) -> Result<Response<ListInstrumentsResponse>, Status> {
        Err(Status::unimplemented("not needed here"))
    }

    async fn get_instrument(&self, _: Request<GetInstrumentRequest>) -> Result<Response<Instrument>, Status> {
        Err(Status::unimplemented("not needed here"))
    }

    async fn batch_get_snapshots(
        &self,
        _: Request<BatchGetSnapshotsRequest>,
    ) -> Result<Response<BatchGetSnapshotsResponse>, Status> {
        Err(Status::unimplemented("not needed here"))
    }

    async fn get_replay_window(
        &self,
        _: Request<GetReplayWindowRequest>,
    ) -> Result<Response<GetReplayWindowResponse>, Status> {
        Err(Status::unimplemented("not needed here"))
    }
}

#[async_trait]
impl IngestService for Market {
    async fn import_bars(
        &self,
        request: Request<Streaming<ImportBarsRequest>>,
    ) -> Result<Response<ImportBarsResponse>, Status> {
        let mut messages = request.into_inner();
        let mut written = 0;
        while let Some(message) = messages.message().await? {
            written += message.bars.len() as u64;
        }
        Ok(Response::new(ImportBarsResponse { written, ..Default::default() }))
    }
}
