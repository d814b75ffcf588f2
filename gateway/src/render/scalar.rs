//! Single values: wire → JSON.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use prost::encoding::{WireType, decode_varint};
use prost_reflect::Kind;
use serde::Serialize;

use super::table::Names;

/// How a single value is encoded.
#[derive(Debug)]
pub(super) enum ScalarKind {
    Bool,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Sint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
    Float,
    Double,
    Text,
    Bytes,
    Enum(Names),
}

/// A single value in its message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scalar<'m> {
    Bool(bool),
    I32(i32),
    I64(i64),
    U32(u32),
    U64(u64),
    F32(f32),
    F64(f64),
    Text(&'m str),
    Bytes(&'m [u8]),
    Enum(i32, &'m Names),
}

impl ScalarKind {
    /// `None` for a message, and for the enum that is JSON's `null`.
    pub(super) fn of(kind: &Kind) -> Option<Self> {
        Some(match kind {
            Kind::Bool => Self::Bool,
            Kind::Int32 => Self::Int32,
            Kind::Int64 => Self::Int64,
            Kind::Uint32 => Self::Uint32,
            Kind::Uint64 => Self::Uint64,
            Kind::Sint32 => Self::Sint32,
            Kind::Sint64 => Self::Sint64,
            Kind::Fixed32 => Self::Fixed32,
            Kind::Fixed64 => Self::Fixed64,
            Kind::Sfixed32 => Self::Sfixed32,
            Kind::Sfixed64 => Self::Sfixed64,
            Kind::Float => Self::Float,
            Kind::Double => Self::Double,
            Kind::String => Self::Text,
            Kind::Bytes => Self::Bytes,
            Kind::Enum(descriptor) => Self::Enum(Names::of(descriptor)?),
            Kind::Message(_) => return None,
        })
    }

    pub(super) fn wire_type(&self) -> WireType {
        match self {
            Self::Fixed32 | Self::Sfixed32 | Self::Float => WireType::ThirtyTwoBit,
            Self::Fixed64 | Self::Sfixed64 | Self::Double => WireType::SixtyFourBit,
            Self::Text | Self::Bytes => WireType::LengthDelimited,
            _ => WireType::Varint,
        }
    }

    /// Takes a value off the front of `bytes`; `None` if they do not begin with one. Integers that are too wide are
    /// cut, as protobuf wants it.
    pub(super) fn read<'m, 'b: 'm>(&'m self, bytes: &mut &'b [u8]) -> Option<Scalar<'m>> {
        Some(match self {
            Self::Bool => Scalar::Bool(varint(bytes)? != 0),
            Self::Int32 => Scalar::I32(varint(bytes)? as i32),
            Self::Int64 => Scalar::I64(varint(bytes)?.cast_signed()),
            Self::Uint32 => Scalar::U32(varint(bytes)? as u32),
            Self::Uint64 => Scalar::U64(varint(bytes)?),
            Self::Sint32 => Scalar::I32(zigzag(u64::from(varint(bytes)? as u32)) as i32),
            Self::Sint64 => Scalar::I64(zigzag(varint(bytes)?)),
            Self::Fixed32 => Scalar::U32(u32::from_le_bytes(fixed(bytes)?)),
            Self::Fixed64 => Scalar::U64(u64::from_le_bytes(fixed(bytes)?)),
            Self::Sfixed32 => Scalar::I32(i32::from_le_bytes(fixed(bytes)?)),
            Self::Sfixed64 => Scalar::I64(i64::from_le_bytes(fixed(bytes)?)),
            Self::Float => Scalar::F32(f32::from_le_bytes(fixed(bytes)?)),
            Self::Double => Scalar::F64(f64::from_le_bytes(fixed(bytes)?)),
            Self::Text => Scalar::Text(str::from_utf8(delimited(bytes)?).ok()?),
            Self::Bytes => Scalar::Bytes(delimited(bytes)?),
            Self::Enum(names) => Scalar::Enum(varint(bytes)? as i32, names),
        })
    }

    /// What an absent value stands for.
    pub(super) fn default(&self) -> Option<Scalar<'_>> {
        match self {
            Self::Text => Some(Scalar::Text("")),
            Self::Bytes => Some(Scalar::Bytes(&[])),
            _ => self.read(&mut &[0; 8][..]),
        }
    }
}

impl Scalar<'_> {
    /// Whether a field without presence leaves it out. A negative zero is a zero here.
    pub(super) fn is_default(self) -> bool {
        match self {
            Self::Bool(value) => !value,
            Self::I32(value) | Self::Enum(value, _) => value == 0,
            Self::I64(value) => value == 0,
            Self::U32(value) => value == 0,
            Self::U64(value) => value == 0,
            Self::F32(value) => value == 0.0,
            Self::F64(value) => value == 0.0,
            Self::Text(value) => value.is_empty(),
            Self::Bytes(value) => value.is_empty(),
        }
    }

    /// Writes the value; `None` if it is a number that is not finite.
    pub(super) fn write(self, json: &mut Vec<u8>) -> Option<()> {
        match self {
            Self::Bool(value) => plain(value, json),
            Self::I32(value) => plain(value, json),
            Self::U32(value) => plain(value, json),
            Self::I64(value) => in_quotes(value, json),
            Self::U64(value) => in_quotes(value, json),
            Self::F32(value) => value.is_finite().then(|| plain(value, json))?,
            Self::F64(value) => value.is_finite().then(|| plain(value, json))?,
            Self::Text(value) => text(value, json),
            Self::Bytes(value) => base64(value, json),
            Self::Enum(number, names) => match names.get(number) {
                Some(name) => {
                    json.extend_from_slice(name);
                    Some(())
                }
                None => plain(number, json), // newer than our contracts
            },
        }
    }

    /// Writes the value as the key of a map's entry.
    pub(super) fn write_key(self, json: &mut Vec<u8>) -> Option<()> {
        match self {
            Self::Bool(value) => in_quotes(value, json),
            Self::I32(value) => in_quotes(value, json),
            Self::U32(value) => in_quotes(value, json),
            _ => self.write(json),
        }
    }
}

/// Takes a length and as many bytes off the front of `bytes`.
pub(super) fn delimited<'m>(bytes: &mut &'m [u8]) -> Option<&'m [u8]> {
    let length = usize::try_from(varint(bytes)?).ok()?;
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

pub(super) fn varint(bytes: &mut &[u8]) -> Option<u64> {
    decode_varint(bytes).ok()
}

fn fixed<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}

/// 0, 1, 2, 3, … → 0, −1, 1, −2, …
fn zigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

fn plain(value: impl Serialize, json: &mut Vec<u8>) -> Option<()> {
    serde_json::to_writer(json, &value).ok()
}

fn in_quotes(value: impl Serialize, json: &mut Vec<u8>) -> Option<()> {
    json.push(b'"');
    plain(value, json)?;
    json.push(b'"');
    Some(())
}

fn text(value: &str, json: &mut Vec<u8>) -> Option<()> {
    // Most texts are names and ids that need no escape, which is quicker to see than to look for the first that does.
    let needs_escape = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    if value.bytes().fold(false, |found, byte| found | needs_escape(byte)) {
        return plain(value, json);
    }
    json.push(b'"');
    json.extend_from_slice(value.as_bytes());
    json.push(b'"');
    Some(())
}

fn base64(value: &[u8], json: &mut Vec<u8>) -> Option<()> {
    json.push(b'"');
    let start = json.len();
    json.resize(start + base64::encoded_len(value.len(), true)?, 0);
    BASE64_STANDARD.encode_slice(value, &mut json[start..]).ok()?;
    json.push(b'"');
    Some(())
}
