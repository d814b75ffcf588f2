//! What operators ask: alive, ready, figures.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use http::{HeaderName, Request, Response, StatusCode, header};
use serde::Serialize;
use tokio::sync::watch;

use super::EndReason;
use crate::readiness::{LatchState, Readiness};
use crate::status::{Code, Fault};
use crate::telemetry;

/// What the operators' pages tell about.
pub(super) struct Ops {
    pub(super) readiness: Readiness,
    pub(super) drain: watch::Receiver<Option<EndReason>>,
}

/// The answer of `/readyz`.
#[derive(Serialize)]
struct Ready {
    ready: bool,
    draining: bool,
    latches: Vec<LatchState>,
}

impl Ops {
    pub(super) fn into_router(self) -> Router {
        Router::new()
            .route("/livez", get(livez))
            .route("/readyz", get(readyz))
            .route("/metrics", get(figures))
            .with_state(Arc::new(self))
    }

    fn ready(&self) -> Ready {
        let latches = self.readiness.open();
        let draining = self.drain.borrow().is_some();
        Ready { ready: latches.is_empty() && !draining, draining, latches }
    }
}

/// Alive: the process answers. Depends on nothing else.
async fn livez() -> &'static str {
    "ok\n"
}

async fn readyz(State(ops): State<Arc<Ops>>) -> (StatusCode, axum::Json<Ready>) {
    let ready = ops.ready();
    let status = if ready.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, axum::Json(ready))
}

async fn figures() -> impl IntoResponse {
    const TEXT: [(HeaderName, &str); 1] = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (TEXT, telemetry::render())
}

/// The answer for a path that nothing serves.
pub(super) async fn no_such_path(request: Request<Body>) -> Response<Body> {
    let path = request.uri().path();
    let fault = Fault::new(Code::NotFound, "PATH_UNKNOWN", format!("nothing is served under {path}")).resource(
        "path",
        path,
        "not served on this port",
    );
    (StatusCode::NOT_FOUND, axum::Json(fault.to_json())).into_response()
}
