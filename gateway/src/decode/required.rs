//! Required fields that are missing.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, ReflectMessage as _};
use tickmesh_mesh::status::Violations;

use crate::contract::is_required;

/// Names the required fields that are missing from a request that is refused anyway, so that its client reads the whole
/// list at once. A request that fits its types goes to the service, which alone decides. Numbers and booleans are left
/// to the service too, because their zero cannot be told from absence.
pub fn name_missing(message: &DynamicMessage, violations: &mut Violations) {
    for field in message.descriptor().fields() {
        let missing = can_be_missing(&field) && is_required(&field) && !message.has_field(&field);
        if missing && !is_named(violations, field.name()) {
            violations.add(field.name(), "is required");
        }
    }
}

fn is_named(violations: &Violations, field: &str) -> bool {
    violations.iter().any(|(named, _)| named == field)
}

fn can_be_missing(field: &FieldDescriptor) -> bool {
    field.is_list()
        || field.is_map()
        || matches!(field.kind(), Kind::String | Kind::Bytes | Kind::Message(_) | Kind::Enum(_))
}
