use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, stream};
use tokio::sync::watch;
use tokio::time::timeout;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::EndReason;
use crate::readiness::Readiness;
use crate::status::{Code, Fault};

/// How a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serving {
    /// It answers.
    Serving,
    /// It does not, yet or any more.
    NotServing,
}

/// Says how services are, for a port whose health is not its own readiness: a gateway's depends on what is behind it.
#[tonic::async_trait]
pub trait HealthSource: Send + Sync + 'static {
    /// How a service is; the empty name means the whole. `None` if there is no such service.
    async fn status(&self, service: &str) -> Option<Serving>;
}

/// The health of a port that answers for itself: SERVING once its latches are dropped.
pub(super) struct OwnHealth {
    services: BTreeSet<String>,
    readiness: Readiness,
}

impl OwnHealth {
    pub(super) fn new(services: impl IntoIterator<Item = String>, readiness: Readiness) -> Self {
        Self { services: services.into_iter().collect(), readiness }
    }
}

#[tonic::async_trait]
impl HealthSource for OwnHealth {
    async fn status(&self, service: &str) -> Option<Serving> {
        let known = service.is_empty() || self.services.contains(service);
        known.then(|| if self.readiness.is_ready() { Serving::Serving } else { Serving::NotServing })
    }
}

/// `grpc.health.v1.Health` over a source, overruled by a drain.
#[derive(Clone)]
pub(super) struct Answers {
    source: Arc<dyn HealthSource>,
    readiness: Readiness,
    drain: watch::Receiver<Option<EndReason>>,
}

/// How often a watched status is looked at when nothing tells of a change.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl Answers {
    pub(super) fn new(
        source: Arc<dyn HealthSource>,
        readiness: Readiness,
        drain: watch::Receiver<Option<EndReason>>,
    ) -> Self {
        Self { source, readiness, drain }
    }

    pub(super) fn into_server(self) -> HealthServer<Self> {
        HealthServer::new(self)
    }

    pub(super) fn is_draining(&self) -> bool {
        self.drain.borrow().is_some()
    }

    async fn status(&self, service: &str) -> ServingStatus {
        match self.source.status(service).await {
            None => ServingStatus::ServiceUnknown,
            Some(_) if self.is_draining() => ServingStatus::NotServing,
            Some(Serving::Serving) => ServingStatus::Serving,
            Some(Serving::NotServing) => ServingStatus::NotServing,
        }
    }

    /// Waits until the status may have changed.
    async fn may_have_changed(&mut self, changes: &mut watch::Receiver<u64>) {
        let told = async {
            tokio::select! {
                _ = changes.changed() => {}
                _ = self.drain.changed() => {}
            }
        };
        drop(timeout(LOOK_EVERY, told).await);
    }
}

/// A watch of one service: sends its status, then each other one.
struct Watching {
    answers: Answers,
    changes: watch::Receiver<u64>,
    service: String,
    last: Option<ServingStatus>,
}

impl Watching {
    async fn next(mut self) -> Option<(Result<HealthCheckResponse, Status>, Self)> {
        loop {
            let status = self.answers.status(&self.service).await;
            if self.last != Some(status) {
                self.last = Some(status);
                return Some((Ok(HealthCheckResponse { status: status.into() }), self));
            }
            if self.answers.is_draining() {
                return None; // the last word has been said
            }
            self.answers.may_have_changed(&mut self.changes).await;
        }
    }
}

#[tonic::async_trait]
impl Health for Answers {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        let HealthCheckRequest { service } = request.into_inner();
        match self.status(&service).await {
            ServingStatus::ServiceUnknown => Err(unknown(&service).into()),
            status => Ok(Response::new(HealthCheckResponse { status: status.into() })),
        }
    }

    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let HealthCheckRequest { service } = request.into_inner();
        let watching = Watching { answers: self.clone(), changes: self.readiness.changes(), service, last: None };
        Ok(Response::new(Box::pin(stream::unfold(watching, Watching::next))))
    }
}

fn unknown(service: &str) -> Fault {
    Fault::new(Code::NotFound, "SERVICE_UNKNOWN", format!("no service {service} is served here")).resource(
        "service",
        service,
        "not served on this port",
    )
}
