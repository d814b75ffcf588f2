//! Allocations as they lie in the log: encoded once, for all subscribers and for the next start.

use prost::Message as _;
use tickmesh_proto::portfolio::v1 as wire;
use tickmesh_proto::types::Symbol;

use super::render;
use crate::plan::{Allocation, Held};

/// The event that a live stream sends.
pub(super) fn encode(allocation: &Allocation) -> Vec<u8> {
    render::allocation(allocation).encode_to_vec()
}

/// What is held after an event; `None` if its optimisation was not solved.
pub(super) fn held(event: &[u8]) -> Option<Held> {
    let allocation = wire::Allocation::decode(event).ok()?;
    if allocation.status() != wire::SolveStatus::Solved {
        return None;
    }
    let weight = |w: wire::AssetWeight| Some((Symbol::try_from(w.symbol).ok()?, w.weight.unwrap_or_default()));
    allocation.weights.into_iter().map(weight).collect()
}
