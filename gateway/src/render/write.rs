//! Encoded messages → JSON, straight.
//!
//! JSON names fields in the ascending order of their numbers, which is how encoders send them, so each field can be
//! written as it is read. Whatever is not so simple gives `None`: fields in another order or twice (later values
//! replace or merge with earlier ones), two fields of a oneof, fields and forms that the table does not have, numbers
//! that JSON does not have, bytes that are no message. The caller then leaves the whole message to reflection.

use prost::encoding::{WireType, decode_key};

use super::scalar::{Scalar, ScalarKind, delimited};
use super::table::{Field, Place, Shape, Tables, Type, ValueKind};
use super::time;

/// How deep messages may stand in each other: far more than contracts do, less than decoders allow.
const MAX_DEPTH: usize = 50;

/// How many entries of one map are told apart by comparing each with each.
const MAX_ENTRIES: usize = 64;

/// JSON is about this many times as long as the message it is written from.
const GROWTH: usize = 4;

/// The numbers of an entry's fields, in every map.
const KEY: u32 = 1;
const VALUE: u32 = 2;

/// Writes a message of the type at `place`; `None` if it takes reflection.
pub(super) fn json(tables: &Tables, place: Place, message: &[u8]) -> Option<Vec<u8>> {
    let json = Vec::with_capacity(GROWTH * message.len() + 2);
    let mut writer = Writer { tables, json, depth: 0 };
    writer.message(place, message)?;
    Some(writer.json)
}

struct Writer<'t> {
    tables: &'t Tables,
    json: Vec<u8>,
    depth: usize,
}

impl<'t> Writer<'t> {
    fn message(&mut self, place: Place, bytes: &[u8]) -> Option<()> {
        match &self.tables[place] {
            Type::Object(fields) => self.object(fields, bytes),
            Type::Timestamp => time::timestamp(bytes, &mut self.json),
            Type::Duration => time::duration(bytes, &mut self.json),
            Type::Other => None,
        }
    }

    fn object(&mut self, mut fields: &'t [Field], mut bytes: &[u8]) -> Option<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        self.json.push(b'{');
        let mut oneofs = 0;
        while !bytes.is_empty() {
            let (number, wire_type) = decode_key(&mut bytes).ok()?;
            // Only fields after the last one can come, so that none comes twice or too late.
            let at = fields.iter().position(|field| field.number == number)?;
            let field = &fields[at];
            fields = &fields[at + 1..];
            if oneofs & field.oneof != 0 {
                return None;
            }
            oneofs |= field.oneof;
            self.field(field, wire_type, &mut bytes)?;
        }
        self.json.push(b'}');
        self.depth -= 1;
        Some(())
    }

    fn field(&mut self, field: &'t Field, wire_type: WireType, bytes: &mut &[u8]) -> Option<()> {
        match &field.shape {
            Shape::Implicit(kind) if kind.wire_type() == wire_type => {
                let value = kind.read(bytes)?;
                if value.is_default() {
                    return Some(());
                }
                self.key(field);
                value.write(&mut self.json)
            }
            Shape::Explicit(kind) if kind.wire_type() == wire_type => {
                self.key(field);
                self.value(kind, bytes)
            }
            Shape::List(kind) => self.list(field, kind, wire_type, bytes),
            Shape::Map { key, value } if wire_type == WireType::LengthDelimited => self.map(field, key, value, bytes),
            Shape::Implicit(_) | Shape::Explicit(_) | Shape::Map { .. } => None,
        }
    }

    fn key(&mut self, field: &Field) {
        self.separate();
        self.json.extend_from_slice(&field.key);
    }

    /// A comma, unless what is to come is the first of its list or object: no value ends with an opening bracket.
    fn separate(&mut self) {
        if !matches!(self.json.last(), Some(b'{' | b'[')) {
            self.json.push(b',');
        }
    }

    fn value(&mut self, kind: &ValueKind, bytes: &mut &[u8]) -> Option<()> {
        match kind {
            ValueKind::Scalar(kind) => kind.read(bytes)?.write(&mut self.json),
            ValueKind::Message(place) => self.message(*place, delimited(bytes)?),
        }
    }

    /// A list, which may come in any number of pieces. One without elements is left out.
    fn list(&mut self, field: &Field, kind: &ValueKind, wire_type: WireType, bytes: &mut &[u8]) -> Option<()> {
        let before = self.json.len();
        self.key(field);
        self.json.push(b'[');
        let start = self.json.len();
        self.elements(kind, wire_type, bytes)?;
        while let Some(wire_type) = take_key(field.number, bytes) {
            self.elements(kind, wire_type, bytes)?;
        }
        if self.json.len() == start {
            self.json.truncate(before);
        } else {
            self.json.push(b']');
        }
        Some(())
    }

    /// One element, or all those that are packed together.
    fn elements(&mut self, kind: &ValueKind, wire_type: WireType, bytes: &mut &[u8]) -> Option<()> {
        if wire_type == kind.wire_type() {
            self.separate();
            return self.value(kind, bytes);
        }
        if wire_type != WireType::LengthDelimited {
            return None;
        }
        let mut packed = delimited(bytes)?;
        while !packed.is_empty() {
            self.separate();
            self.value(kind, &mut packed)?;
        }
        Some(())
    }

    /// A map, in the order in which its entries come.
    fn map(&mut self, field: &Field, key: &ScalarKind, value: &ValueKind, bytes: &mut &[u8]) -> Option<()> {
        self.key(field);
        self.json.push(b'{');
        let mut keys = vec![self.entry(key, value, delimited(bytes)?)?];
        while let Some(wire_type) = take_key(field.number, bytes) {
            if wire_type != WireType::LengthDelimited || keys.len() == MAX_ENTRIES {
                return None;
            }
            let next = self.entry(key, value, delimited(bytes)?)?;
            if keys.contains(&next) {
                return None;
            }
            keys.push(next);
        }
        self.json.push(b'}');
        Some(())
    }

    /// One entry of a map; returns its key.
    fn entry<'m>(&mut self, key: &'m ScalarKind, value: &ValueKind, mut entry: &'m [u8]) -> Option<Scalar<'m>> {
        let key = match take_key(KEY, &mut entry) {
            Some(wire_type) if wire_type != key.wire_type() => return None,
            Some(_) => key.read(&mut entry)?,
            None => key.default()?,
        };
        self.separate();
        key.write_key(&mut self.json)?;
        self.json.push(b':');
        match (take_key(VALUE, &mut entry), value) {
            (Some(wire_type), value) if wire_type == value.wire_type() => self.value(value, &mut entry)?,
            (None, ValueKind::Scalar(kind)) => kind.default()?.write(&mut self.json)?,
            _ => return None,
        }
        entry.is_empty().then_some(key)
    }
}

impl ValueKind {
    fn wire_type(&self) -> WireType {
        match self {
            Self::Scalar(kind) => kind.wire_type(),
            Self::Message(_) => WireType::LengthDelimited,
        }
    }
}

/// Takes a key off the front of `bytes` if it is the key of field `number`.
fn take_key(number: u32, bytes: &mut &[u8]) -> Option<WireType> {
    if bytes.is_empty() {
        return None;
    }
    let mut rest = *bytes;
    let (found, wire_type) = decode_key(&mut rest).ok()?;
    if found != number {
        return None;
    }
    *bytes = rest;
    Some(wire_type)
}
