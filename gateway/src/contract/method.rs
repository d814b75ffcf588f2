//! One rpc.

use http::Method as Verb;
use http::uri::PathAndQuery;
use prost_reflect::Kind::String as Text;
use prost_reflect::{FieldDescriptor, MessageDescriptor, MethodDescriptor};
use prost_types::MethodOptions;
use prost_types::method_options::IdempotencyLevel;

use super::{Destination, Rule, is_required};
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

    /// Whether an accepted call stays small whatever its request leaves out: it looks something up, a page of it at
    /// most (by its own rule a GET without a verb in its path), or it is about the one thing that its request must
    /// name, as the history of one symbol. Any other computes, and over the more symbols the less it is given.
    pub fn stays_small(&self) -> bool {
        let looks_up = |rule: &Rule| rule.verb == Verb::GET && !rule.template.has_verb();
        let names_one = |field: FieldDescriptor| !field.is_list() && field.kind() == Text && is_required(&field);
        self.rules.first().is_some_and(looks_up) || self.input().fields().any(names_one)
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
    #[test]
    fn what_stays_small_looks_up_or_is_about_one_thing() {
        let contracts = Contracts::read(tickmesh_proto::FILE_DESCRIPTOR_SET).unwrap();
        let (mut small, mut large) = (Vec::new(), Vec::new());
        for method in contracts.methods().iter().filter(|method| method.only_reads()) {
            let names = if method.stays_small() { &mut small } else { &mut large };
            names.push(method.descriptor().name());
        }
        large.sort_unstable();
        assert_eq!(large, ["BatchPredict", "GetFrontier", "Optimize", "PredictPortfolio"]);
        assert!(["ListBars", "GetSnapshot", "Predict", "VerifyParity"].iter().all(|name| small.contains(name)));
    }
}
