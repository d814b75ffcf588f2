//! Every bad field of a request at once, those that only its service knows among them.

use std::time::Duration;

use prost_reflect::DynamicMessage;
use tickmesh_mesh::status::{Fault, Violations};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::deadline::Deadline;
use crate::contract::Method;
use crate::decode;
use crate::upstreams::Upstreams;

/// How long the service may take to name its part of what is wrong: it looks at fields before it does anything else.
const TIME: Duration = Duration::from_secs(1);

/// Refuses a request that does not fit its types.
///
/// A service names all bad fields of what it can read. What the types refuse never gets there, so the service is asked
/// about the rest, `message`, and both lists are one.
pub(super) async fn of(
    upstreams: &Upstreams,
    method: &Method,
    message: &DynamicMessage,
    mut violations: Violations,
    deadline: Deadline,
) -> Fault {
    if may_be_asked(method) {
        let asked = deadline.at_most(TIME).answered(upstreams.unary(method, message)).await;
        add(&mut violations, asked.err());
    }
    decode::name_missing(message, &mut violations);
    whole(violations)
}

/// Refuses a request that could not be read at all: nothing is left to ask about, and nothing in it is missing.
pub(super) fn whole(violations: Violations) -> Fault {
    violations.finish(()).expect_err("a request is refused for something")
}

/// Whether a service may be called with part of a request, in which it may find nothing wrong: the call must change
/// nothing, and must not compute either, for what was left out may be what kept it small. Such a request is refused for
/// its types and its missing fields first, and for the service's rules once it fits.
fn may_be_asked(method: &Method) -> bool {
    method.only_reads() && method.stays_small()
}

/// Adds what the service found in fields that were read whole. Of a field that was read in part its words would be
/// about the part.
fn add(violations: &mut Violations, refusal: Option<Status>) {
    let Some(refusal) = refusal.filter(|status| status.code() == Code::InvalidArgument) else { return };
    let partial: Vec<_> = violations.iter().map(|(field, _)| outermost(field).to_owned()).collect();
    for found in refusal.get_details_bad_request().into_iter().flat_map(|bad| bad.field_violations) {
        if !partial.iter().any(|field| field == outermost(&found.field)) {
            violations.add(&found.field, found.description);
        }
    }
}

/// `holdings` of `holdings[2].weight`.
fn outermost(field: &str) -> &str {
    field.split(['.', '[']).next().unwrap_or(field)
}

#[cfg(test)]
mod tests {
    use tickmesh_mesh::status::Code;

    use super::*;
    use crate::testing::named;

    #[test]
    fn the_service_speaks_of_fields_that_it_got_whole() {
        let mut violations = Violations::new();
        violations.add("holdings[1].weight", "must be a finite number");
        let fault = Fault::new(Code::InvalidArgument, "BAD_REQUEST", "bad")
            .field("holdings", "must sum to 1")
            .field("as_of", "must be given");
        add(&mut violations, Some(fault.into()));
        let fields: Vec<_> = named(violations).into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["holdings[1].weight", "as_of"]);
    }
}
