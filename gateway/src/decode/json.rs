//! JSON text → a value, in which no object gives a name twice.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value as Json};
use tickmesh_mesh::status::Violations;

/// Reads one JSON value. serde_json alone would keep the last of two values of one name and drop the first in silence;
/// here each such name is added to `violations`, as it is spelt.
///
/// # Errors
/// If the text is no JSON.
pub fn json(text: &[u8], violations: &mut Violations) -> Result<Json, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let json = OneOfEach { violations }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(json)
}

/// Reads a value and whatever is inside of it.
struct OneOfEach<'v> {
    violations: &'v mut Violations,
}

impl<'de> DeserializeSeed<'de> for OneOfEach<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for OneOfEach<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json, E> {
        Number::from_f64(value).map(Json::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Json, E> {
        Ok(Json::String(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Json, E> {
        Ok(Json::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let Self { violations } = self;
        let mut read = Vec::new();
        loop {
            let place = format!("[{}]", read.len());
            match violations.within(&place, |violations| items.next_element_seed(OneOfEach { violations }))? {
                Some(item) => read.push(item),
                None => return Ok(Json::Array(read)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Json, A::Error> {
        let Self { violations } = self;
        let mut read = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            let value = violations.within(&name, |violations| fields.next_value_seed(OneOfEach { violations }))?;
            match read.entry(name) {
                Entry::Vacant(place) => drop(place.insert(value)),
                Entry::Occupied(taken) => violations.add(taken.key(), "must be given once"),
            }
        }
        Ok(Json::Object(read))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::named;

    #[test]
    fn a_name_that_is_given_twice_is_named_with_its_path() {
        let text = br#"{"a":1,"b":[{"c":1},{"c":1,"d":{},"c":1}],"a":2}"#;
        let mut violations = Violations::new();
        json(text, &mut violations).unwrap();
        let fields: Vec<_> = named(violations).into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["b[1].c", "a"]);
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in ["", "{", "[1,]", "{} {}", "1e999", "nan"] {
            assert!(json(text.as_bytes(), &mut Violations::new()).is_err(), "{text}");
        }
    }

    fn values() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<u64>().prop_map(Json::from),
            (-1e9..1e9).prop_map(Json::from),
            "[a-z\\n\"é]{0,5}".prop_map(Json::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            let object = prop::collection::btree_map("[a-z]{1,3}", inner.clone(), 0..4);
            let object = object.prop_map(|fields| Json::Object(fields.into_iter().collect()));
            prop_oneof![prop::collection::vec(inner, 0..4).prop_map(Json::from), object]
        })
    }

    proptest! {
        #[test]
        fn everything_else_is_read_as_serde_json_reads_it(value in values()) {
            let mut violations = Violations::new();
            let text = value.to_string();
            prop_assert_eq!(json(text.as_bytes(), &mut violations).unwrap(), serde_json::from_str::<Json>(&text).unwrap());
            prop_assert!(violations.is_empty());
        }
    }
}
