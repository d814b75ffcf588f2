//! What a path of gRPC says to whoever speaks plain HTTP to it.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::Either;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Request, Response, StatusCode};
use tickmesh_mesh::status::{Code, Fault};
use tonic::body::Body;
use tower::Service;

use crate::contract::{Contracts, Method};
use crate::transcode::error::ErrorResponse;

/// What the content types of gRPC and gRPC-Web begin with.
const GRPC: &str = "application/grpc";

/// Hands gRPC on, and answers anything else with 415 and where to go: gRPC's own doors would leave its body empty.
#[derive(Clone)]
pub(crate) struct GrpcOnly<S> {
    inner: S,
    contracts: Arc<Contracts>,
    errors: ErrorResponse,
}

impl<S> GrpcOnly<S> {
    pub(crate) fn new(inner: S, contracts: Arc<Contracts>, errors: ErrorResponse) -> Self {
        Self { inner, contracts, errors }
    }

    fn refusal(&self, path: &str) -> Response<Body> {
        let fault = match self.contracts.method(path) {
            Some(method) => not_grpc(method),
            None => Fault::new(Code::Unimplemented, "METHOD_UNKNOWN", format!("there is no method {path}; see /docs")),
        };
        let mut response = self.errors.with_code(StatusCode::UNSUPPORTED_MEDIA_TYPE, &fault.into());
        response.headers_mut().insert(ACCEPT, HeaderValue::from_static(GRPC));
        response.map(Body::new)
    }
}

fn not_grpc(method: &Method) -> Fault {
    let text = match method.rules().first() {
        Some(rule) => format!(
            "this path takes {GRPC} or {GRPC}-web; with JSON call {} {}",
            rule.verb,
            rule.template.open_api().path
        ),
        None => format!("this path takes {GRPC} or {GRPC}-web only: its client streams"),
    };
    Fault::new(Code::InvalidArgument, "NOT_GRPC", text).field("content-type", format!("must be {GRPC} or {GRPC}-web"))
}

impl<S> Service<Request<axum::body::Body>> for GrpcOnly<S>
where
    S: Service<Request<axum::body::Body>, Response = Response<Body>, Error = Infallible>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Either<S::Future, Ready<Result<Response<Body>, Infallible>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<axum::body::Body>) -> Self::Future {
        let is_grpc = |kind: &HeaderValue| kind.as_bytes().starts_with(GRPC.as_bytes());
        if request.headers().get(CONTENT_TYPE).is_some_and(is_grpc) {
            Either::Left(self.inner.call(request))
        } else {
            Either::Right(ready(Ok(self.refusal(request.uri().path()))))
        }
    }
}
