use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tickmesh_mesh::client::Upstream;
use tickmesh_mesh::status::{Code, Fault};
use tickmesh_proto::model::v1::forecast_service_client::ForecastServiceClient;
use tickmesh_proto::model::v1::registry_service_client::RegistryServiceClient;
use tickmesh_proto::model::v1::{BatchPredictRequest, GetModelVersionRequest};
use tickmesh_proto::types::{Symbol, Timestamp};

use super::insights::{Skill, Spoken, pair, spoken};
use crate::plan::Insight;

/// How many versions' skills are remembered; they never change.
const REMEMBERED: usize = 4096;

/// The handle on model-svc. Clones share what is remembered.
#[derive(Clone)]
pub struct Model {
    upstream: Upstream,
    skills: Arc<Mutex<HashMap<String, Skill>>>,
}

impl Model {
    /// Speaks to model-svc by `upstream`.
    pub fn new(upstream: Upstream) -> Self {
        Self { upstream, skills: Arc::default() }
    }

    pub(crate) fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    /// What the model says about each symbol at `as_of`, in their order.
    ///
    /// # Errors
    /// FAILED_PRECONDITION, reason NO_FORECAST, naming the symbols without one; as model-svc answers.
    pub async fn insights(&self, symbols: &[Symbol], as_of: Timestamp) -> Result<Vec<Insight>, Fault> {
        let request = BatchPredictRequest {
            symbols: symbols.iter().map(ToString::to_string).collect(),
            as_of: Some(as_of.into()),
        };
        let mut client = ForecastServiceClient::new(self.upstream.unary());
        let results = client.batch_predict(request).await?.into_inner().results;
        let mut spoken_by: HashMap<String, Spoken> =
            results.into_iter().filter_map(|result| Some((result.symbol.clone(), spoken(result)?))).collect();
        let silent: Vec<&str> =
            symbols.iter().map(Symbol::as_str).filter(|symbol| !spoken_by.contains_key(*symbol)).collect();
        if !silent.is_empty() {
            return Err(no_forecast(&silent));
        }
        let mut insights = Vec::with_capacity(symbols.len());
        for symbol in symbols {
            let said = spoken_by.remove(symbol.as_str()).ok_or_else(|| no_forecast(&[symbol.as_str()]))?;
            let skill = self.skill(&said.version).await?;
            insights.push(pair(&said, skill));
        }
        Ok(insights)
    }

    async fn skill(&self, version: &str) -> Result<Skill, Fault> {
        if let Some(skill) = self.remembered().get(version) {
            return Ok(*skill);
        }
        let request = GetModelVersionRequest { name: version.to_owned() };
        let mut client = RegistryServiceClient::new(self.upstream.unary());
        let skill = Skill::from(client.get_model_version(request).await?.into_inner().evaluation.unwrap_or_default());
        let mut remembered = self.remembered();
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        remembered.insert(version.to_owned(), skill);
        Ok(skill)
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, HashMap<String, Skill>> {
        self.skills.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn no_forecast(symbols: &[&str]) -> Fault {
    let symbols = symbols.join(", ");
    let message = format!("the model has no forecast for {symbols}; train them, or choose other expected returns");
    Fault::new(Code::FailedPrecondition, "NO_FORECAST", message).meta("symbols", symbols)
}
