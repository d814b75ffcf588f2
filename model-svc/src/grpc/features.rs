use tickmesh_proto::model::v1 as wire;
use tickmesh_proto::server::model::v1::feature_service_server::FeatureService;
use tonic::{Request, Response, Status};

use super::{Face, parse, render};

#[tonic::async_trait]
impl FeatureService for Face {
    async fn list_features(
        &self,
        request: Request<wire::ListFeaturesRequest>,
    ) -> Result<Response<wire::ListFeaturesResponse>, Status> {
        let wire::ListFeaturesRequest {} = request.into_inner();
        Ok(Response::new(render::feature_list()))
    }

    async fn get_features(
        &self,
        request: Request<wire::GetFeaturesRequest>,
    ) -> Result<Response<wire::GetFeaturesResponse>, Status> {
        let (symbol, as_of) = parse::features(request.into_inner())?;
        let found = self.answers.features(&symbol, as_of).await?;
        Ok(Response::new(render::features_at(&found)))
    }

    async fn verify_parity(
        &self,
        request: Request<wire::VerifyParityRequest>,
    ) -> Result<Response<wire::VerifyParityResponse>, Status> {
        let (symbol, range) = parse::parity(request.into_inner())?;
        let found = self.answers.parity(&symbol, range).await?;
        Ok(Response::new(render::parity(found)))
    }
}
