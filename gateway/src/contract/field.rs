//! Fields by their names.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor, Value};

/// A field inside a message and the messages on the way to it, outermost first. Never empty.
pub type FieldPath = Vec<FieldDescriptor>;

/// A field by its proto name (`as_of`) or its JSON name (`asOf`).
pub fn find_field(message: &MessageDescriptor, name: &str) -> Option<FieldDescriptor> {
    message.get_field_by_name(name).or_else(|| message.get_field_by_json_name(name))
}

/// `google.api.FieldBehavior.REQUIRED`.
const REQUIRED: i32 = 2;

/// Whether the contract says that the field must be given.
pub fn is_required(field: &FieldDescriptor) -> bool {
    let behaviour = field.parent_pool().get_extension_by_name("google.api.field_behavior");
    behaviour.is_some_and(|behaviour| {
        let options = field.options();
        options.get_extension(&behaviour).as_list().is_some_and(|list| list.contains(&Value::EnumNumber(REQUIRED)))
    })
}

/// The field that a path of names leads to; every name but the last must be a singular message.
pub fn resolve<S: AsRef<str>>(message: &MessageDescriptor, names: &[S]) -> Option<FieldPath> {
    let (first, rest) = names.split_first()?;
    let field = find_field(message, first.as_ref())?;
    let mut path = vec![field.clone()];
    if !rest.is_empty() {
        match field.kind() {
            Kind::Message(inner) if !field.is_list() && !field.is_map() => path.extend(resolve(&inner, rest)?),
            _ => return None,
        }
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use prost_reflect::DescriptorPool;

    use super::*;

    fn names(message: &str, path: &[&str]) -> Option<String> {
        let pool = DescriptorPool::decode(tickmesh_proto::FILE_DESCRIPTOR_SET).unwrap();
        let path = resolve(&pool.get_message_by_name(message).unwrap(), path)?;
        Some(path.iter().map(FieldDescriptor::name).collect::<Vec<_>>().join("."))
    }

    #[test]
    fn both_spellings_lead_to_the_field() {
        let message = "tickmesh.portfolio.v1.OptimizeRequest";
        assert_eq!(names(message, &["constraints", "maxWeight"]).as_deref(), Some("constraints.max_weight"));
        assert_eq!(names(message, &["constraints", "max_weight"]).as_deref(), Some("constraints.max_weight"));
    }

    #[test]
    fn only_singular_messages_have_fields_inside() {
        let message = "tickmesh.portfolio.v1.OptimizeRequest";
        assert_eq!(names(message, &["current_weights", "symbol"]), None);
        assert_eq!(names(message, &["lookback", "symbol"]), None);
        assert_eq!(names(message, &["nothing"]), None);
        assert_eq!(names(message, &[]), None);
    }
}
