//! A message with a field of every kind in every shape, of which the contracts use only some.

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto, FieldOptions,
    FileDescriptorProto, MessageOptions, OneofDescriptorProto,
};

/// Its full name.
pub(super) const EVERYTHING: &str = "testing.Everything";

/// The shape of a field. A field's number is its kind's plus twenty times its shape's, its name is `f` and the number.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    Implicit,
    Optional,
    Packed,
    Unpacked,
    Choice,
    Map,
}

/// The number of the field of a kind and shape.
pub(super) fn number(kind: Type, shape: Shape) -> i32 {
    kind as i32 + 20 * shape as i32
}

/// The file that declares it.
pub(super) fn file() -> FileDescriptorProto {
    FileDescriptorProto {
        name: Some("testing.proto".to_owned()),
        package: Some("testing".to_owned()),
        syntax: Some("proto3".to_owned()),
        message_type: vec![message()],
        enum_type: vec![colour()],
        ..Default::default()
    }
}

fn colour() -> EnumDescriptorProto {
    let value = [("NONE", 0), ("ONE", 1), ("FAR", -7)].map(|(name, number)| EnumValueDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        options: None,
    });
    EnumDescriptorProto { name: Some("Colour".to_owned()), value: value.into(), ..Default::default() }
}

/// Every kind but groups.
pub(super) fn kinds() -> impl Iterator<Item = Type> {
    (1..=18).filter_map(|kind| Type::try_from(kind).ok()).filter(|kind| *kind != Type::Group)
}

fn message() -> DescriptorProto {
    // A field that is `optional` is the only one of its own oneof; these stand after the real one.
    let optionals = kinds().zip(1..).map(|(kind, oneof)| FieldDescriptorProto {
        proto3_optional: Some(true),
        oneof_index: Some(oneof),
        ..field(kind, number(kind, Shape::Optional))
    });
    let choices =
        kinds().map(|kind| FieldDescriptorProto { oneof_index: Some(0), ..field(kind, number(kind, Shape::Choice)) });
    let singular = kinds().map(|kind| field(kind, number(kind, Shape::Implicit))).chain(optionals).chain(choices);
    let repeated = kinds().flat_map(|kind| [list(kind, Shape::Packed), list(kind, Shape::Unpacked), map(kind)]);
    let oneofs = (0..=kinds().count()).map(|at| OneofDescriptorProto { name: Some(format!("o{at}")), options: None });
    DescriptorProto {
        name: Some("Everything".to_owned()),
        field: singular.chain(repeated).collect(),
        nested_type: kinds().map(entry).collect(),
        oneof_decl: oneofs.collect(),
        ..Default::default()
    }
}

fn field(kind: Type, number: i32) -> FieldDescriptorProto {
    let type_name = match kind {
        Type::Message => Some(format!(".{EVERYTHING}")),
        Type::Enum => Some(".testing.Colour".to_owned()),
        _ => None,
    };
    FieldDescriptorProto {
        name: Some(format!("f{number}")),
        number: Some(number),
        r#type: Some(kind.into()),
        label: Some(Label::Optional.into()),
        type_name,
        ..Default::default()
    }
}

fn list(kind: Type, shape: Shape) -> FieldDescriptorProto {
    let is_packable = !matches!(kind, Type::String | Type::Bytes | Type::Message);
    let packed = Some(matches!(shape, Shape::Packed));
    let options = is_packable.then(|| FieldOptions { packed, ..FieldOptions::default() });
    FieldDescriptorProto { label: Some(Label::Repeated.into()), options, ..field(kind, number(kind, shape)) }
}

/// A map to values of a kind.
fn map(kind: Type) -> FieldDescriptorProto {
    FieldDescriptorProto {
        label: Some(Label::Repeated.into()),
        type_name: Some(format!(".{EVERYTHING}.{}", entry_name(kind))),
        ..field(Type::Message, number(kind, Shape::Map))
    }
}

fn entry_name(kind: Type) -> String {
    format!("F{}Entry", number(kind, Shape::Map))
}

/// An entry of the map to a kind, whose keys are of the same kind if they can be.
fn entry(kind: Type) -> DescriptorProto {
    let can_be_key = !matches!(kind, Type::Double | Type::Float | Type::Bytes | Type::Enum | Type::Message);
    let key_kind = if can_be_key { kind } else { Type::String };
    let named = |name: &str, field| FieldDescriptorProto { name: Some(name.to_owned()), ..field };
    DescriptorProto {
        name: Some(entry_name(kind)),
        field: vec![named("key", field(key_kind, 1)), named("value", field(kind, 2))],
        options: Some(MessageOptions { map_entry: Some(true), ..Default::default() }),
        ..Default::default()
    }
}
