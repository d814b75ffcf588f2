//! Training seen from outside: starts the operation, shows its progress and the figures beside persistence.

use std::time::Duration;

use prost::Message as _;
use tickmesh_mesh::client::{Backoff, is_lost};
use tickmesh_proto::google;
use tickmesh_proto::google::longrunning::operations_client::OperationsClient;
use tickmesh_proto::google::longrunning::{GetOperationRequest, Operation, operation};
use tickmesh_proto::model::v1::training_service_client::TrainingServiceClient;
use tickmesh_proto::model::v1::{ModelVersion, TrainModelsMetadata, TrainModelsRequest, TrainModelsResponse};
use tonic::Status;
use tonic::transport::Channel;

use crate::failure::Failure;
use crate::output;
use crate::progress::Progress;

const POLL: Duration = Duration::from_millis(100);

/// The longest pause after a lost poll.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// As many polls in a row may be lost: all of them take most of a minute, in which a part of the mesh starts anew.
const LOST_IN_A_ROW: usize = 50;

/// Trains while `watched` gets each state, and gives the result.
pub async fn run(
    channel: Channel,
    request: TrainModelsRequest,
    mut watched: impl FnMut(&TrainModelsMetadata),
) -> Result<TrainModelsResponse, Failure> {
    let started = TrainingServiceClient::new(channel.clone()).train_models(request).await?.into_inner();
    let operations = OperationsClient::new(channel);
    let mut operation = started;
    while !operation.done {
        tokio::time::sleep(POLL).await;
        let request = GetOperationRequest { name: operation.name };
        let ask = || {
            let (mut operations, request) = (operations.clone(), request.clone());
            async move { operations.get_operation(request).await }
        };
        operation = answered(ask).await?.into_inner();
        if let Some(metadata) = decode_metadata(&operation)? {
            watched(&metadata);
        }
    }
    result(operation)
}

/// Asks until there is an answer. A training outlives a lost question, as on a connection that reached its age, and so
/// does whoever waits for one.
pub async fn answered<T, A>(ask: impl Fn() -> A) -> Result<T, Status>
where
    A: Future<Output = Result<T, Status>>,
{
    answered_after(Backoff::new(POLL, LONGEST_PAUSE), ask).await
}

async fn answered_after<T, A>(mut backoff: Backoff, ask: impl Fn() -> A) -> Result<T, Status>
where
    A: Future<Output = Result<T, Status>>,
{
    for _ in 0..LOST_IN_A_ROW {
        match ask().await {
            Err(status) if is_lost(&status) => backoff.wait().await,
            answer => return answer,
        }
    }
    ask().await
}

/// Trains and shows how far it is, unless a program reads.
pub async fn shown(channel: Channel, request: TrainModelsRequest, json: bool) -> Result<TrainModelsResponse, Failure> {
    let mut progress = Progress::unless(json, "training", "fits");
    let result = run(channel, request, |now| show(now, &mut progress)).await;
    progress.end();
    result
}

/// Shows how far a training is, in fits: those of the folds and the final ones.
pub fn show(TrainModelsMetadata { done, total, symbol, .. }: &TrainModelsMetadata, progress: &mut Progress) {
    progress.at(u64::from(*done), u64::from(*total), symbol);
}

fn decode_metadata(operation: &Operation) -> Result<Option<TrainModelsMetadata>, Failure> {
    let decode = |any: &prost_types::Any| TrainModelsMetadata::decode(any.value.as_slice());
    operation.metadata.as_ref().map(decode).transpose().map_err(Failure::runtime)
}

fn result(operation: Operation) -> Result<TrainModelsResponse, Failure> {
    match operation.result {
        Some(operation::Result::Response(any)) => {
            TrainModelsResponse::decode(any.value.as_slice()).map_err(Failure::runtime)
        }
        Some(operation::Result::Error(google::rpc::Status { code, message, details })) => {
            let encoded = google::rpc::Status { code, message: message.clone(), details }.encode_to_vec();
            Err(tonic::Status::with_details(code.into(), format!("training ended: {message}"), encoded.into()).into())
        }
        None => Err(Failure::runtime("training ended without a result")),
    }
}

/// The walk-forward figures of new versions, each beside the persistence baseline.
pub fn figures(versions: &[ModelVersion]) -> String {
    let head = [
        "symbol",
        "family",
        "rows",
        "MSE ÷ persistence",
        "±",
        "IC",
        "hit rate (95 %)",
        "coverage",
        "price R²",
        "persistence's",
    ];
    output::table(&head, 2, versions.iter().map(figures_row))
}

fn figures_row(version: &ModelVersion) -> Vec<String> {
    let evaluation = version.evaluation.unwrap_or_default();
    let hit = match (evaluation.hit_rate, evaluation.hit_rate_lower, evaluation.hit_rate_upper) {
        (Some(rate), Some(low), Some(high)) => format!("{rate:.3} [{low:.3}, {high:.3}]"),
        _ => "–".into(),
    };
    vec![
        version.symbol.clone(),
        output::short(version.family().as_str_name(), "MODEL_FAMILY_").to_lowercase(),
        evaluation.rows.to_string(),
        format!("{:.4}", 1.0 - evaluation.mse_skill),
        format!("{:.4}", evaluation.mse_skill_error),
        output::number(evaluation.information_coefficient, 3),
        hit,
        output::number(evaluation.coverage, 3),
        format!("{:.4}", evaluation.price_r2),
        format!("{:.4}", evaluation.price_r2_persistence),
    ]
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// How often a question is asked of which the first `lost` fail, and whether it is answered.
    async fn asked(lost: usize, failure: Status) -> (usize, bool) {
        let asked = AtomicUsize::new(0);
        let ask = async || match asked.fetch_add(1, Ordering::Relaxed) {
            before if before < lost => Err(failure.clone()),
            _ => Ok(()),
        };
        let answer = answered_after(Backoff::new(Duration::ZERO, Duration::ZERO), ask).await;
        (asked.into_inner(), answer.is_ok())
    }

    #[tokio::test]
    async fn a_lost_poll_ends_no_training_and_a_refused_one_does() {
        for lost in [Status::unavailable("draining"), Status::unknown("transport error")] {
            assert_eq!(asked(3, lost.clone()).await, (4, true));
            assert_eq!(asked(LOST_IN_A_ROW, lost.clone()).await, (LOST_IN_A_ROW + 1, true));
            assert_eq!(asked(usize::MAX, lost).await, (LOST_IN_A_ROW + 1, false));
        }
        assert_eq!(asked(1, Status::not_found("there is no such operation")).await, (1, false));
    }
}
