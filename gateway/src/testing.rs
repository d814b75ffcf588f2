//! What the unit tests share.

use tickmesh_mesh::client::Upstream;
use tickmesh_mesh::status::{Fault, Violations};
use tonic_types::StatusExt as _;

use crate::upstreams::Upstreams;

/// The fields and rules that were found broken, in order.
pub(crate) fn named(violations: Violations) -> Vec<(String, String)> {
    violations.finish(()).map_or_else(violated, |()| Vec::new())
}

/// The fields that a fault names, in order.
pub(crate) fn violated_fields(fault: Fault) -> Vec<String> {
    violated(fault).into_iter().map(|(field, _)| field).collect()
}

fn violated(fault: Fault) -> Vec<(String, String)> {
    let status = tonic::Status::from(fault);
    let bad_request = status.get_details_bad_request().expect("a broken field is a bad request");
    bad_request.field_violations.into_iter().map(|violation| (violation.field, violation.description)).collect()
}

/// Upstreams that nobody serves.
pub(crate) fn upstreams() -> Upstreams {
    let nowhere = |name| Upstream::new(name, "http://127.0.0.1:1").expect("the address is one");
    Upstreams::new(nowhere("market"), nowhere("model"), nowhere("portfolio"))
}
