//! Enum values by name or number.

use prost_reflect::{EnumDescriptor, Value};

use super::RuleText;

/// A value by its full name, as JSON has it.
pub(super) fn by_full_name(descriptor: &EnumDescriptor, name: &str) -> Result<Value, RuleText> {
    let value = descriptor.get_value_by_name(name).map(|value| Value::EnumNumber(value.number()));
    value.ok_or_else(|| one_of(descriptor))
}

/// A value by its number. Enums of proto3 are open: of a number that has no name the service speaks, as through gRPC.
pub(super) fn by_number(descriptor: &EnumDescriptor, text: &str) -> Result<Value, RuleText> {
    text.parse().map(Value::EnumNumber).map_err(|_| one_of(descriptor))
}

/// A value as a query has it: its name with or without the enum's prefix, or its number.
pub(super) fn by_any_name(descriptor: &EnumDescriptor, text: &str) -> Result<Value, RuleText> {
    by_full_name(descriptor, text)
        .or_else(|_| by_full_name(descriptor, &format!("{}{text}", prefix(descriptor))))
        .or_else(|_| by_number(descriptor, text))
}

/// The prefix that every value's name has: `TIME_FRAME_` for `TimeFrame`.
fn prefix(descriptor: &EnumDescriptor) -> String {
    let mut prefix = String::new();
    let mut previous = '_';
    for letter in descriptor.name().chars() {
        if letter.is_ascii_uppercase() && previous != '_' && !previous.is_ascii_uppercase() {
            prefix.push('_');
        }
        prefix.push(letter.to_ascii_uppercase());
        previous = letter;
    }
    prefix.push('_');
    prefix
}

fn one_of(descriptor: &EnumDescriptor) -> RuleText {
    let names: Vec<_> =
        descriptor.values().filter(|value| value.number() != 0).map(|value| value.name().to_owned()).collect();
    format!("must be one of {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use prost_reflect::DescriptorPool;

    use super::*;

    fn pool() -> DescriptorPool {
        DescriptorPool::decode(tickmesh_proto::FILE_DESCRIPTOR_SET).unwrap()
    }

    #[test]
    fn a_query_may_leave_the_prefix_out() {
        let time_frame = pool().get_enum_by_name("tickmesh.type.v1.TimeFrame").unwrap();
        for text in ["TIME_FRAME_15M", "15M", "3"] {
            assert_eq!(by_any_name(&time_frame, text), Ok(Value::EnumNumber(3)), "{text}");
        }
        for text in ["15m", "TIME_FRAME_", "TIME_FRAME_TIME_FRAME_15M", "9.5", "4294967296", ""] {
            let rule = by_any_name(&time_frame, text).unwrap_err();
            assert!(rule.starts_with("must be one of TIME_FRAME_1D, TIME_FRAME_1H"), "{text}: {rule}");
        }
    }

    #[test]
    fn a_number_without_a_name_is_for_the_service_to_judge() {
        let time_frame = pool().get_enum_by_name("tickmesh.type.v1.TimeFrame").unwrap();
        assert_eq!(by_any_name(&time_frame, "99"), Ok(Value::EnumNumber(99)));
    }

    /// The prefix rule holds for every enum of the contracts, so every value has a short name.
    #[test]
    fn every_value_of_the_contracts_has_a_short_name() {
        for descriptor in pool().all_enums().filter(|e| e.full_name().starts_with("tickmesh.")) {
            for value in descriptor.values() {
                let short =
                    value.name().strip_prefix(&prefix(&descriptor)).unwrap_or_else(|| panic!("{}", value.name()));
                assert_eq!(by_any_name(&descriptor, short), Ok(Value::EnumNumber(value.number())), "{}", value.name());
            }
        }
    }
}
