//! Random messages of any type, by its descriptor.

use std::fmt::Debug;
use std::ops::RangeInclusive;

use proptest::collection::{hash_map, vec};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use prost::Message as _;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage as _, Value,
};

use super::EVERYTHING;

/// How deep random messages may stand in each other.
const DEPTH: usize = 3;

/// How many fields of a message may be set.
const MOST_FIELDS: usize = 8;

/// A message that names its type when a test fails: the type's own text would go round in types that hold themselves.
#[derive(Clone)]
pub(super) struct Sample(pub(super) DynamicMessage);

impl Debug for Sample {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(message) = self;
        write!(f, "{} {}", message.descriptor().full_name(), message.encode_to_vec().escape_ascii())
    }
}

/// A message of any type of a pool.
pub(super) fn any_message(pool: &DescriptorPool) -> impl Strategy<Value = Sample> + use<> {
    let types: Vec<_> = pool.all_messages().filter(|message| !message.is_map_entry()).collect();
    let everything = pool.get_message_by_name(EVERYTHING).unwrap();
    prop_oneof![3 => select(types), 1 => Just(everything)]
        .prop_flat_map(|message| of_type(&message, DEPTH))
        .prop_map(Sample)
}

fn of_type(message: &MessageDescriptor, depth: usize) -> BoxedStrategy<DynamicMessage> {
    if message.full_name() == "google.protobuf.Any" {
        return Just(known_any(message)).boxed();
    }
    let fields: Vec<_> = message.fields().collect();
    let most = if depth == 0 { 0 } else { fields.len().min(MOST_FIELDS) };
    let of_field = move |field: FieldDescriptor| (Just(field.clone()), of_field(&field, depth));
    let values =
        subsequence(fields, 0..=most).prop_flat_map(move |fields| fields.into_iter().map(of_field).collect::<Vec<_>>());
    let empty = DynamicMessage::new(message.clone());
    let filled = move |values| {
        let mut message = empty.clone();
        for (field, value) in values {
            message.set_field(&field, value);
        }
        message
    };
    values.prop_map(filled).boxed()
}

/// An `Any` of a known type; any other has no JSON.
fn known_any(descriptor: &MessageDescriptor) -> DynamicMessage {
    let inner = prost_types::Duration { seconds: 5, nanos: 0 }.encode_to_vec();
    let mut message = DynamicMessage::new(descriptor.clone());
    message.set_field_by_name("type_url", Value::String("type.googleapis.com/google.protobuf.Duration".to_owned()));
    message.set_field_by_name("value", Value::Bytes(inner.into()));
    message
}

fn of_field(field: &FieldDescriptor, depth: usize) -> BoxedStrategy<Value> {
    match field.kind() {
        Kind::Message(entry) if field.is_map() => map(&entry, depth),
        _ if field.is_list() => vec(single(field, depth), 0..4).prop_map(Value::List).boxed(),
        _ => single(field, depth),
    }
}

/// Of at most one entry: reflection writes several in no certain order.
fn map(entry: &MessageDescriptor, depth: usize) -> BoxedStrategy<Value> {
    let key = single(&entry.map_entry_key_field(), depth).prop_map(map_key);
    hash_map(key, single(&entry.map_entry_value_field(), depth), 0..=1).prop_map(Value::Map).boxed()
}

fn map_key(key: Value) -> MapKey {
    match key {
        Value::Bool(key) => MapKey::Bool(key),
        Value::I32(key) => MapKey::I32(key),
        Value::I64(key) => MapKey::I64(key),
        Value::U32(key) => MapKey::U32(key),
        Value::U64(key) => MapKey::U64(key),
        Value::String(key) => MapKey::String(key),
        other => panic!("no key: {other:?}"),
    }
}

fn single(field: &FieldDescriptor, depth: usize) -> BoxedStrategy<Value> {
    let parent = field.parent_message();
    match (parent.full_name(), field.name()) {
        ("google.protobuf.Timestamp", "seconds") => seconds(-62_135_596_800..=253_402_300_799),
        ("google.protobuf.Duration", "seconds") => seconds(-315_576_000_000..=315_576_000_000),
        ("google.protobuf.Timestamp" | "google.protobuf.Duration", "nanos") => nanos(),
        _ => of_kind(field.kind(), depth),
    }
}

fn of_kind(kind: Kind, depth: usize) -> BoxedStrategy<Value> {
    match kind {
        Kind::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => edged([0, i32::MIN, i32::MAX]).prop_map(Value::I32).boxed(),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => edged([0, i64::MIN, i64::MAX]).prop_map(Value::I64).boxed(),
        Kind::Uint32 | Kind::Fixed32 => edged([0, 1, u32::MAX]).prop_map(Value::U32).boxed(),
        Kind::Uint64 | Kind::Fixed64 => edged([0, 1, u64::MAX]).prop_map(Value::U64).boxed(),
        Kind::Float => float().prop_map(Value::F32).boxed(),
        Kind::Double => double().prop_map(Value::F64).boxed(),
        Kind::String => text().prop_map(Value::String).boxed(),
        Kind::Bytes => vec(any::<u8>(), 0..9).prop_map(|bytes| Value::Bytes(bytes.into())).boxed(),
        Kind::Enum(descriptor) => {
            let numbers: Vec<i32> = descriptor.values().map(|value| value.number()).collect();
            prop_oneof![4 => select(numbers), 1 => any::<i32>()].prop_map(Value::EnumNumber).boxed()
        }
        Kind::Message(message) => of_type(&message, depth.saturating_sub(1)).prop_map(Value::Message).boxed(),
    }
}

/// Any number, and often one of these.
fn edged<T: Arbitrary + Clone + Debug + 'static>(edges: [T; 3]) -> impl Strategy<Value = T> {
    prop_oneof![3 => any::<T>(), 1 => select(Vec::from(edges))]
}

/// Any number, and now and then none.
fn float() -> impl Strategy<Value = f32> {
    prop_oneof![60 => edged([0.0, -0.0, f32::MAX]), 1 => select(vec![f32::NAN, f32::NEG_INFINITY])]
}

/// Any number, prices, and now and then none.
fn double() -> impl Strategy<Value = f64> {
    let price = (-1_000_000..1_000_000).prop_map(|cents| f64::from(cents) / 100.0);
    prop_oneof![30 => edged([0.0, -0.0, 1e16]), 30 => price, 1 => select(vec![f64::NAN, f64::INFINITY])]
}

/// Names, any unicode, and everything that JSON escapes.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z0-9_.]{0,40}", ".{0,12}", "[\\x00-\\x1f\"\\\\/\u{7f}\u{2028}é😀]{0,12}"]
}

fn seconds(range: RangeInclusive<i64>) -> BoxedStrategy<Value> {
    let edges = select(vec![*range.start(), *range.end(), -1, 0]);
    prop_oneof![20 => range, 10 => edges, 1 => any::<i64>()].prop_map(Value::I64).boxed()
}

fn nanos() -> BoxedStrategy<Value> {
    let fraction = (0..1_000, select(vec![1, 1_000, 1_000_000])).prop_map(|(count, unit)| count * unit);
    prop_oneof![10 => fraction, 10 => 0..1_000_000_000, 1 => any::<i32>()].prop_map(Value::I32).boxed()
}
