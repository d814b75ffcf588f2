//! Requests as the domain understands them. Each message is taken apart field by field, so that a new field is a
//! compile error here; every bad field is named at once.

mod names;
mod portfolio;
mod question;
mod registry;
mod training;

use sha2::{Digest as _, Sha256};
use tickmesh_mesh::status::Violations;
use tickmesh_proto::types::{Symbol, Timestamp};

use crate::dataset::hex;
use crate::store::RequestKey;

pub(super) use names::{ModelRef, VersionRef, model, operation_id, version_ref};
pub(super) use portfolio::holdings;
pub(super) use question::{Symbols, batch, features, forecasts, listed, parity, question, seal, symbols};
pub(super) use registry::{alias_change, model_versions, models};
pub(super) use training::{evaluate, train};

/// Most symbols a request may list.
const MAX_SYMBOLS: usize = 1_000;

/// A moment that may be left out.
fn moment(field: &str, wire: Option<prost_types::Timestamp>, violations: &mut Violations) -> Option<Timestamp> {
    wire.and_then(|wire| violations.take(field, Timestamp::try_from(wire)))
}

/// A range of moments that is not empty.
fn range(
    start: Option<prost_types::Timestamp>,
    end: Option<prost_types::Timestamp>,
    violations: &mut Violations,
) -> (Option<Timestamp>, Option<Timestamp>) {
    let (start, end) = (moment("start_time", start, violations), moment("end_time", end, violations));
    if start.zip(end).is_some_and(|(start, end)| start >= end) {
        violations.add("end_time", "must be after start_time");
    }
    (start, end)
}

/// Listed symbols, each checked.
fn symbol_list(wire: Vec<String>, violations: &mut Violations) -> Vec<Symbol> {
    if wire.len() > MAX_SYMBOLS {
        violations.add("symbols", format_args!("must list 1,000 at most, and lists {}", wire.len()));
        return Vec::new();
    }
    let checked = wire
        .into_iter()
        .enumerate()
        .map(|(at, symbol)| violations.within("symbols", |v| v.take(&format!("[{at}]"), Symbol::try_from(symbol))));
    checked.collect::<Vec<_>>().into_iter().flatten().collect()
}

/// What makes a request one that is done once: its id, a UUID; none when it is empty. `rest` is the request without it.
fn request_key(
    method: &'static str,
    id: &str,
    rest: &impl prost::Message,
    violations: &mut Violations,
) -> Option<RequestKey> {
    if id.is_empty() {
        return None;
    }
    let id = violations.take("request_id", uuid::Uuid::parse_str(id).map_err(|_| "must be a UUID"))?;
    Some(RequestKey { method, id: id.to_string(), digest: hex(&Sha256::digest(rest.encode_to_vec())) })
}
