//! What is written straight is what reflection writes, for any message and any bytes.

mod everything;
mod random;

use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use prost::Message as _;
use prost::encoding::WireType;
use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};
use prost_types::field_descriptor_proto::Type;
use tickmesh_proto::market::v1::Trade;
use tickmesh_proto::model::v1::ModelVersion;

use super::*;
use everything::{EVERYTHING, Shape};
use random::{Sample, any_message};

/// The contracts, and a message of everything.
static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let mut pool = DescriptorPool::decode(tickmesh_proto::FILE_DESCRIPTOR_SET).unwrap();
    pool.add_file_descriptor_proto(everything::file()).unwrap();
    pool
});

static RENDERERS: LazyLock<Renderers> = LazyLock::new(|| Renderers::new(&POOL));

fn renderer(name: &str) -> Renderer {
    RENDERERS.of(POOL.get_message_by_name(name).unwrap())
}

/// Both ways: straight and by reflection.
fn both(renderer: &Renderer, message: &[u8]) -> (Option<String>, Option<String>) {
    let text = |json| String::from_utf8(json).unwrap();
    let reflected = reflect::json(renderer.descriptor.clone(), message);
    (renderer.straight(message).map(text), reflected.ok().map(text))
}

/// Whether a message holds nothing that is left to reflection on purpose.
fn is_plain(message: &DynamicMessage) -> bool {
    let descriptor = message.descriptor();
    let is_well_known = descriptor.package_name() == "google.protobuf"
        && descriptor.parent_file().name() != "google/protobuf/descriptor.proto";
    let is_covered = !is_well_known || ["Timestamp", "Duration", "Empty"].contains(&descriptor.name());
    is_covered && is_normal_time(message) && message.fields().all(|(_, value)| is_plain_value(value))
}

/// Nanoseconds beyond one second or against the seconds' sign are left to reflection, which normalises them.
fn is_normal_time(message: &DynamicMessage) -> bool {
    let number = |name| match message.get_field_by_name(name).as_deref() {
        Some(Value::I64(number)) => *number,
        Some(Value::I32(number)) => (*number).into(),
        _ => 0,
    };
    let (seconds, nanos) = (number("seconds"), number("nanos"));
    match message.descriptor().full_name() {
        "google.protobuf.Timestamp" => (0..1_000_000_000).contains(&nanos),
        "google.protobuf.Duration" => nanos.abs() < 1_000_000_000 && seconds.signum() * nanos.signum() >= 0,
        _ => true,
    }
}

