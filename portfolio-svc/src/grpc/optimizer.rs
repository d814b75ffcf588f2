use std::sync::Arc;

use futures_util::stream::BoxStream;
use tickmesh_mesh::serve::Ending;
use tickmesh_mesh::status::{Fault, Violations};
use tickmesh_proto::Encoded;
use tickmesh_proto::portfolio::v1::{
    Allocation, GetFrontierRequest, GetFrontierResponse, OptimizeRequest, StreamAllocationsRequest,
    StreamAllocationsResponse,
};
use tickmesh_proto::server::portfolio::v1::optimizer_service_server::OptimizerService;
use tickmesh_proto::types::Symbol;
use tonic::{Request, Response, Status};

use super::{parse, render, stream};
use crate::desk::Desk;
use crate::live::Books;
use crate::plan::Plan;

/// `tickmesh.portfolio.v1.OptimizerService`.
#[derive(Clone)]
pub(crate) struct Optimizer {
    pub(crate) desk: Desk,
    pub(crate) books: Arc<Books>,
}

impl Optimizer {
    /// All symbols when a request names none.
    async fn all(&self, request: &OptimizeRequest) -> Result<Vec<Symbol>, Fault> {
        if !request.symbols.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.desk.market.universe().await?.symbols().cloned().collect())
    }

    async fn plan(&self, request: OptimizeRequest, mut violations: Violations) -> Result<(Plan, Vec<Symbol>), Fault> {
        let all = self.all(&request).await?;
        let plan = parse::once(request, &all, &mut violations);
        let plan = violations.finish_some(plan)?;
        let symbols = if plan.symbols.is_empty() { all } else { plan.symbols.clone() };
        Ok((plan, symbols))
    }
}

#[tonic::async_trait]
impl OptimizerService for Optimizer {
    async fn optimize(&self, request: Request<OptimizeRequest>) -> Result<Response<Allocation>, Status> {
        let (plan, symbols) = self.plan(request.into_inner(), Violations::new()).await?;
        let allocation = self.desk.optimise(plan, symbols).await?;
        Ok(Response::new(render::allocation(&allocation)))
    }

    async fn get_frontier(
        &self,
        request: Request<GetFrontierRequest>,
    ) -> Result<Response<GetFrontierResponse>, Status> {
        let mut violations = Violations::new();
        let (request, points) = parse::frontier(request.into_inner(), &mut violations);
        let (plan, symbols) = self.plan(request, violations).await?;
        let allocations = self.desk.frontier(plan, symbols, points).await?;
        Ok(Response::new(GetFrontierResponse { allocations: allocations.iter().map(render::allocation).collect() }))
    }

    type StreamAllocationsStream = BoxStream<'static, Result<Encoded<StreamAllocationsResponse>, Status>>;

    async fn stream_allocations(
        &self,
        request: Request<StreamAllocationsRequest>,
    ) -> Result<Response<Self::StreamAllocationsStream>, Status> {
        let ending = Ending::of(&request);
        let stream = stream::open(&self.books, &self.desk.market, request.into_inner(), ending).await?;
        Ok(Response::new(stream))
    }
}
