//! Which part of the mesh an operation belongs to: `operations/{part}/{id}`.

use tickmesh_mesh::status::{Code, Fault};

use crate::contract::Part;
use crate::transcode::error::bad_field;

/// The parts that run long operations.
const RUNNERS: [Part; 1] = [Part::Model];

/// The part in the name of an operation or of a list of operations (`operations/{part}`).
///
/// # Errors
/// INVALID_ARGUMENT if the name says no part, NOT_FOUND if the part that it says runs no operations; both name those
/// that do.
pub fn part_of(name: &str) -> Result<Part, Fault> {
    let part = name.strip_prefix("operations/").and_then(|rest| rest.split('/').next()).filter(|part| !part.is_empty());
    let Some(part) = part else { return Err(nowhere()) };
    Part::named(part).filter(|part| RUNNERS.contains(part)).ok_or_else(|| unknown(part, name))
}

fn nowhere() -> Fault {
    bad_field("name", format!("must begin with {}: each part keeps its own operations", runners()))
}

fn unknown(part: &str, name: &str) -> Fault {
    let text = format!("{part} runs no operations; there are {}", runners());
    Fault::new(Code::NotFound, "OPERATION_OWNER_UNKNOWN", text).meta("known", runners()).resource(
        "google.longrunning.Operation",
        name,
        "no part of this name runs operations",
    )
}

fn runners() -> String {
    RUNNERS.map(|part| format!("operations/{part}")).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_segment_says_which_part() {
        assert_eq!(part_of("operations/model/7").unwrap(), Part::Model);
        assert_eq!(part_of("operations/model").unwrap(), Part::Model);
    }

    #[test]
    fn a_name_without_a_part_is_answered_with_those_there_are() {
        for name in ["operations", "", "operations/", "operations//7", "model/7", "jobs/model/7", "operationsx/model"] {
            let fault = part_of(name).unwrap_err();
            assert_eq!(fault.code(), Code::InvalidArgument, "{name}");
            let [(field, rule)] = fault.violations() else { panic!("{fault:?}") };
            assert!(field == "name" && rule.contains("operations/model"), "{name}: {rule}");
        }
    }

    #[test]
    fn a_part_that_runs_none_is_not_found() {
        for name in ["operations/portfolio/7", "operations/portfolio", "operations/market/7", "operations/news"] {
            let fault = part_of(name).unwrap_err();
            assert_eq!((fault.code(), fault.reason()), (Code::NotFound, "OPERATION_OWNER_UNKNOWN"), "{name}");
            assert_eq!(fault.metadata("known"), Some("operations/model"), "{name}");
        }
    }
}
