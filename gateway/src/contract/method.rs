//! One rpc.

use http::uri::PathAndQuery;
use prost_reflect::{MessageDescriptor, MethodDescriptor};
use prost_types::MethodOptions;
use prost_types::method_options::IdempotencyLevel;

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

    /// Whether one call of it changes nothing and has one answer.
    pub fn only_reads(&self) -> bool {
        let options = self.descriptor.method_descriptor_proto().options.as_ref();
        let level = options.map(MethodOptions::idempotency_level);
        level == Some(IdempotencyLevel::NoSideEffects) && self.kind() == Kind::Unary
    }

    /// Whether it may take longer than any deadline of ours: it waits for something on purpose.
    pub fn waits(&self) -> bool {
        self.path == "/google.longrunning.Operations/WaitOperation"
    }
}

#[cfg(test)]
mod tests {
    use crate::contract::Contracts;

    #[test]
    fn only_reading_is_what_the_contracts_say_of_a_unary_method() {
        let contracts = Contracts::read(tickmesh_proto::FILE_DESCRIPTOR_SET).unwrap();
        let only_reads = |path: &str| contracts.method(&format!("/tickmesh.{path}")).unwrap().only_reads();
        assert!(only_reads("market.v1.MarketService/ListBars") && only_reads("model.v1.ForecastService/Predict"));
        assert!(
            !only_reads("model.v1.TrainingService/TrainModels") && !only_reads("model.v1.RegistryService/SetAlias")
        );
        assert!(
            !only_reads("market.v1.MarketService/StreamTicks") && !only_reads("market.v1.IngestService/ImportBars")
        );
    }
}
