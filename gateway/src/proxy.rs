//! Native gRPC, passed through: bytes in, bytes and trailers out, nothing decoded.
//!
//! The service's name says which part a call goes to. Both sides stream, and dropping either side drops the other: a
//! client that goes away resets the upstream's stream. The one exception is long-running operations, whose name is in
//! the message: their (unary) request is read first.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Request, Response, Uri, Version};
use http_body_util::{BodyExt as _, Full, Limited};
use prost_reflect::DynamicMessage;
use tickmesh_mesh::client::Upstream;
use tickmesh_mesh::serve::{Ending, MAX_REQUEST_BYTES};
use tickmesh_mesh::status::{Code, Fault};
use tokio::time::timeout;
use tonic::Status;
use tonic::body::Body;
use tower::ServiceExt as _;

use crate::contract::{Contracts, Destination, Kind, Method};
use crate::farewell::{self, Farewell, PoliteBody};
use crate::trailers::FailureAsTrailers;
use crate::transcode::error::bad_field;
use crate::unsized_body::UnsizedBody;
use crate::upstreams::Upstreams;

/// The pass-through for every service of the contracts, as a tower service that never fails.
#[derive(Clone)]
pub struct Proxy {
    contracts: Arc<Contracts>,
    upstreams: Upstreams,
}

/// One byte of flags and four of length go before each message of gRPC.
const PREFIX_BYTES: usize = 5;

/// How long the message of a call may take that has to be read before it is known where it goes.
const ARRIVAL: Duration = Duration::from_secs(5);

/// Headers that belong to one connection, and those by which the gateway itself was addressed.
const NOT_HANDED_ON: [HeaderName; 7] = [
    header::CONNECTION,
    header::HOST,
    header::ORIGIN,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

impl Proxy {
    /// A pass-through to `upstreams`.
    pub fn new(contracts: Arc<Contracts>, upstreams: Upstreams) -> Self {
        Self { contracts, upstreams }
    }

    async fn forward(self, request: Request<Body>) -> Result<Response<Body>, Status> {
        let path = request.uri().path();
        let method = self.contracts.method(path).ok_or_else(|| no_method(path))?;
        match method.destination() {
            Destination::Part(part) => send(self.upstreams.of(part), method, request).await,
            Destination::Operation => {
                let (head, body) = request.into_parts();
                let body = timeout(ARRIVAL, read(body)).await.map_err(|_| late())??;
                let message = first_message(method, &body)?;
                let upstream = self.upstreams.for_call(method, &message)?;
                send(upstream, method, Request::from_parts(head, Body::new(Full::new(body)))).await
            }
        }
    }
}

impl tower::Service<Request<Body>> for Proxy {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(())) // each call awaits its own upstream
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let proxy = self.clone();
        Box::pin(async move { Ok(proxy.forward(request).await.unwrap_or_else(Status::into_http)) })
    }
}

async fn send(upstream: &Upstream, method: &Method, request: Request<Body>) -> Result<Response<Body>, Status> {
    let (mut ending, farewell) = (Ending::of(&request), Farewell::of(method));
    let request = readdressed(request, method);
    let response = async {
        match method.kind() {
            Kind::Unary => upstream.unary().oneshot(request).await,
            Kind::ServerStream | Kind::ClientStream | Kind::BidiStream => upstream.stream().oneshot(request).await,
        }
    };
    let response = farewell::unless_ending(&mut ending, farewell.as_ref(), response).await?.map(Body::new);
    let response = match farewell {
        Some(farewell) => response.map(|body| Body::new(PoliteBody::new(body, ending, farewell))),
        None => response,
    };
    Ok(response.map(|body| Body::new(FailureAsTrailers::new(body))))
}

/// The same call, addressed to the upstream.
fn readdressed(request: Request<Body>, method: &Method) -> Request<Body> {
    let (mut head, body) = request.into_parts();
    head.uri = Uri::from(method.path().clone());
    head.version = Version::HTTP_2;
    let own = |headers: &mut HeaderMap| NOT_HANDED_ON.iter().for_each(|name| drop(headers.remove(name)));
    own(&mut head.headers);
    head.headers.insert(header::TE, HeaderValue::from_static("trailers"));
    head.extensions.clear();
    Request::from_parts(head, Body::new(UnsizedBody(body)))
}

fn late() -> Fault {
    let text = format!("the request's message did not arrive within {ARRIVAL:?}");
    Fault::new(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", text)
}

async fn read(body: Body) -> Result<Bytes, Fault> {
    let limit = MAX_REQUEST_BYTES + PREFIX_BYTES;
    let body = Limited::new(body, limit).collect().await;
    Ok(body
        .map_err(|error| bad_field("", format!("the request must arrive whole and be at most 4 MiB: {error}")))?
        .to_bytes())
}

fn first_message(method: &Method, body: &Bytes) -> Result<DynamicMessage, Fault> {
    let message = match body.first() {
        Some(0) if body.len() >= PREFIX_BYTES => body.slice(PREFIX_BYTES..),
        Some(_) => return Err(Fault::new(Code::Unimplemented, "COMPRESSION", "compressed requests are not read here")),
        None => return Err(bad_field("", "one request message must be sent".to_owned())),
    };
    let name = method.input().full_name().to_owned();
    DynamicMessage::decode(method.input(), message)
        .map_err(|error| bad_field("", format!("the request must be one {name}: {error}")))
}

fn no_method(path: &str) -> Fault {
    Fault::new(Code::Unimplemented, "METHOD_UNKNOWN", format!("there is no method {path}")).meta("path", path)
}
