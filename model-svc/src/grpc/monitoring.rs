use tickmesh_mesh::status::Fault;
use tickmesh_proto::model::v1 as wire;
use tickmesh_proto::server::model::v1::monitoring_service_server::MonitoringService;
use tonic::{Request, Response, Status};

use super::{Face, parse, render};
use crate::monitor::{Scores, scores};

#[tonic::async_trait]
impl MonitoringService for Face {
    async fn get_live_score(
        &self,
        request: Request<wire::GetLiveScoreRequest>,
    ) -> Result<Response<wire::GetLiveScoreResponse>, Status> {
        let wire::GetLiveScoreRequest { symbols } = request.into_inner();
        let found = self.scores(parse::symbols(symbols)?).await?;
        Ok(Response::new(render::live_score(&found)))
    }
}

impl Face {
    /// On the compute pool, since the rank correlations sort.
    async fn scores(&self, parse::Symbols(symbols): parse::Symbols) -> Result<Scores, Fault> {
        for symbol in symbols.iter().flatten() {
            self.answers.shared.standing(symbol.as_str())?;
        }
        let board = self.answers.shared.board.load_full();
        self.answers.cpu.run(move || scores(&board, symbols.as_deref())).await
    }
}
