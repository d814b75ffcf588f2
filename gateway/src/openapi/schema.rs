//! Messages and enums → JSON schemas.

use std::collections::BTreeMap;

use prost_reflect::{
    DescriptorPool, EnumDescriptor, ExtensionDescriptor, FieldDescriptor, Kind, MessageDescriptor, Value,
};
use serde_json::{Map, Value as Json, json};

use super::comments::Comments;
use super::names::reference;
use crate::decode::is_well_known;

/// The schemas that the document refers to, each made when it is first referred to.
pub(super) struct Schemas<'c> {
    comments: &'c Comments,
    behaviour: Option<ExtensionDescriptor>,
    made: BTreeMap<String, Json>,
}

/// `google.api.FieldBehavior`, as far as a schema can say it.
const REQUIRED: i32 = 2;
const OUTPUT_ONLY: i32 = 3;

impl<'c> Schemas<'c> {
    pub(super) fn new(comments: &'c Comments, pool: &DescriptorPool) -> Self {
        let behaviour = pool.get_extension_by_name("google.api.field_behavior");
        Self { comments, behaviour, made: BTreeMap::new() }
    }

    /// All schemas by their names.
    pub(super) fn finish(self) -> BTreeMap<String, Json> {
        self.made
    }

    /// A reference to a message's schema, or the schema itself for a type with a JSON form of its own.
    pub(super) fn message(&mut self, message: &MessageDescriptor) -> Json {
        let name = message.full_name();
        if is_well_known(name) {
            return well_known(name);
        }
        if !self.made.contains_key(name) {
            self.made.insert(name.to_owned(), Json::Null); // a message may hold itself
            let schema = self.object(message);
            self.made.insert(name.to_owned(), schema);
        }
        reference(name)
    }

    /// A field's schema with its description.
    pub(super) fn field(&mut self, field: &FieldDescriptor) -> Json {
        let mut schema = self.shape(field);
        let description = self.describe(field);
        if let Json::Object(schema) = &mut schema {
            if !description.is_empty() {
                schema.insert("description".to_owned(), description.into());
            }
            if self.behaves(field, OUTPUT_ONLY) {
                schema.insert("readOnly".to_owned(), true.into());
            }
        }
        schema
    }

    /// Whether a field must be given.
    pub(super) fn is_required(&self, field: &FieldDescriptor) -> bool {
        self.behaves(field, REQUIRED)
    }

    /// A field's comment, and which fields it excludes.
    pub(super) fn describe(&self, field: &FieldDescriptor) -> String {
        let comment = self.comments.of_field(field);
        let rivals: Vec<_> =
            field.containing_oneof().into_iter().flat_map(|oneof| oneof.fields().collect::<Vec<_>>()).collect();
        if rivals.len() < 2 {
            return comment.to_owned();
        }
        let names: Vec<_> = rivals.iter().map(|rival| format!("`{}`", rival.json_name())).collect();
        format!("{comment}\n\nAt most one of {}.", names.join(", ")).trim_start().to_owned()
    }

    fn object(&mut self, message: &MessageDescriptor) -> Json {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in message.fields() {
            properties.insert(field.json_name().to_owned(), self.field(&field));
            if self.is_required(&field) {
                required.push(field.json_name().to_owned());
            }
        }
        let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
        if !required.is_empty() {
            schema["required"] = required.into();
        }
        describe(&mut schema, self.comments.of_message(message));
        schema
    }

    fn shape(&mut self, field: &FieldDescriptor) -> Json {
        match field.kind() {
            Kind::Message(entry) if field.is_map() => {
                let values = self.kind(&entry.map_entry_value_field().kind());
                json!({"type": "object", "additionalProperties": values})
            }
            kind if field.is_list() => json!({"type": "array", "items": self.kind(&kind)}),
            kind => self.kind(&kind),
        }
    }

    fn kind(&mut self, kind: &Kind) -> Json {
        match kind {
            Kind::Message(message) => self.message(message),
            Kind::Enum(descriptor) => self.enumeration(descriptor),
            scalar => self::scalar(scalar),
        }
    }

    fn enumeration(&mut self, descriptor: &EnumDescriptor) -> Json {
        if !self.made.contains_key(descriptor.full_name()) {
            let names: Vec<_> = descriptor.values().map(|value| value.name().to_owned()).collect();
            let list =
                descriptor.values().map(|value| format!("- `{}`: {}", value.name(), self.comments.of_value(&value)));
            let list = list.collect::<Vec<_>>().join("\n");
            let mut schema = json!({"type": "string", "enum": names});
            describe(&mut schema, format!("{}\n\n{list}", self.comments.of_enum(descriptor)).trim());
            self.made.insert(descriptor.full_name().to_owned(), schema);
        }
        reference(descriptor.full_name())
    }

    fn behaves(&self, field: &FieldDescriptor, behaviour: i32) -> bool {
        let Some(extension) = &self.behaviour else { return false };
        let options = field.options();
        let listed = options.get_extension(extension);
        listed.as_list().is_some_and(|list| list.contains(&Value::EnumNumber(behaviour)))
    }
}

fn describe(schema: &mut Json, description: &str) {
    if !description.is_empty() {
        schema["description"] = description.into();
    }
}

fn scalar(kind: &Kind) -> Json {
    match kind {
        Kind::Double => json!({"type": "number", "format": "double"}),
        Kind::Float => json!({"type": "number", "format": "float"}),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => json!({"type": "integer", "format": "int32"}),
        Kind::Uint32 | Kind::Fixed32 => json!({"type": "integer", "format": "uint32", "minimum": 0}),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => json!({"type": "string", "format": "int64"}),
        Kind::Uint64 | Kind::Fixed64 => json!({"type": "string", "format": "uint64"}),
        Kind::Bool => json!({"type": "boolean"}),
        Kind::Bytes => json!({"type": "string", "contentEncoding": "base64"}),
        Kind::String | Kind::Message(_) | Kind::Enum(_) => json!({"type": "string"}),
    }
}

fn well_known(full_name: &str) -> Json {
    match full_name.trim_start_matches("google.protobuf.") {
        "Timestamp" => json!({"type": "string", "format": "date-time"}),
        "Duration" => json!({"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$"}),
        "FieldMask" | "StringValue" => json!({"type": "string"}),
        "BytesValue" => json!({"type": "string", "contentEncoding": "base64"}),
        "BoolValue" => json!({"type": "boolean"}),
        "DoubleValue" | "FloatValue" => json!({"type": "number"}),
        "Int32Value" | "UInt32Value" => json!({"type": "integer"}),
        "Int64Value" | "UInt64Value" => json!({"type": "string"}),
        "ListValue" => json!({"type": "array", "items": {}}),
        "Any" => json!({"type": "object", "required": ["@type"], "properties": {"@type": {"type": "string"}}}),
        "Value" => json!({}),
        _ => json!({"type": "object"}),
    }
}
