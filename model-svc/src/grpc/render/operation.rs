use prost::Message;
use prost_types::Any;
use tickmesh_mesh::status::{Code, Fault};
use tickmesh_proto::google::longrunning::{self, operation::Result as Ended};
use tickmesh_proto::google::rpc::Status;
use tickmesh_proto::model::v1 as wire;

use super::forecast::{count, status};
use super::model::{evaluation, version};
use crate::jobs::{EvaluateProgress, EvaluateReport, Skipped, TrainProgress, TrainReport, View, Wire};
use crate::store::{Outcome, State};

/// Encodes what operations carry as `google.protobuf.Any` and `google.rpc.Status`.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProtoWire;

fn any(name: &str, message: &impl Message) -> Vec<u8> {
    let type_url = format!("type.googleapis.com/tickmesh.model.v1.{name}");
    Any { type_url, value: message.encode_to_vec() }.encode_to_vec()
}

impl Wire for ProtoWire {
    fn training(&self, progress: &TrainProgress) -> Vec<u8> {
        let TrainProgress { done, total, symbol, best, begun, expected_end, trained } = progress;
        let message = wire::TrainModelsMetadata {
            done: count(*done),
            total: count(*total),
            symbol: symbol.as_ref().map_or_else(String::new, ToString::to_string),
            best_score: *best,
            create_time: Some((*begun).into()),
            estimated_end_time: expected_end.map(Into::into),
            trained_symbols: trained.iter().map(ToString::to_string).collect(),
        };
        any("TrainModelsMetadata", &message)
    }

    fn trained(&self, report: &TrainReport) -> Vec<u8> {
        let skipped = |Skipped { symbol, reason, message }: &Skipped| wire::SkippedSymbol {
            symbol: symbol.to_string(),
            reason: (*reason).to_owned(),
            message: message.clone(),
        };
        let message = wire::TrainModelsResponse {
            versions: report.versions.iter().cloned().map(version).collect(),
            skipped: report.skipped.iter().map(skipped).collect(),
        };
        any("TrainModelsResponse", &message)
    }

    fn evaluating(&self, progress: &EvaluateProgress) -> Vec<u8> {
        let EvaluateProgress { done, total, begun } = *progress;
        let message =
            wire::EvaluateModelMetadata { done: count(done), total: count(total), create_time: Some(begun.into()) };
        any("EvaluateModelMetadata", &message)
    }

    fn evaluated(&self, report: &EvaluateReport) -> Vec<u8> {
        let EvaluateReport { version, evaluation: figures, calibration, start, end } = report;
        let message = wire::EvaluateModelResponse {
            name: version.to_string(),
            evaluation: Some(evaluation(figures, calibration)),
            start_time: Some((*start).into()),
            end_time: Some((*end).into()),
        };
        any("EvaluateModelResponse", &message)
    }

    fn failure(&self, fault: Fault) -> Vec<u8> {
        status(fault).encode_to_vec()
    }

    fn code(&self, failure: &[u8]) -> Code {
        Status::decode(failure).map_or(Code::Internal, |status| Code::from(tonic::Code::from_i32(status.code)))
    }
}

/// An operation as Google's contract has it.
///
/// # Errors
/// If what is stored is no message.
pub(in crate::grpc) fn operation(view: &View) -> Result<longrunning::Operation, Fault> {
    let View { id, metadata, state } = view;
    let metadata = Any::decode(metadata.as_slice()).map_err(Fault::internal)?;
    let result = match state {
        State::Running => None,
        State::Ended(Outcome::Response(bytes)) => {
            Some(Ended::Response(Any::decode(bytes.as_slice()).map_err(Fault::internal)?))
        }
        State::Ended(Outcome::Failure(bytes)) => {
            Some(Ended::Error(Status::decode(bytes.as_slice()).map_err(Fault::internal)?))
        }
    };
    Ok(longrunning::Operation {
        name: format!("operations/model/{id}"),
        metadata: Some(metadata),
        done: result.is_some(),
        result,
    })
}
