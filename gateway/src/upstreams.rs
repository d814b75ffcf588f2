//! The parts of the mesh that the gateway forwards to.

use std::sync::Arc;

use bytes::Bytes;
use prost::Message as _;
use prost_reflect::DynamicMessage;
use tickmesh_mesh::client::Upstream;
use tickmesh_mesh::serve::{MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES};
use tickmesh_mesh::status::{Code, Fault};
use tonic::client::Grpc;
use tonic::{Request, Response, Status, Streaming};

use crate::codec::Raw;
use crate::contract::{Destination, Method, Part};
use crate::operations;

/// One upstream for each part. A clone is a reference: doors are cloned for each request.
#[derive(Clone)]
pub struct Upstreams(Arc<Parts>);

struct Parts {
    market: Upstream,
    model: Upstream,
    portfolio: Upstream,
}

impl Upstreams {
    /// Takes one upstream for each part.
    pub fn new(market: Upstream, model: Upstream, portfolio: Upstream) -> Self {
        Self(Arc::new(Parts { market, model, portfolio }))
    }

    /// The upstream of a part.
    pub fn of(&self, part: Part) -> &Upstream {
        match part {
            Part::Market => &self.0.market,
            Part::Model => &self.0.model,
            Part::Portfolio => &self.0.portfolio,
        }
    }

    /// The upstream that a call goes to: its service's, or the one that the operation's name says.
    ///
    /// # Errors
    /// INVALID_ARGUMENT if an operation's name says none.
    pub fn for_call(&self, method: &Method, request: &DynamicMessage) -> Result<&Upstream, Fault> {
        match method.destination() {
            Destination::Part(part) => Ok(self.of(part)),
            Destination::Operation => {
                let name = request.get_field_by_name("name");
                let name = name.as_ref().and_then(|name| name.as_str()).unwrap_or_default();
                Ok(self.of(operations::part_of(name)?))
            }
        }
    }

    /// Calls a unary method.
    ///
    /// # Errors
    /// What the service answers; UNAVAILABLE if it cannot be reached.
    pub async fn unary(&self, method: &Method, request: &DynamicMessage) -> Result<Response<Bytes>, Status> {
        let mut client = client(self.for_call(method, request)?.unary());
        client.ready().await?;
        let answer = client.unary(Request::new(request.encode_to_vec().into()), method.path().clone(), Raw).await;
        answer.map_err(size_named)
    }

    /// Calls a method that streams its responses.
    ///
    /// # Errors
    /// What the service answers before its first message; UNAVAILABLE if it cannot be reached.
    pub async fn server_stream(&self, method: &Method, request: &DynamicMessage) -> Result<Streaming<Bytes>, Status> {
        let mut client = client(self.for_call(method, request)?.stream());
        client.ready().await?;
        let response =
            client.server_streaming(Request::new(request.encode_to_vec().into()), method.path().clone(), Raw);
        Ok(response.await?.into_inner())
    }
}

fn client<C>(channel: C) -> Grpc<C> {
    Grpc::new(channel).max_encoding_message_size(MAX_REQUEST_BYTES).max_decoding_message_size(MAX_RESPONSE_BYTES)
}

/// tonic calls a message beyond the limit OUT_OF_RANGE, without details; what services say always has some.
pub(crate) fn size_named(status: Status) -> Status {
    if status.code() != tonic::Code::OutOfRange || !status.details().is_empty() {
        return status;
    }
    let limit = format!("{} MiB", MAX_RESPONSE_BYTES / (1024 * 1024));
    Fault::new(
        Code::ResourceExhausted,
        "RESPONSE_TOO_LARGE",
        format!("the response is larger than {limit}; ask for less"),
    )
    .quota("response", format!("at most {limit}"))
    .into()
}
