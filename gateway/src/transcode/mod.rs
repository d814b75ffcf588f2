//! REST: a request of HTTP and JSON → a call of gRPC, and its answer back.
//!
//! A request's way: [`routes`] finds the method, [`request`] makes its message of path, query and body ([`refusal`] if
//! it cannot), the upstream is called, [`response`] or [`stream`] renders the answer. Errors of any step become
//! `google.rpc.Status` in JSON.

mod deadline;
pub mod error;
pub mod framing;
mod refusal;
mod request;
mod response;
pub mod routes;
mod stream;

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use http::{Method as Verb, Request, Response};
use http_body_util::{BodyExt as _, Limited};
use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};
use tickmesh_mesh::serve::{Ending, MAX_REQUEST_BYTES};
use tickmesh_mesh::status::Fault;
use tonic::Status;

use crate::contract::{Contracts, Kind};
use crate::upstreams::Upstreams;
use deadline::Deadline;
use error::ErrorResponse;
use routes::{Found, Match, Routes};

/// The REST door.
#[derive(Clone)]
pub struct Rest {
    routes: Arc<Routes>,
    upstreams: Upstreams,
    errors: ErrorResponse,
}

impl Rest {
    /// A door to every method of the contracts.
    pub fn new(contracts: &Contracts, upstreams: Upstreams) -> Self {
        let errors = ErrorResponse::new(contracts.pool().clone());
        Self { routes: Arc::new(Routes::new(contracts)), upstreams, errors }
    }

    /// Answers a request.
    ///
    /// # Errors
    /// The request itself if no rule has its path.
    pub async fn answer(&self, request: Request<Body>) -> Result<Response<Body>, Box<Request<Body>>> {
        let path = request.uri().path().to_owned();
        // HEAD is GET without the body, which hyper leaves out by itself.
        let verb = if request.method() == Verb::HEAD { Verb::GET } else { request.method().clone() };
        match self.routes.find(&verb, &path) {
            Found::Nothing => Err(Box::new(request)),
            Found::OtherVerbs(verbs) => Ok(self.errors.other_verbs(&verb, &path, &verbs)),
            Found::Method(found) => Ok(match self.call(found, request).await {
                Ok(response) => response,
                Err(status) => self.errors.response(&status),
            }),
        }
    }

    async fn call(&self, found: Match<'_>, request: Request<Body>) -> Result<Response<Body>, Status> {
        let method = Arc::clone(found.method);
        let ending = Ending::of(&request);
        let (head, body) = request.into_parts();
        let deadline = Deadline::of(&method, &head.headers)?;
        let body = deadline.arrived(read(body)).await?;
        let (message, violations) = request::message(found, head.uri.query(), &body);
        let mut message = match message {
            Some(message) if violations.is_empty() => message,
            Some(message) => {
                return Err(refusal::of(&self.upstreams, &method, &message, violations, deadline).await.into());
            }
            None => return Err(refusal::whole(violations).into()),
        };
        match method.kind() {
            Kind::ServerStream => {
                resume(&mut message, &head.headers);
                let responses = self.upstreams.server_stream(&method, &message);
                stream::response(responses, &method, &head.headers, self.errors.clone(), ending).await
            }
            _ => response::unary(self.upstreams.unary(&method, &message), &method, deadline).await,
        }
    }
}

/// Reads a body up to the limit.
async fn read(body: Body) -> Result<Bytes, Fault> {
    match Limited::new(body, MAX_REQUEST_BYTES).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(too_large()),
        Err(error) => Err(unreadable(&error.to_string())),
    }
}

fn too_large() -> Fault {
    error::bad_field("body", format!("must be at most {} MiB", MAX_REQUEST_BYTES / (1024 * 1024)))
}

fn unreadable(error: &str) -> Fault {
    error::bad_field("body", format!("must arrive whole: {error}"))
}

/// A browser's `EventSource` that reconnects says the last id it saw, which is a cursor, and the same URL again: the
/// beginning in it has been read.
fn resume(message: &mut DynamicMessage, headers: &http::HeaderMap) {
    let Some(cursor) = headers.get("last-event-id").and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty()) else {
        return;
    };
    if let Some(field) = message.descriptor().get_field_by_name("resume_after") {
        message.set_field(&field, Value::String(cursor.to_owned()));
        message.clear_field_by_name("start_time");
    }
}
