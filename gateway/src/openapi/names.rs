//! Names and references of components.

use serde_json::{Value as Json, json};

/// A reference to a component's schema.
pub(super) fn reference(full_name: &str) -> Json {
    json!({"$ref": format!("#/components/schemas/{full_name}")})
}
