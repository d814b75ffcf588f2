//! The health of the whole mesh: the gateway's own readiness and what each part answers.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use futures_util::future::join_all;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use serde::Serialize;
use serde_json::Value as Json;
use tickmesh_mesh::client::Upstream;
use tickmesh_mesh::readiness::{LatchState, Readiness};
use tickmesh_mesh::serve::{HealthSource, Serving};
use tokio::time::{Instant, timeout};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tower::ServiceExt as _;

use crate::contract::{Destination, Part};
use crate::upstreams::Upstreams;

/// How long a part may take to say how it is.
const PROBE_TIME: Duration = Duration::from_secs(1);

/// The most that a part may say about it.
const MAX_PROBE_BYTES: usize = 256 * 1024;

/// The query that asks for a code of 200 whatever the state.
const ALWAYS_OK: &str = "not_serving=200";

fn is_always_ok(query: Option<&str>) -> bool {
    query.is_some_and(|query| query.split('&').any(|parameter| parameter == ALWAYS_OK))
}

/// How the mesh, or a part of it, is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// All is well.
    Serving,
    /// A part is lost or not ready; the rest serves.
    Degraded,
    /// Nothing is served: the gateway is not ready or drains, or no part serves.
    NotServing,
}

/// The answer of `/health`.
#[derive(Debug, Serialize)]
pub struct Health {
    /// The mesh as a whole.
    pub status: State,
    /// Each part by its name.
    pub parts: BTreeMap<&'static str, PartHealth>,
    /// What the gateway itself waits for.
    pub latches: Vec<LatchState>,
}

/// One part's answer.
#[derive(Debug, Serialize)]
pub struct PartHealth {
    /// SERVING or NOT_SERVING.
    pub status: State,
    /// How long the answer took, in milliseconds; absent when there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// What it waits for, each with its name and progress.
    pub latches: Vec<Json>,
    /// Why there is no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Asks every part.
#[derive(Clone)]
pub struct Prober {
    upstreams: Upstreams,
    readiness: Readiness,
}

impl Prober {
    /// Asks `upstreams`, and takes `readiness` for the gateway's own.
    pub fn new(upstreams: Upstreams, readiness: Readiness) -> Self {
        Self { upstreams, readiness }
    }

    /// The mesh's health now; a gateway that drains serves nothing new.
    pub async fn health(&self, is_draining: bool) -> Health {
        let probes = Part::ALL.map(|part| async move { (part.name(), probe(self.upstreams.of(part)).await) });
        let parts: BTreeMap<_, _> = join_all(probes).await.into_iter().collect();
        let states: Vec<State> = parts.values().map(|part| part.status).collect();
        Health {
            status: whole(self.readiness.is_ready() && !is_draining, &states),
            parts,
            latches: self.readiness.open(),
        }
    }

    /// How one service is at the part that serves it; `None` if the contracts have no such service.
    async fn service(&self, name: &str) -> Option<Serving> {
        let part = match Destination::of_service(name)? {
            Destination::Part(part) => part,
            Destination::Operation => Part::Model,
        };
        let mut client = HealthClient::new(self.upstreams.of(part).unary());
        let request = HealthCheckRequest { service: name.to_owned() };
        let answer = timeout(PROBE_TIME, client.check(request)).await;
        match answer.map(|answer| answer.map(|response| response.into_inner().status())) {
            Ok(Ok(ServingStatus::Serving)) => Some(Serving::Serving),
            Ok(Err(status)) if status.code() == tonic::Code::NotFound => None,
            _ => Some(Serving::NotServing),
        }
    }

    /// The answer of `GET /health`. With `?not_serving=200` its code is always 200: a page reads the body, and its
    /// browser would report any other code as an error of the page.
    pub async fn response(&self, is_draining: bool, query: Option<&str>) -> Response<Body> {
        let health = self.health(is_draining).await;
        let body = serde_json::to_vec(&health).expect("health holds only texts and finite numbers");
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = match health.status {
            State::NotServing if !is_always_ok(query) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::OK,
        };
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}

/// The whole serves while the gateway is ready: a lost part is a degraded mesh, not a dead one.
#[tonic::async_trait]
impl HealthSource for Prober {
    async fn status(&self, service: &str) -> Option<Serving> {
        match service {
            "" if self.readiness.is_ready() => Some(Serving::Serving),
            "" => Some(Serving::NotServing),
            name => self.service(name).await,
        }
    }
}

fn whole(ready: bool, parts: &[State]) -> State {
    let serving = parts.iter().filter(|state| **state == State::Serving).count();
    match serving {
        _ if !ready => State::NotServing,
        0 => State::NotServing,
        serving if serving < parts.len() => State::Degraded,
        _ => State::Serving,
    }
}

async fn probe(upstream: &Upstream) -> PartHealth {
    let start = Instant::now();
    match timeout(PROBE_TIME, ask(upstream)).await {
        Ok(Ok((status, latches))) => {
            let latency_ms = (start.elapsed().as_secs_f64() * 1e6).round() / 1e3;
            PartHealth { status, latency_ms: Some(latency_ms), latches, error: None }
        }
        Ok(Err(error)) => lost(error),
        Err(_) => lost(format!("no answer within {PROBE_TIME:?}")),
    }
}

fn lost(error: String) -> PartHealth {
    PartHealth { status: State::NotServing, latency_ms: None, latches: Vec::new(), error: Some(error) }
}

/// Reads a part's `/readyz` over the connection that its calls take.
async fn ask(upstream: &Upstream) -> Result<(State, Vec<Json>), String> {
    let request = Request::get("/readyz").body(tonic::body::Body::empty()).map_err(|error| error.to_string())?;
    let response = upstream.unary().oneshot(request).await.map_err(|status| status.message().to_owned())?;
    let status = if response.status().is_success() { State::Serving } else { State::NotServing };
    let body =
        Limited::new(response.into_body(), MAX_PROBE_BYTES).collect().await.map_err(|error| error.to_string())?;
    Ok((status, latches(&body.to_bytes())))
}

fn latches(body: &[u8]) -> Vec<Json> {
    let body: Json = serde_json::from_slice(body).unwrap_or_default();
    body["latches"].as_array().cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_lost_part_degrades_and_all_lost_parts_end_it() {
        use State::{Degraded, NotServing, Serving};
        assert_eq!(whole(true, &[Serving, Serving, Serving]), Serving);
        assert_eq!(whole(true, &[Serving, NotServing, Serving]), Degraded);
        assert_eq!(whole(true, &[NotServing, NotServing, NotServing]), NotServing);
        assert_eq!(whole(false, &[Serving, Serving, Serving]), NotServing);
    }

    #[tokio::test]
    async fn a_part_out_of_reach_is_not_serving() {
        let prober = Prober::new(crate::testing::upstreams(), Readiness::new());
        let health = prober.health(false).await;
        assert_eq!(health.status, State::NotServing);
        assert!(health.parts["model"].error.is_some());
        assert_eq!(prober.response(false, None).await.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(prober.response(false, Some("x=1&not_serving=200")).await.status(), StatusCode::OK);
    }

    #[test]
    fn latches_are_handed_on() {
        assert_eq!(latches(br#"{"ready":false,"latches":[{"name":"market/import"}]}"#)[0]["name"], "market/import");
        assert!(latches(b"ok").is_empty());
    }
}
