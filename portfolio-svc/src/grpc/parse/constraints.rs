use tickmesh_mesh::status::Violations;
use tickmesh_proto::portfolio::v1 as wire;
use tickmesh_proto::types::Symbol;

use crate::desk::note_defects;
use crate::plan::{Bound, Constraints, Group};

/// Groups and bounds are bounded like symbols.
const MOST: usize = 500;

/// Limits on the weights of `symbols`.
pub(super) fn constraints(
    request: Option<wire::Constraints>,
    symbols: &[Symbol],
    violations: &mut Violations,
) -> Constraints {
    let wire::Constraints { min_weight, max_weight, bounds, groups, max_turnover } = request.unwrap_or_default();
    let too_many = [("bounds", bounds.len()), ("groups", groups.len())].into_iter().filter(|(_, n)| *n > MOST);
    for (field, n) in too_many {
        violations.add(&format!("constraints.{field}"), format_args!("must list {MOST} at most, has {n}"));
    }
    if max_turnover.is_some_and(|most| !(0.0..=2.0).contains(&most)) {
        violations.add("constraints.max_turnover", "must lie between 0 and 2");
    }
    let constraints = Constraints {
        min_weight,
        max_weight,
        bounds: bounds.into_iter().take(MOST).map(bound).collect(),
        groups: groups.into_iter().take(MOST).map(group).collect(),
        max_turnover,
    };
    // Without symbols to check against, only their absence would be named.
    if !symbols.is_empty() {
        note_defects(violations, constraints.limits(symbols).err().unwrap_or_default());
    }
    constraints
}

fn bound(wire: wire::Bound) -> Bound {
    let wire::Bound { symbol, min, max } = wire;
    Bound { symbol, min, max }
}

fn group(wire: wire::Group) -> Group {
    let wire::Group { name, symbols, min, max } = wire;
    Group { name, symbols, min, max }
}
