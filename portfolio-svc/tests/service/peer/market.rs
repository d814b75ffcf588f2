use std::pin::Pin;

use futures_util::{Stream, StreamExt, stream};
use prost::Message as _;
use tickmesh_proto::Encoded;
use tickmesh_proto::market::v1::stream_bars_response::Control;
use tickmesh_proto::market::v1::*;
use tickmesh_proto::server::market::v1::market_service_server::MarketService;
use tickmesh_proto::r#type::v1::TimeFrame;
use tonic::{Request, Response, Status};

use super::Tape;
use super::stream::{Part, live};

type Sent<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

pub(crate) struct Market(pub(crate) Tape);

impl Tape {
    /// The day's bar. Raw prices are twice the adjusted ones, so that whoever forgets to adjust is found out.
    fn bar(&self, day: usize, symbol: usize, adjusted: bool) -> Bar {
        let price = self.days[day - 1].1[symbol] * if adjusted { 1.0 } else { 2.0 };
        let close_time = self.close_time(day);
        Bar {
            symbol: self.symbols[symbol].clone(),
            time_frame: TimeFrame::TimeFrame1d.into(),
            open_time: Some(prost_types::Timestamp { seconds: close_time.seconds - 6 * 3600 - 1800, nanos: 0 }),
            close_time: Some(close_time),
            open: price,
            high: price,
            low: price,
            close: price,
            adjusted,
            adjustment_factor: Some(0.5),
            ..Bar::default()
        }
    }

    fn bars(&self, day: usize) -> Vec<Bar> {
        let traded = (0..self.symbols.len()).filter(|symbol| self.has_bar(day, *symbol));
        traded.map(|symbol| self.bar(day, symbol, false)).collect()
    }
}

fn response(tape: &Tape, part: Part) -> StreamBarsResponse {
    match part {
        Part::Ack(ack) => StreamBarsResponse { control: Some(Control::Ack(ack)), ..Default::default() },
        Part::Snapshot(day) => StreamBarsResponse { bars: tape.bars(day), ..Default::default() },
        Part::SnapshotComplete(done, cursor) => {
            StreamBarsResponse { control: Some(Control::SnapshotComplete(done)), cursor, ..Default::default() }
        }
        Part::Day(day, cursor) => StreamBarsResponse { bars: tape.bars(day), cursor, ..Default::default() },
    }
}

#[tonic::async_trait]
impl MarketService for Market {
    async fn list_instruments(
        &self,
        _: Request<ListInstrumentsRequest>,
    ) -> Result<Response<ListInstrumentsResponse>, Status> {
        let instrument = |(place, symbol): (usize, &String)| Instrument {
            symbol: symbol.clone(),
            calendar: "XNYS".into(),
            daily_bars: (1..=self.0.stored()).filter(|day| self.0.has_bar(*day, place)).count() as u64,
            ..Instrument::default()
        };
        let instruments = self.0.symbols.iter().enumerate().map(instrument).collect();
        Ok(Response::new(ListInstrumentsResponse { instruments, next_page_token: String::new() }))
    }

    type BatchListBarsStream = Sent<BatchListBarsResponse>;

    async fn batch_list_bars(
        &self,
        request: Request<BatchListBarsRequest>,
    ) -> Result<Response<Self::BatchListBarsStream>, Status> {
        let request = request.into_inner();
        let tape = self.0.clone();
        let wanted: Vec<usize> =
            (0..tape.symbols.len()).filter(|i| request.symbols.contains(&tape.symbols[*i])).collect();
        let since = request.start_time.map_or(i64::MIN, |time| time.seconds);
        let first = (1..=tape.stored()).find(|day| tape.bar(*day, 0, true).open_time.unwrap().seconds >= since);
        let day = move |day| {
            let traded = wanted.iter().filter(|symbol| tape.has_bar(day, **symbol));
            let bars = traded.map(|symbol| tape.bar(day, *symbol, request.adjusted)).collect();
            Ok(BatchListBarsResponse { bars })
        };
        Ok(Response::new(stream::iter((first.unwrap_or(usize::MAX)..=self.0.stored()).map(day)).boxed()))
    }

    type StreamBarsStream = Sent<Encoded<StreamBarsResponse>>;

    async fn stream_bars(
        &self,
        request: Request<StreamBarsRequest>,
    ) -> Result<Response<Self::StreamBarsStream>, Status> {
        let tape = self.0.clone();
        tape.live.subscribe().wait_for(|live| *live).await.unwrap();
        let parts = live(&self.0, &request.into_inner().resume_after)?;
        let encode = move |part| Ok(Encoded::new(response(&tape, part).encode_to_vec().into()));
        Ok(Response::new(parts.map(encode).boxed()))
    }

    type StreamTicksStream = Sent<Encoded<StreamTicksResponse>>;

    async fn stream_ticks(&self, _: Request<StreamTicksRequest>) -> Result<Response<Self::StreamTicksStream>, Status> {
        Err(Status::unimplemented("portfolio-svc needs no ticks"))
    }

    async fn get_instrument(&self, _: Request<GetInstrumentRequest>) -> Result<Response<Instrument>, Status> {
        Err(Status::unimplemented("portfolio-svc lists instruments"))
    }

    async fn get_snapshot(&self, _: Request<GetSnapshotRequest>) -> Result<Response<Snapshot>, Status> {
        Err(Status::unimplemented("portfolio-svc needs no snapshots"))
    }

    async fn batch_get_snapshots(
        &self,
        _: Request<BatchGetSnapshotsRequest>,
    ) -> Result<Response<BatchGetSnapshotsResponse>, Status> {
        Err(Status::unimplemented("portfolio-svc needs no snapshots"))
    }

    async fn list_bars(&self, _: Request<ListBarsRequest>) -> Result<Response<ListBarsResponse>, Status> {
        Err(Status::unimplemented("portfolio-svc reads bars in batches"))
    }

    async fn get_replay_window(
        &self,
        _: Request<GetReplayWindowRequest>,
    ) -> Result<Response<GetReplayWindowResponse>, Status> {
        Err(Status::unimplemented("portfolio-svc learns the window from its cursor"))
    }
}
