use tickmesh_proto::google::longrunning::Operation;
use tickmesh_proto::model::v1 as wire;
use tickmesh_proto::server::model::v1::training_service_server::TrainingService;
use tonic::{Request, Response, Status};

use super::{Face, owner, parse, render};

#[tonic::async_trait]
impl TrainingService for Face {
    async fn train_models(&self, request: Request<wire::TrainModelsRequest>) -> Result<Response<Operation>, Status> {
        let (launch, order) = parse::train(request.into_inner(), owner())?;
        let view = self.jobs.train(launch, order).await?;
        Ok(Response::new(render::operation(&view)?))
    }

    async fn evaluate_model(
        &self,
        request: Request<wire::EvaluateModelRequest>,
    ) -> Result<Response<Operation>, Status> {
        let (launch, order) = parse::evaluate(request.into_inner(), owner())?;
        let view = self.jobs.evaluate(launch, order).await?;
        Ok(Response::new(render::operation(&view)?))
    }
}