fn is_plain_value(value: &Value) -> bool {
    match value {
        Value::Message(message) => is_plain(message),
        Value::List(values) => values.iter().all(is_plain_value),
        Value::Map(entries) => entries.values().all(is_plain_value),
        _ => true,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_message_has_the_text_of_reflection(Sample(message) in any_message(&POOL)) {
        let renderer = RENDERERS.of(message.descriptor());
        let (straight, reflected) = both(&renderer, &message.encode_to_vec());
        // Nothing that could go straight takes the long way unseen.
        if straight.is_some() || is_plain(&message) {
            prop_assert_eq!(straight, reflected);
        }
    }

    /// Cut, flipped and appended bytes: what reflection refuses is refused, what it accepts has its text.
    #[test]
    fn broken_messages_are_as_broken_as_for_reflection(
        Sample(message) in any_message(&POOL),
        flips in vec((any::<Index>(), 0_u32..8), 0..4),
        cut in prop::option::of(any::<Index>()),
        tail in vec(any::<u8>(), 0..4),
    ) {
        let renderer = RENDERERS.of(message.descriptor());
        let mut bytes = message.encode_to_vec();
        bytes.extend(tail);
        for (at, bit) in flips {
            if !bytes.is_empty() {
                *at.get_mut(&mut bytes) ^= 1 << bit;
            }
        }
        bytes.truncate(cut.map_or(bytes.len(), |cut| cut.index(bytes.len() + 1)));
        let (straight, reflected) = both(&renderer, &bytes);
        if let Some(straight) = straight {
            prop_assert!(is_same(&straight, &reflected.unwrap()));
        }
    }

    #[test]
    fn any_bytes_are_survived(bytes in vec(any::<u8>(), 0..64)) {
        for descriptor in POOL.all_messages() {
            let (straight, reflected) = both(&RENDERERS.of(descriptor), &bytes);
            if let Some(straight) = straight {
                prop_assert!(is_same(&straight, &reflected.unwrap()));
            }
        }
    }
}

/// The same text, but for the order of a map's entries, in which reflection is not certain.
fn is_same(straight: &str, reflected: &str) -> bool {
    let value = |text| serde_json::from_str::<serde_json::Value>(text).unwrap();
    straight == reflected || (straight.len() == reflected.len() && value(straight) == value(reflected))
}

#[test]
fn a_number_that_is_not_finite_has_no_json() {
    let renderer = renderer("tickmesh.market.v1.Trade");
    let trade = |price| Trade { price, ..Default::default() }.encode_to_vec();
    let error = tonic::Status::from(renderer.json(&trade(f64::NAN)).unwrap_err());
    assert_eq!(error.message(), "the service sent a number that is not finite");
    assert_eq!(renderer.json(&trade(0.1)).unwrap(), br#"{"price":0.1}"#);
}

#[test]
fn fields_that_replace_others_are_left_to_reflection() {
    let renderer = renderer("tickmesh.model.v1.Model");
    for (message, json) in
        [(&b"\x0a\x01b\x0a\x01a"[..], r#"{"name":"a"}"#), (b"\x12\x01s\x0a\x01n", r#"{"name":"n","symbol":"s"}"#)]
    {
        assert_eq!(renderer.straight(message), None);
        assert_eq!(String::from_utf8(renderer.json(message).unwrap()).unwrap(), json);
    }
}

/// Encoders leave defaults and empty lists out, but may send them.
#[test]
fn defaults_that_are_sent_are_left_out() {
    let renderer = renderer(EVERYTHING);
    for kind in everything::kinds().filter(|kind| *kind != Type::Message) {
        let (bytes, wire_type): (&[u8], _) = match kind {
            Type::Double => (&(-0.0_f64).to_le_bytes(), WireType::SixtyFourBit),
            Type::Float => (&(-0.0_f32).to_le_bytes(), WireType::ThirtyTwoBit),
            Type::Fixed64 | Type::Sfixed64 => (&[0; 8], WireType::SixtyFourBit),
            Type::Fixed32 | Type::Sfixed32 => (&[0; 4], WireType::ThirtyTwoBit),
            Type::String | Type::Bytes => (&[0], WireType::LengthDelimited),
            _ => (&[0], WireType::Varint),
        };
        let message = keyed(kind, Shape::Implicit, wire_type, bytes);
        assert_eq!(both(&renderer, &message), (Some("{}".to_owned()), Some("{}".to_owned())), "{kind:?}");
    }
    let message = keyed(Type::Int32, Shape::Packed, WireType::LengthDelimited, &[0]);
    assert_eq!(both(&renderer, &message), (Some("{}".to_owned()), Some("{}".to_owned())));
}

/// Encoders send no integer that its kind cannot hold; decoders cut one.
#[test]
fn integers_that_are_too_wide_are_cut() {
    let renderer = renderer(EVERYTHING);
    let kinds =
        [Type::Bool, Type::Int32, Type::Int64, Type::Uint32, Type::Uint64, Type::Sint32, Type::Sint64, Type::Enum];
    for kind in kinds {
        for number in [u64::MAX, 1 << 32, (1 << 33) + 3, (1 << 40) + (1 << 31)] {
            let mut value = Vec::new();
            prost::encoding::encode_varint(number, &mut value);
            let (straight, reflected) = both(&renderer, &keyed(kind, Shape::Optional, WireType::Varint, &value));
            assert_eq!(straight.unwrap(), reflected.unwrap(), "{kind:?} {number}");
        }
    }
}

#[test]
fn only_the_last_of_a_oneof_is_written() {
    let renderer = renderer(EVERYTHING);
    let choice = |kind| keyed(kind, Shape::Choice, WireType::Varint, &[1]);
    let message = [choice(Type::Int32), choice(Type::Bool)].concat();
    assert_eq!(renderer.straight(&message), None);
    assert_eq!(renderer.json(&message).unwrap(), br#"{"f88":true}"#);
}

#[test]
fn a_map_is_written_in_the_order_of_its_entries() {
    let renderer = renderer("tickmesh.model.v1.ModelVersion");
    let params = ["b", "a", "c"].map(|key| (key.to_owned(), "1".to_owned()));
    let message = ModelVersion { params: params.into(), ..ModelVersion::default() }.encode_to_vec();
    let (straight, reflected) = both(&renderer, &message);
    assert!(is_same(&straight.unwrap(), &reflected.unwrap()));
}

#[test]
fn a_key_that_comes_twice_is_written_once() {
    let renderer = renderer("tickmesh.model.v1.ModelVersion");
    let entry =
        |value: &str| ModelVersion { params: [("k".to_owned(), value.to_owned())].into(), ..ModelVersion::default() };
    let message = [entry("1").encode_to_vec(), entry("2").encode_to_vec()].concat();
    assert_eq!(renderer.straight(&message), None);
    assert_eq!(renderer.json(&message).unwrap(), br#"{"params":{"k":"2"}}"#);
}

#[test]
fn messages_nest_only_so_deep() {
    let renderer = renderer(EVERYTHING);
    let nested = |depth| (0..depth).fold(Vec::new(), |inner: Vec<u8>, _| nest(&inner));
    let (straight, reflected) = both(&renderer, &nested(20));
    assert_eq!(straight.unwrap(), reflected.unwrap());
    assert_eq!(renderer.straight(&nested(60)), None);
    assert!(renderer.json(&nested(60)).is_ok());
    assert!(renderer.json(&nested(10_000)).is_err());
}

/// Puts a message into the field of its own type.
fn nest(inner: &[u8]) -> Vec<u8> {
    let mut length = Vec::new();
    prost::encoding::encode_varint(inner.len() as u64, &mut length);
    keyed(Type::Message, Shape::Implicit, WireType::LengthDelimited, &[&length, inner].concat())
}

/// A message of everything with one field.
fn keyed(kind: Type, shape: Shape, wire_type: WireType, value: &[u8]) -> Vec<u8> {
    let mut message = Vec::new();
    prost::encoding::encode_key(everything::number(kind, shape).cast_unsigned(), wire_type, &mut message);
    message.extend_from_slice(value);
    message
}
