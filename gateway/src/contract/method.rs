//! One rpc.

use http::uri::PathAndQuery;
use prost_reflect::{MessageDescriptor, MethodDescriptor};

use super::{Destination, Rule};
use crate::render::Renderer;

/// Which sides of an rpc stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One request, one response.
    Unary,
    /// One request, many responses.
    ServerStream,
    /// Many requests, one response.
    ClientStream,
    /// Many requests, many responses.
    BidiStream,
}

/// One rpc with everything the doors need to know of it.
#[derive(Debug)]
pub struct Method {
    descriptor: MethodDescriptor,
    path: PathAndQuery,
    destination: Destination,
    rules: Vec<Rule>,
    renderer: Renderer,
}

impl Method {
    pub(super) fn new(
        descriptor: MethodDescriptor,
        destination: Destination,
        rules: Vec<Rule>,
        renderer: Renderer,
    ) -> Self {
        let path = format!("/{}/{}", descriptor.parent_service().full_name(), descriptor.name());
        let path = PathAndQuery::try_from(path).expect("names in descriptors are identifiers");
        Self { descriptor, path, destination, rules, renderer }
    }

    /// Its descriptor.
    pub fn descriptor(&self) -> &MethodDescriptor {
        &self.descriptor
    }

    /// Its path in gRPC: `/{service}/{method}`.
    pub fn path(&self) -> &PathAndQuery {
        &self.path
    }

    /// Where its calls go.
    pub fn destination(&self) -> Destination {
        self.destination
    }

    /// The HTTP rules that lead to it, its own one first.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The request's type.
    pub fn input(&self) -> MessageDescriptor {
        self.descriptor.input()
    }

    /// The response's type.
    pub fn output(&self) -> MessageDescriptor {
        self.descriptor.output()
    }

    /// What writes its responses as JSON.
    pub fn renderer(&self) -> &Renderer {
        &self.renderer
    }

    /// Which sides stream.
    pub fn kind(&self) -> Kind {
        match (self.descriptor.is_client_streaming(), self.descriptor.is_server_streaming()) {
            (false, false) => Kind::Unary,
            (false, true) => Kind::ServerStream,
            (true, false) => Kind::ClientStream,
            (true, true) => Kind::BidiStream,
        }
    }

    /// Whether it may take longer than any deadline of ours: it waits for something on purpose.
    pub fn waits(&self) -> bool {
        self.path == "/google.longrunning.Operations/WaitOperation"
    }
}
