//! Which part of the mesh an operation belongs to: `operations/{part}/{id}`.

use tickmesh_mesh::status::{Fault, Violations};

use crate::contract::Part;

/// The parts that run long operations.
const RUNNERS: [Part; 2] = [Part::Model, Part::Portfolio];

/// The part in the name of an operation or of a list of operations (`operations/{part}`).
///
/// # Errors
/// INVALID_ARGUMENT that names both parts if the name has none of them.
pub fn part_of(name: &str) -> Result<Part, Fault> {
    let mut segments = name.split('/');
    let collection = segments.next();
    let part = segments.next().and_then(Part::named).filter(|part| RUNNERS.contains(part));
    match (collection, part) {
        (Some("operations"), Some(part)) => Ok(part),
        _ => Err(nowhere()),
    }
}

fn nowhere() -> Fault {
    let names = RUNNERS.map(|part| format!("operations/{part}")).join(" or ");
    let mut violations = Violations::new();
    violations.add("name", format!("must begin with {names}: each part keeps its own operations"));
    violations.finish(()).expect_err("one field is broken")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_segment_says_which_part() {
        assert_eq!(part_of("operations/model/7").unwrap(), Part::Model);
        assert_eq!(part_of("operations/model").unwrap(), Part::Model);
        assert_eq!(part_of("operations/portfolio/7").unwrap(), Part::Portfolio);
    }

    #[test]
    fn a_name_without_a_part_is_answered_with_both() {
        for name in ["operations", "", "operations/market/7", "operations/", "model/7", "jobs/model/7"] {
            let status = tonic::Status::from(part_of(name).unwrap_err());
            assert_eq!(status.code(), tonic::Code::InvalidArgument);
            let text = format!("{status:?}");
            assert!(text.contains("name"), "{name}: {text}");
        }
    }
}
