//! What the writer must know of each message type, made once of its descriptor.

use std::collections::HashMap;
use std::ops::Index;

use prost_reflect::{DescriptorPool, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};

use super::scalar::ScalarKind;

/// All message types of a pool. Types refer to each other by place, because they may contain themselves.
#[derive(Debug)]
pub(super) struct Tables {
    types: Vec<Type>,
    places: HashMap<String, Place>,
}

/// Where a type stands in its [`Tables`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place(usize);

impl Tables {
    pub(super) fn new(pool: &DescriptorPool) -> Self {
        let names = pool.all_messages().enumerate();
        let places = names.map(|(at, message)| (message.full_name().to_owned(), Place(at))).collect();
        let types = pool.all_messages().map(|message| Type::of(&message, &places)).collect();
        Self { types, places }
    }

    pub(super) fn place(&self, message: &MessageDescriptor) -> Option<Place> {
        self.places.get(message.full_name()).copied()
    }
}

impl Index<Place> for Tables {
    type Output = Type;

    fn index(&self, Place(at): Place) -> &Type {
        &self.types[at]
    }
}

/// How the messages of a type are written.
#[derive(Debug)]
pub(super) enum Type {
    /// As an object of these fields, in the ascending order of their numbers.
    Object(Vec<Field>),
    Timestamp,
    Duration,
    /// In a form of its own, which reflection knows.
    Other,
}

impl Type {
    fn of(message: &MessageDescriptor, places: &HashMap<String, Place>) -> Self {
        match message.full_name() {
            "google.protobuf.Timestamp" => Self::Timestamp,
            "google.protobuf.Duration" => Self::Duration,
            "google.protobuf.Any"
            | "google.protobuf.FieldMask"
            | "google.protobuf.Struct"
            | "google.protobuf.Value"
            | "google.protobuf.ListValue"
            | "google.protobuf.DoubleValue"
            | "google.protobuf.FloatValue"
            | "google.protobuf.Int64Value"
            | "google.protobuf.UInt64Value"
            | "google.protobuf.Int32Value"
            | "google.protobuf.UInt32Value"
            | "google.protobuf.BoolValue"
            | "google.protobuf.StringValue"
            | "google.protobuf.BytesValue" => Self::Other,
            _ => Self::Object(message.fields().filter_map(|field| Field::of(&field, places)).collect()),
        }
    }
}

/// One field. One that the writer cannot write stands in no table, and so leaves the messages that hold it to
/// reflection.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) number: u32,
    /// Its name as JSON, with quotes and colon.
    pub(super) key: Box<[u8]>,
    pub(super) shape: Shape,
    /// One bit for the oneof that it is a part of; none for any other field.
    pub(super) oneof: u64,
}

/// How often a field may occur and what it holds.
#[derive(Debug)]
pub(super) enum Shape {
    /// Once; absent and default are the same.
    Implicit(ScalarKind),
    /// Once; written whenever it is there.
    Explicit(ValueKind),
    List(ValueKind),
    Map {
        key: ScalarKind,
        value: ValueKind,
    },
}

/// What one value is.
#[derive(Debug)]
pub(super) enum ValueKind {
    Scalar(ScalarKind),
    Message(Place),
}

impl Field {
    fn of(field: &FieldDescriptor, places: &HashMap<String, Place>) -> Option<Self> {
        let key = format!("{}:", serde_json::Value::from(field.json_name()));
        let (shape, oneof) = (Shape::of(field, places)?, oneof_bit(field)?);
        Some(Self { number: field.number(), key: key.into_bytes().into(), shape, oneof })
    }
}

/// `None` if the message has more oneofs than there are bits.
fn oneof_bit(field: &FieldDescriptor) -> Option<u64> {
    let Some(oneof) = field.containing_oneof() else { return Some(0) };
    let at = field.parent_message().oneofs().position(|other| other == oneof)?;
    1_u64.checked_shl(u32::try_from(at).ok()?)
}

impl Shape {
    fn of(field: &FieldDescriptor, places: &HashMap<String, Place>) -> Option<Self> {
        match field.kind() {
            _ if field.is_group() => None,
            Kind::Message(entry) if field.is_map() => Some(Self::Map {
                key: ScalarKind::of(&entry.map_entry_key_field().kind())?,
                value: ValueKind::of(&entry.map_entry_value_field(), places)?,
            }),
            _ if field.is_list() => ValueKind::of(field, places).map(Self::List),
            _ if field.supports_presence() => ValueKind::of(field, places).map(Self::Explicit),
            kind => ScalarKind::of(&kind).map(Self::Implicit),
        }
    }
}

impl ValueKind {
    fn of(field: &FieldDescriptor, places: &HashMap<String, Place>) -> Option<Self> {
        match field.kind() {
            Kind::Message(message) => places.get(message.full_name()).copied().map(Self::Message),
            kind => ScalarKind::of(&kind).map(Self::Scalar),
        }
    }
}

/// The names of an enum's numbers, as JSON.
#[derive(Debug, PartialEq)]
pub(super) struct Names(Vec<(i32, Box<[u8]>)>);

impl Names {
    /// `None` for the enum that is JSON's `null`.
    pub(super) fn of(descriptor: &EnumDescriptor) -> Option<Self> {
        if descriptor.full_name() == "google.protobuf.NullValue" {
            return None;
        }
        let mut numbers: Vec<i32> = descriptor.values().map(|value| value.number()).collect();
        numbers.sort_unstable();
        numbers.dedup(); // of aliases the descriptor says which name counts
        let name = |number| Some((number, quoted(descriptor.get_value(number)?.name())));
        Some(Self(numbers.into_iter().filter_map(name).collect()))
    }

    pub(super) fn get(&self, number: i32) -> Option<&[u8]> {
        let at = self.0.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        Some(&self.0[at].1)
    }
}

fn quoted(name: &str) -> Box<[u8]> {
    serde_json::Value::from(name).to_string().into_bytes().into()
}
