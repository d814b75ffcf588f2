use std::pin::Pin;
use std::sync::atomic::Ordering;

use futures_util::{Stream, StreamExt};
use prost::Message as _;
use tickmesh_mesh::status::{Code, Fault};
use tickmesh_proto::Encoded;
use tickmesh_proto::model::v1::stream_signals_response::Control;
use tickmesh_proto::model::v1::*;
use tickmesh_proto::server::model::v1::forecast_service_server::ForecastService;
use tickmesh_proto::server::model::v1::registry_service_server::RegistryService;
use tonic::{Request, Response, Status};

use super::Tape;
use super::stream::{Part, live};

pub(crate) struct Model(pub(crate) Tape);

/// Expected return of each symbol: its place in a hundredth of a per cent.
pub(crate) fn expected(place: usize) -> f64 {
    place as f64 * 1e-4
}

/// The drift in each forecast.
pub(crate) const DRIFT: f64 = 5e-5;

/// The signals of one day.
fn signals(tape: &Tape, day: usize) -> Vec<Signal> {
    let fed = (0..tape.symbols.len()).filter(|symbol| tape.has_bar(day, *symbol));
    fed.map(|symbol| signal(tape, symbol, day)).collect()
}

/// The newest signal of each symbol.
fn newest(tape: &Tape, day: usize) -> Vec<Signal> {
    let newest = |symbol| (1..=day).rev().find(|day| tape.has_bar(*day, symbol));
    (0..tape.symbols.len()).filter_map(|symbol| Some(signal(tape, symbol, newest(symbol)?))).collect()
}

fn signal(tape: &Tape, symbol: usize, day: usize) -> Signal {
    Signal {
        symbol: tape.symbols[symbol].clone(),
        action: Action::Hold.into(),
        as_of: Some(tape.close_time(day)),
        ..Signal::default()
    }
}

fn response(tape: &Tape, part: Part) -> StreamSignalsResponse {
    match part {
        Part::Ack(ack) => StreamSignalsResponse { control: Some(Control::Ack(ack)), ..Default::default() },
        Part::Snapshot(day) => StreamSignalsResponse { signals: newest(tape, day), ..Default::default() },
        Part::SnapshotComplete(done, cursor) => {
            StreamSignalsResponse { control: Some(Control::SnapshotComplete(done)), cursor, ..Default::default() }
        }
        Part::Day(day, cursor) => StreamSignalsResponse { signals: signals(tape, day), cursor, ..Default::default() },
    }
}

/// The day at whose close the model was trained: what it forecast before then is in sample.
pub(crate) const TRAINED: usize = 100;

impl Model {
    /// The last symbol has no model.
    fn forecast(&self, symbol: String, as_of: i64) -> ForecastResult {
        let place = self.0.symbols.iter().position(|known| *known == symbol).unwrap();
        let trained = place + 1 < self.0.symbols.len();
        let quality = match trained {
            false => ForecastQuality::Unavailable,
            true if as_of < self.0.close_time(TRAINED).seconds => ForecastQuality::InSample,
            true => ForecastQuality::Good,
        };
        let forecast = Forecast {
            symbol: symbol.clone(),
            expected_return: trained.then(|| expected(place)),
            horizon: 1,
            model_version: format!("models/{symbol}/versions/1"),
            quality: quality.into(),
            signal: Some(Decision { reasons: vec![Reason::NoModel.into()], ..Decision::default() }),
            ..Forecast::default()
        };
        ForecastResult { symbol, result: Some(forecast_result::Result::Forecast(forecast)) }
    }

    /// Whether the model has yet to take in the bar that it is asked about.
    fn is_behind(&self) -> bool {
        let one_less = |left: usize| left.checked_sub(1);
        self.0.behind.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok()
    }
}

fn too_early(symbol: String) -> ForecastResult {
    let fault = tonic::Status::from(Fault::new(Code::OutOfRange, "BEYOND_CLOCK", "the model has not come to it"));
    let error = tickmesh_proto::google::rpc::Status::decode(fault.details()).unwrap();
    ForecastResult { symbol, result: Some(forecast_result::Result::Error(error)) }
}

#[tonic::async_trait]
impl ForecastService for Model {
    async fn batch_predict(
        &self,
        request: Request<BatchPredictRequest>,
    ) -> Result<Response<BatchPredictResponse>, Status> {
        if self.0.mute.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        let BatchPredictRequest { symbols, as_of } = request.into_inner();
        let as_of = as_of.map_or(i64::MAX, |time| time.seconds);
        let behind = self.is_behind();
        let answer = |symbol| if behind { too_early(symbol) } else { self.forecast(symbol, as_of) };
        Ok(Response::new(BatchPredictResponse { results: symbols.into_iter().map(answer).collect() }))
    }

    type StreamSignalsStream = Pin<Box<dyn Stream<Item = Result<Encoded<StreamSignalsResponse>, Status>> + Send>>;

    async fn stream_signals(
        &self,
        request: Request<StreamSignalsRequest>,
    ) -> Result<Response<Self::StreamSignalsStream>, Status> {
        let tape = self.0.clone();
        let parts = live(&self.0, &request.into_inner().resume_after)?;
        let encode = move |part| Ok(Encoded::new(response(&tape, part).encode_to_vec().into()));
        Ok(Response::new(parts.map(encode).boxed()))
    }

    async fn predict(&self, _: Request<PredictRequest>) -> Result<Response<Forecast>, Status> {
        Err(Status::unimplemented("portfolio-svc predicts in batches"))
    }

    async fn predict_portfolio(
        &self,
        _: Request<PredictPortfolioRequest>,
    ) -> Result<Response<PredictPortfolioResponse>, Status> {
        Err(Status::unimplemented("portfolio-svc predicts in batches"))
    }

    async fn list_signals(&self, _: Request<ListSignalsRequest>) -> Result<Response<ListSignalsResponse>, Status> {
        Err(Status::unimplemented("portfolio-svc streams signals"))
    }

    async fn list_forecasts(
        &self,
        _: Request<ListForecastsRequest>,
    ) -> Result<Response<ListForecastsResponse>, Status> {
        Err(Status::unimplemented("portfolio-svc predicts in batches"))
    }
}

#[tonic::async_trait]
impl RegistryService for Model {
    async fn get_model_version(
        &self,
        request: Request<GetModelVersionRequest>,
    ) -> Result<Response<ModelVersion>, Status> {
        let evaluation = Evaluation {
            mse: 4e-4,
            information_coefficient: Some(0.05),
            calibration_drift: Some(DRIFT),
            ..Evaluation::default()
        };
        let name = request.into_inner().name;
        Ok(Response::new(ModelVersion { name, evaluation: Some(evaluation), ..ModelVersion::default() }))
    }

    async fn list_models(&self, _: Request<ListModelsRequest>) -> Result<Response<ListModelsResponse>, Status> {
        Err(Status::unimplemented("portfolio-svc gets versions"))
    }

    async fn get_model(
        &self,
        _: Request<GetModelRequest>,
    ) -> Result<Response<tickmesh_proto::model::v1::Model>, Status> {
        Err(Status::unimplemented("portfolio-svc gets versions"))
    }

    async fn list_model_versions(
        &self,
        _: Request<ListModelVersionsRequest>,
    ) -> Result<Response<ListModelVersionsResponse>, Status> {
        Err(Status::unimplemented("portfolio-svc gets versions"))
    }

    async fn set_alias(
        &self,
        _: Request<SetAliasRequest>,
    ) -> Result<Response<tickmesh_proto::model::v1::Model>, Status> {
        Err(Status::unimplemented("portfolio-svc gets versions"))
    }
}
