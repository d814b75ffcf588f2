use tickmesh_mesh::clock;
use tickmesh_mesh::status::{Code, Fault};
use tickmesh_proto::model::v1 as wire;
use tickmesh_proto::server::model::v1::registry_service_server::RegistryService;
use tickmesh_proto::types::Symbol;
use tonic::{Request, Response, Status};

use super::parse::{self, ModelRef, VersionRef};
use super::{Face, owner, render};
use crate::store::{Alias, ModelFacts, VersionFacts};
use crate::usable::unknown_version;
use crate::version::VersionName;

#[tonic::async_trait]
impl RegistryService for Face {
    async fn list_models(
        &self,
        request: Request<wire::ListModelsRequest>,
    ) -> Result<Response<wire::ListModelsResponse>, Status> {
        let (after, page) = parse::models(request.into_inner())?;
        let mut found = self.answers.store.models(after.as_ref(), page.one_more()).await.map_err(Fault::internal)?;
        let next_page_token = page.cut(&mut found, |model| model.symbol.to_string());
        let models = found.into_iter().map(render::model).collect();
        Ok(Response::new(wire::ListModelsResponse { models, next_page_token }))
    }

    async fn get_model(&self, request: Request<wire::GetModelRequest>) -> Result<Response<wire::Model>, Status> {
        let wire::GetModelRequest { name } = request.into_inner();
        let ModelRef(symbol) = parse::model("name", &name)?;
        Ok(Response::new(render::model(self.model(&symbol).await?)))
    }

    async fn list_model_versions(
        &self,
        request: Request<wire::ListModelVersionsRequest>,
    ) -> Result<Response<wire::ListModelVersionsResponse>, Status> {
        let (ModelRef(symbol), before, page) = parse::model_versions(request.into_inner())?;
        self.model(&symbol).await?;
        let mut found = self.versions(&symbol, before, page.one_more()).await?;
        let next_page_token = page.cut(&mut found, |version| version.name.number.to_string());
        let versions = found.into_iter().map(render::version).collect();
        Ok(Response::new(wire::ListModelVersionsResponse { versions, next_page_token }))
    }

    async fn get_model_version(
        &self,
        request: Request<wire::GetModelVersionRequest>,
    ) -> Result<Response<wire::ModelVersion>, Status> {
        let wire::GetModelVersionRequest { name } = request.into_inner();
        let version = self.version(parse::version_ref(&name)?).await?;
        Ok(Response::new(render::version(version)))
    }

    async fn set_alias(&self, request: Request<wire::SetAliasRequest>) -> Result<Response<wire::Model>, Status> {
        let promotion = parse::alias_change(request.into_inner(), owner(), clock::now())?;
        Ok(Response::new(render::model(self.commands.promote(promotion).await?)))
    }
}

impl Face {
    async fn model(&self, symbol: &Symbol) -> Result<ModelFacts, Fault> {
        let found = self.answers.store.model(symbol).await.map_err(Fault::internal)?;
        found.ok_or_else(|| {
            let name = format!("models/{symbol}");
            let text = format!("there is no {name}; train it with `tickmesh train {symbol}`");
            Fault::new(Code::NotFound, "MODEL_UNKNOWN", text).resource("tickmesh.model.v1.Model", name, "not trained")
        })
    }

    async fn versions(&self, symbol: &Symbol, before: u32, limit: usize) -> Result<Vec<VersionFacts>, Fault> {
        self.answers.store.versions(symbol, before, limit).await.map_err(Fault::internal)
    }

    async fn version(&self, asked: VersionRef) -> Result<VersionFacts, Fault> {
        let name = match asked {
            VersionRef::Number(name) => name,
            VersionRef::Alias(symbol, alias) => {
                let model = self.model(&symbol).await?;
                let named = model.aliases.iter().find(|(one, _)| *one == alias);
                let (_, number) = *named.ok_or_else(|| unnamed(&symbol, alias))?;
                VersionName { symbol, number }
            }
        };
        let newest = self.versions(&name.symbol, name.number.saturating_add(1), 1).await?;
        newest.into_iter().find(|version| version.name == name).ok_or_else(|| unknown_version(&name))
    }
}

fn unnamed(symbol: &Symbol, alias: Alias) -> Fault {
    Fault::new(Code::NotFound, "MODEL_VERSION_UNKNOWN", format!("models/{symbol} has no {alias}")).resource(
        "tickmesh.model.v1.ModelVersion",
        format!("models/{symbol}/versions/{alias}"),
        "the alias names no version",
    )
}
