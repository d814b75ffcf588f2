use std::collections::BTreeSet;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use http::{Request, Response};
use tokio::time::Instant;
use tower::{Layer, Service, ServiceExt as _};
use tracing::Instrument as _;

use super::call::{Call, Door};
use super::record::Record;
use super::{Deadlines, Guard, Peer, answer, body, cors, deadline, identity, limit, panics};
use crate::context::{self, RequestContext};
use crate::methods::Methods;
use crate::status::{Code, Fault};

/// What the layer knows of the port that it stands above.
#[derive(Debug)]
pub struct Doors {
    /// Whose port it is, as metrics have it.
    pub part: &'static str,
    /// What the contracts declare.
    pub methods: Methods,
    /// Which services are served here, by their full names.
    pub served: BTreeSet<String>,
    /// Who may call.
    pub guard: Guard,
    /// How long calls may take.
    pub deadlines: Deadlines,
}

/// Puts a [`CallService`] above a router.
#[derive(Clone, Debug)]
pub struct CallLayer(Arc<Doors>);

impl CallLayer {
    /// The layer of a port.
    pub fn new(doors: Doors) -> Self {
        Self(Arc::new(doors))
    }
}

impl<S> Layer<S> for CallLayer {
    type Service = CallService<S>;

    fn layer(&self, inner: S) -> CallService<S> {
        CallService { doors: Arc::clone(&self.0), inner }
    }
}

/// Answers every request of a port, whatever becomes of it inside.
#[derive(Clone, Debug)]
pub struct CallService<S> {
    doors: Arc<Doors>,
    inner: S,
}

/// What a router is: every failure is an answer.
pub trait Inner:
    Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

impl<S> Inner for S where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

impl<S: Inner> Service<Request<Body>> for CallService<S> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(())) // each call readies its own clone of the router
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let Self { doors, inner } = self.clone();
        Box::pin(async move { Ok(doors.answer(inner, request).await) })
    }
}

impl Doors {
    async fn answer<S: Inner>(&self, inner: S, request: Request<Body>) -> Response<Body> {
        let call = Call::of(&request, &self.methods);
        let deadline = self.deadlines.of(&call, request.headers(), Instant::now());
        let context = identity::context(request.headers(), deadline);
        let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
        let record = Record::start(self.part, &call, request.method(), &context, peer);
        let span = record.span().clone();
        let answered = context::scope(context.clone(), self.admitted(inner, &call, &context, request));
        let mut response = answered.instrument(span).await;
        identity::sign(response.headers_mut(), &context);
        body::watched(response, &call, context, record)
    }

    /// The answer to a request that may come from a web page.
    async fn admitted<S: Inner>(
        &self,
        inner: S,
        call: &Call,
        context: &RequestContext,
        request: Request<Body>,
    ) -> Response<Body> {
        if let Err(fault) = self.guard.admit(&request) {
            return answer::refusal(call.door, fault);
        }
        let origin = cors::origin(request.headers());
        let mut response = match cors::preflight(&request) {
            Some(response) => response,
            None => self.routed(inner, call, context, request).await,
        };
        cors::expose(origin, response.headers_mut());
        response
    }

    /// The router's answer, in time and without panics.
    async fn routed<S: Inner>(
        &self,
        inner: S,
        call: &Call,
        context: &RequestContext,
        mut request: Request<Body>,
    ) -> Response<Body> {
        if let Err(fault) = self.serves(call, request.uri().path()) {
            return answer::failure(call.door, fault);
        }
        request.extensions_mut().insert(context.clone());
        let inside = panics::caught(inner.oneshot(limit::messages(call.door, request)));
        match deadline::within(context.deadline, inside).await {
            Ok(Ok(response)) => response,
            Err(fault) => answer::failure(call.door, fault),
        }
    }

    fn serves(&self, call: &Call, path: &str) -> Result<(), Fault> {
        let service = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        if call.door == Door::Http || self.served.contains(service) {
            return Ok(());
        }
        let text = format!("no service {service:?} is served here");
        Err(Fault::new(Code::Unimplemented, "SERVICE_UNKNOWN", text).meta("service", service))
    }
}
