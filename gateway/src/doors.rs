//! Every door on one router: which request goes where.
//!
//! 1. `/{package.Service}/{Method}` → native gRPC and gRPC-Web, passed through; anything else is told where JSON goes;
//! 2. `/health`, `/openapi.json`, `/ws/realtime`, `/docs` → the gateway's own;
//! 3. any path of an HTTP rule → REST;
//! 4. anything else → the dashboard's files, or 404.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts as _, State};
use axum::routing::{any, get};
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{HeaderMap, Method as Verb, Request, Response, StatusCode};
use sha2::{Digest as _, Sha256};
use tickmesh_mesh::readiness::Readiness;
use tickmesh_mesh::serve::{EndReason, Ending};
use tonic_web::GrpcWebLayer;
use tower::Layer as _;

use crate::contract::Contracts;
use crate::grpc_only::GrpcOnly;
use crate::health::Prober;
use crate::openapi;
use crate::pages::{File, dashboard, docs};
use crate::proxy::Proxy;
use crate::transcode::Rest;
use crate::transcode::error::{ErrorResponse, bad_field};
use crate::upstreams::Upstreams;
use crate::websocket::{MissingFeed, Realtime};

/// Every door, ready to be served.
#[derive(Clone)]
pub struct Doors {
    contracts: Arc<Contracts>,
    proxy: Proxy,
    rest: Rest,
    realtime: Realtime,
    prober: Prober,
    errors: ErrorResponse,
    openapi: File,
}

impl Doors {
    /// Doors to `upstreams` for everything in `contracts`, with room for `max_websockets`.
    ///
    /// # Errors
    /// If the contracts lack the rpc behind a WebSocket channel.
    pub fn new(
        contracts: Contracts,
        upstreams: Upstreams,
        readiness: Readiness,
        max_websockets: usize,
    ) -> Result<Self, MissingFeed> {
        let contracts = Arc::new(contracts);
        Ok(Self {
            proxy: Proxy::new(Arc::clone(&contracts), upstreams.clone()),
            rest: Rest::new(&contracts, upstreams.clone()),
            realtime: Realtime::new(&contracts, upstreams.clone(), max_websockets)?,
            prober: Prober::new(upstreams, readiness),
            errors: ErrorResponse::new(contracts.pool().clone()),
            openapi: reference(&contracts),
            contracts,
        })
    }

    /// How the mesh is.
    pub fn prober(&self) -> &Prober {
        &self.prober
    }

    /// gRPC and gRPC-Web for every service of the contracts.
    pub fn grpc(&self) -> Router {
        let services = self.contracts.services();
        services.fold(Router::new(), |router, service| {
            let door = GrpcWebLayer::new().layer(self.proxy.clone());
            let door = GrpcOnly::new(door, Arc::clone(&self.contracts), self.errors.clone());
            router.route_service(&format!("/{service}/{{*method}}"), door)
        })
    }

    /// Everything else.
    pub fn http(&self) -> Router {
        Router::new()
            .route("/health", get(health))
            .route("/openapi.json", get(openapi))
            .route("/ws/realtime", any(realtime))
            .fallback(fallback)
            .with_state(Arc::new(self.clone()))
    }
}

async fn health(State(doors): State<Arc<Doors>>, request: Request<Body>) -> Response<Body> {
    let ended = Ending::of(&request).now_or_never();
    doors.prober.response(ended == Some(EndReason::Draining), request.uri().query()).await
}

async fn openapi(State(doors): State<Arc<Doors>>, headers: HeaderMap) -> Response<Body> {
    doors.openapi.clone().response(&headers)
}

/// The OpenAPI document: some hundred kilobytes that never change.
fn reference(contracts: &Contracts) -> File {
    let bytes = Bytes::from(openapi::document(contracts).to_string());
    let digest = format!("{:x}", Sha256::digest(&bytes));
    File { bytes, content_type: "application/json".into(), digest, is_immutable: false }
}

async fn realtime(State(doors): State<Arc<Doors>>, request: Request<Body>) -> Response<Body> {
    let ending = Ending::of(&request);
    let (mut head, _) = request.into_parts();
    match WebSocketUpgrade::from_request_parts(&mut head, &()).await {
        Ok(upgrade) => doors.realtime.upgrade(upgrade, ending),
        Err(rejection) => {
            let fault = bad_field("upgrade", format!("must be a WebSocket handshake: {rejection}"));
            doors.errors.with_code(StatusCode::UPGRADE_REQUIRED, &fault.into())
        }
    }
}

async fn fallback(State(doors): State<Arc<Doors>>, request: Request<Body>) -> Response<Body> {
    match doors.rest.answer(request).await {
        Ok(response) => response,
        Err(request) => page(&doors.errors, &request),
    }
}

fn page(errors: &ErrorResponse, request: &Request<Body>) -> Response<Body> {
    let (verb, path) = (request.method(), request.uri().path());
    match docs(path).or_else(|| dashboard(path)) {
        Some(file) if verb == Verb::GET || verb == Verb::HEAD => file.response(request.headers()),
        Some(_) => errors.other_verbs(verb, path, &[Verb::GET, Verb::HEAD]),
        None => errors.no_path(path),
    }
}
