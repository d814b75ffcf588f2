//! Objects → messages.

use std::collections::HashSet;

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};
use serde_json::Value as Json;
use tickmesh_mesh::status::Violations;

use super::{map, scalar, well_known};
use crate::contract::find_field;

/// Reads a JSON object as a message. What does not fit is added to `violations`, and the message holds the rest.
pub fn message(descriptor: &MessageDescriptor, json: &Json, violations: &mut Violations) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    let Json::Object(fields) = json else {
        violations.add("", format!("must be an object, not {}", kind_of(json)));
        return message;
    };
    let mut taken = Taken::default();
    for (name, json) in fields {
        match find_field(descriptor, name) {
            None => violations.add(name, unknown(descriptor)),
            Some(field) => match taken.take(&field) {
                Ok(()) => set(&mut message, &field, json, violations),
                Err(rule) => violations.add(field.name(), rule),
            },
        }
    }
    message
}

/// The fields that an object has already given.
#[derive(Default)]
struct Taken {
    fields: HashSet<u32>,
    oneofs: HashSet<String>,
}

impl Taken {
    fn take(&mut self, field: &FieldDescriptor) -> Result<(), String> {
        if !self.fields.insert(field.number()) {
            return Err("must be given once, by its proto name or its JSON name".to_owned());
        }
        match field.containing_oneof() {
            Some(oneof) if !self.oneofs.insert(oneof.name().to_owned()) => {
                let names: Vec<_> = oneof.fields().map(|field| field.json_name().to_owned()).collect();
                Err(format!("must be the only one of {}", names.join(", ")))
            }
            _ => Ok(()),
        }
    }
}

fn set(message: &mut DynamicMessage, field: &FieldDescriptor, json: &Json, violations: &mut Violations) {
    if json.is_null() && !well_known::takes_null(&field.kind()) {
        return; // null means absent
    }
    let value = violations.within(field.name(), |violations| {
        if field.is_map() {
            Some(map::value(field, json, violations))
        } else if field.is_list() {
            list(&field.kind(), json, violations)
        } else {
            value(&field.kind(), json, violations)
        }
    });
    if let Some(value) = value {
        message.set_field(field, value);
    }
}

fn list(kind: &Kind, json: &Json, violations: &mut Violations) -> Option<Value> {
    let Json::Array(items) = json else {
        violations.add("", format!("must be a list, not {}", kind_of(json)));
        return None;
    };
    let item = |(index, json): (usize, &Json)| {
        violations.within(&format!("[{index}]"), |violations| value(kind, json, violations))
    };
    Some(Value::List(items.iter().enumerate().filter_map(item).collect()))
}

/// Reads one value of a kind; `None` after adding why not.
pub(super) fn value(kind: &Kind, json: &Json, violations: &mut Violations) -> Option<Value> {
    let read = match kind {
        Kind::Message(inner) if well_known::is_well_known(inner.full_name()) => well_known::value(inner, json),
        Kind::Message(inner) => Ok(Value::Message(message(inner, json, violations))),
        scalar => scalar::value(scalar, json),
    };
    match read {
        Ok(value) => Some(value),
        Err(rule) => {
            violations.add("", rule);
            None
        }
    }
}

fn unknown(descriptor: &MessageDescriptor) -> String {
    let known: Vec<_> = descriptor.fields().map(|field| field.json_name().to_owned()).collect();
    match known.as_slice() {
        [] => format!("is unknown: {} has no fields", descriptor.name()),
        known => format!("is unknown: {} has {}", descriptor.name(), known.join(", ")),
    }
}

/// What a JSON value is, in words.
pub(super) fn kind_of(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}
