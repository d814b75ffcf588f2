use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tickmesh_mesh::client::Upstream;
use tickmesh_mesh::status::{Code, Fault};
use tickmesh_proto::model::v1::forecast_service_client::ForecastServiceClient;
use tickmesh_proto::model::v1::registry_service_client::RegistryServiceClient;
use tickmesh_proto::model::v1::{BatchPredictRequest, ForecastResult, GetModelVersionRequest};
use tickmesh_proto::types::{Symbol, Timestamp};

use super::insights::{Silence, Skill, Spoken, pair, spoken};
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
    /// FAILED_PRECONDITION, reason NO_FORECAST for symbols without one and reason IN_SAMPLE where the model had seen
    /// the outcome, naming them; OUT_OF_RANGE, reason BEYOND_CLOCK, of a moment that the model has not come to yet; as
    /// model-svc answers.
    pub async fn insights(&self, symbols: &[Symbol], as_of: Timestamp) -> Result<Vec<Insight>, Fault> {
        let request = BatchPredictRequest {
            symbols: symbols.iter().map(ToString::to_string).collect(),
            as_of: Some(as_of.into()),
        };
        let mut client = ForecastServiceClient::new(self.upstream.unary());
        let results = client.batch_predict(request).await?.into_inner().results;
        let mut insights = Vec::with_capacity(symbols.len());
        for said in all_spoken(results)? {
            let skill = self.skill(&said.version).await?;
            insights.push(pair(&said, skill));
        }
        if insights.len() == symbols.len() {
            Ok(insights)
        } else {
            Err(Fault::internal("model-svc answered for another number of symbols than it was asked about"))
        }
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

/// Every answer's forecast; or the first refusal, or all symbols that cannot be used, and why.
fn all_spoken(results: Vec<ForecastResult>) -> Result<Vec<Spoken>, Fault> {
    let (mut all, mut in_sample, mut without) = (Vec::with_capacity(results.len()), Vec::new(), Vec::new());
    for result in results {
        let symbol = result.symbol.clone();
        match spoken(result) {
            Ok(said) => all.push(said),
            Err(Silence::InSample) => in_sample.push(symbol),
            Err(Silence::Without(reasons)) => without.push((symbol, reasons)),
            Err(Silence::Refused(fault)) => return Err(fault),
        }
    }
    if !without.is_empty() {
        return Err(no_forecast(&without));
    }
    if in_sample.is_empty() { Ok(all) } else { Err(seen_in_training(&in_sample)) }
}

fn no_forecast(silent: &[(String, Vec<&str>)]) -> Fault {
    let with_reasons = |(symbol, reasons): &(String, Vec<&str>)| format!("{symbol} ({})", reasons.join(", "));
    let listed: Vec<String> = silent.iter().map(with_reasons).collect();
    let symbols: Vec<&str> = silent.iter().map(|(symbol, _)| symbol.as_str()).collect();
    let message = format!(
        "the model has no forecast for {}; train what has no model, wait for what warms up, or choose other expected returns",
        listed.join(", ")
    );
    Fault::new(Code::FailedPrecondition, "NO_FORECAST", message).meta("symbols", symbols.join(", "))
}

fn seen_in_training(symbols: &[String]) -> Fault {
    let symbols = symbols.join(", ");
    let message = format!(
        "as_of lies in the training range of {symbols}: forecasts there would know the outcome; choose a later as_of or \
         other expected returns"
    );
    Fault::new(Code::FailedPrecondition, "IN_SAMPLE", message).meta("symbols", symbols)
}
