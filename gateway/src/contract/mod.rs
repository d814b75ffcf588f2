//! What the gateway knows of the services: their descriptors, and nothing else.
//!
//! [`Contracts`] holds every method of every service with the HTTP rules that lead to it. A new rpc in the contracts is
//! reachable through every door without a change here.

mod destination;
mod field;
mod method;
mod rule;

use std::collections::HashMap;
use std::sync::Arc;

use prost_reflect::{DescriptorPool, MethodDescriptor, ServiceDescriptor};

pub use destination::{Destination, Part};
pub use field::{FieldPath, find_field, is_required, resolve};
pub use method::{Kind, Method};
pub use rule::{Body, Rule, RuleError};

use crate::render::Renderers;

/// Why the contracts cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// The descriptor set itself is broken.
    #[error("the descriptor set cannot be read: {0}")]
    Descriptors(#[from] prost_reflect::DescriptorError),
    /// A service that no part of the mesh serves.
    #[error("{service} belongs to no part of the mesh")]
    NoPart {
        /// The service's full name.
        service: String,
    },
    /// A method with a rule that cannot be followed.
    #[error("{method}: {source}")]
    Rule {
        /// The method's full name.
        method: String,
        /// What is wrong with the rule.
        source: RuleError,
    },
}

/// Every method that the mesh offers, from its descriptors.
#[derive(Debug, Clone)]
pub struct Contracts {
    pool: DescriptorPool,
    methods: Vec<Arc<Method>>,
    by_path: HashMap<String, Arc<Method>>,
}

impl Contracts {
    /// Reads an encoded `google.protobuf.FileDescriptorSet`.
    ///
    /// # Errors
    /// If the set is broken, a service belongs to no part, or a method has a rule that cannot be followed.
    pub fn read(set: &[u8]) -> Result<Self, ContractError> {
        let pool = DescriptorPool::decode(set)?;
        let renderers = Renderers::new(&pool);
        let mut methods = Vec::new();
        for service in pool.services() {
            let destination = destination_of(&service)?;
            for method in service.methods() {
                methods.push(Arc::new(read_method(&pool, &renderers, method, destination)?));
            }
        }
        let by_path = methods.iter().map(|method| (method.path().to_string(), Arc::clone(method))).collect();
        Ok(Self { pool, methods, by_path })
    }

    /// The pool of all descriptors.
    pub fn pool(&self) -> &DescriptorPool {
        &self.pool
    }

    /// All methods, in the order of the contracts.
    pub fn methods(&self) -> &[Arc<Method>] {
        &self.methods
    }

    /// The method that a gRPC path names, for example `/tickmesh.market.v1.MarketService/ListBars`.
    pub fn method(&self, path: &str) -> Option<&Arc<Method>> {
        self.by_path.get(path)
    }

    /// The full names of all services, in the order of the contracts.
    pub fn services(&self) -> impl Iterator<Item = String> {
        self.pool.services().map(|service| service.full_name().to_owned())
    }
}

fn destination_of(service: &ServiceDescriptor) -> Result<Destination, ContractError> {
    let name = service.full_name();
    Destination::of_service(name).ok_or_else(|| ContractError::NoPart { service: name.to_owned() })
}

fn read_method(
    pool: &DescriptorPool,
    renderers: &Renderers,
    descriptor: MethodDescriptor,
    destination: Destination,
) -> Result<Method, ContractError> {
    let rules = rule::rules_of(pool, &descriptor)
        .map_err(|source| ContractError::Rule { method: descriptor.full_name().to_owned(), source })?;
    let renderer = renderers.of(descriptor.output());
    Ok(Method::new(descriptor, destination, rules, renderer))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contracts() -> Contracts {
        Contracts::read(tickmesh_proto::FILE_DESCRIPTOR_SET).unwrap()
    }

    #[test]
    fn every_service_of_the_mesh_is_known() {
        let services: Vec<_> = contracts().services().collect();
        for service in ["tickmesh.market.v1.MarketService", "tickmesh.portfolio.v1.OptimizerService"] {
            assert!(services.iter().any(|name| name == service), "{service} is missing from {services:?}");
        }
    }

    #[test]
    fn every_method_but_client_streams_has_a_rule() {
        for method in contracts().methods() {
            let has_rule = !method.rules().is_empty();
            let can_have_one = matches!(method.kind(), Kind::Unary | Kind::ServerStream);
            assert_eq!(has_rule, can_have_one, "{}", method.path());
        }
    }

    #[test]
    fn a_broken_set_is_refused() {
        assert!(matches!(Contracts::read(b"\xff\xff"), Err(ContractError::Descriptors(_))));
    }
}
