//! A model that forecasts one symbol and runs one operation.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::Stream;
use tickmesh_mesh::status::Violations;
use tickmesh_proto::Encoded;
use tickmesh_proto::google::longrunning::*;
use tickmesh_proto::model::v1::*;
use tickmesh_proto::server::longrunning::operations_server::Operations;
use tickmesh_proto::server::model::v1::forecast_service_server::ForecastService;
use tonic::{Request, Response, Status, async_trait};

/// Clones share what they count.
#[derive(Clone, Default)]
pub(crate) struct Model {
    cancelled: Arc<AtomicUsize>,
    computed: Arc<AtomicUsize>,
}

impl Model {
    /// How often an operation was cancelled.
    pub(crate) fn cancelled(&self) -> usize {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// How often a portfolio was to be computed.
    pub(crate) fn computed(&self) -> usize {
        self.computed.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl ForecastService for Model {
    type StreamSignalsStream = Pin<Box<dyn Stream<Item = Result<Encoded<StreamSignalsResponse>, Status>> + Send>>;

    async fn predict(&self, request: Request<PredictRequest>) -> Result<Response<Forecast>, Status> {
        let request = request.into_inner();
        let mut violations = Violations::new();
        if request.symbol.is_empty() {
            violations.add("symbol", "is required");
        }
        if request.model_version == "bad" {
            violations.add("model_version", "must be models/{model}/versions/{version}");
        }
        violations.finish(())?;
        Ok(Response::new(Forecast { symbol: request.symbol, expected_return: Some(0.001), ..Forecast::default() }))
    }

    async fn batch_predict(&self, _: Request<BatchPredictRequest>) -> Result<Response<BatchPredictResponse>, Status> {
        Err(Status::unimplemented("not needed here"))
    }

    async fn predict_portfolio(
        &self,
        _: Request<PredictPortfolioRequest>,
    ) -> Result<Response<PredictPortfolioResponse>, Status> {
        self.computed.fetch_add(1, Ordering::Relaxed);
        Err(Status::unimplemented("not needed here"))
    }

    async fn list_signals(&self, _: Request<ListSignalsRequest>) -> Result<Response<ListSignalsResponse>, Status> {
        Err(Status::unimplemented("not needed here"))
    }

    async fn list_forecasts(
        &self,
        _: Request<ListForecastsRequest>,
    ) -> Result<Response<ListForecastsResponse>, Status> {
        Err(Status::unimplemented("not needed here"))
    }

    async fn stream_signals(
        &self,
        _: Request<StreamSignalsRequest>,
    ) -> Result<Response<Self::StreamSignalsStream>, Status> {
        Err(Status::unimplemented("not needed here"))
    }
}

#[async_trait]
impl Operations for Model {
    async fn list_operations(
        &self,
        request: Request<ListOperationsRequest>,
    ) -> Result<Response<ListOperationsResponse>, Status> {
        let name = format!("{}/7", request.into_inner().name);
        let operations = vec![Operation { name, ..Operation::default() }];
        Ok(Response::new(ListOperationsResponse { operations, ..Default::default() }))
    }

    async fn get_operation(&self, request: Request<GetOperationRequest>) -> Result<Response<Operation>, Status> {
        Ok(Response::new(Operation { name: request.into_inner().name, ..Operation::default() }))
    }

    async fn delete_operation(&self, _: Request<DeleteOperationRequest>) -> Result<Response<()>, Status> {
        Ok(Response::new(()))
    }

    async fn cancel_operation(&self, _: Request<CancelOperationRequest>) -> Result<Response<()>, Status> {
        self.cancelled.fetch_add(1, Ordering::Relaxed);
        Ok(Response::new(()))
    }

    async fn wait_operation(&self, request: Request<WaitOperationRequest>) -> Result<Response<Operation>, Status> {
        Ok(Response::new(Operation { name: request.into_inner().name, done: true, ..Operation::default() }))
    }
}
