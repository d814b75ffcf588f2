//! The gRPC face: parse → call the domain → render. Nothing else in this crate knows protobuf or tonic.

mod features;
mod forecasts;
mod market;
mod monitoring;
mod operations;
mod page;
mod parse;
mod registry;
mod render;
mod signals;
mod training;

use std::sync::Arc;

use tickmesh_mesh::context;
use tickmesh_mesh::serve::MAX_RESPONSE_BYTES;
use tickmesh_proto::server::longrunning::operations_server::OperationsServer;
use tickmesh_proto::server::model::v1::feature_service_server::FeatureServiceServer;
use tickmesh_proto::server::model::v1::forecast_service_server::ForecastServiceServer;
use tickmesh_proto::server::model::v1::monitoring_service_server::MonitoringServiceServer;
use tickmesh_proto::server::model::v1::registry_service_server::RegistryServiceServer;
use tickmesh_proto::server::model::v1::training_service_server::TrainingServiceServer;
use tonic::service::Routes;

pub use market::{MarketClient, follow};
pub use render::ProtoWire;
pub use signals::SignalLog;

use crate::ask::Answers;
use crate::jobs::Jobs;
use crate::pipeline::Commands;

/// Full names of the services served here, for health and reflection.
pub const SERVICES: &[&str] = &[
    "tickmesh.model.v1.ForecastService",
    "tickmesh.model.v1.TrainingService",
    "tickmesh.model.v1.RegistryService",
    "tickmesh.model.v1.FeatureService",
    "tickmesh.model.v1.MonitoringService",
    "google.longrunning.Operations",
];

/// What the handlers call.
#[derive(Clone)]
pub struct Face {
    /// Answers about symbols.
    pub answers: Answers,
    /// Long work.
    pub jobs: Jobs,
    /// The way to the live loop.
    pub commands: Commands,
    /// The stream of signals.
    pub signals: Arc<SignalLog>,
}

/// All services of this part.
pub fn routes(face: Face) -> Routes {
    let face = Arc::new(face);
    macro_rules! server {
        ($server:ident) => {
            $server::from_arc(Arc::clone(&face)).max_encoding_message_size(MAX_RESPONSE_BYTES)
        };
    }
    Routes::new(server!(ForecastServiceServer))
        .add_service(server!(TrainingServiceServer))
        .add_service(server!(RegistryServiceServer))
        .add_service(server!(FeatureServiceServer))
        .add_service(server!(MonitoringServiceServer))
        .add_service(server!(OperationsServer))
}

/// Who a call's work belongs to.
fn owner() -> String {
    let caller = context::current().map(|context| context.caller);
    caller.map_or_else(|| "anonymous".to_owned(), |caller| format!("{}/{}", caller.tenant, caller.subject))
}
