//! JSON scalars → values.

use std::fmt::Display;
use std::str::FromStr;

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use prost_reflect::{Kind, Value};
use serde_json::{Number, Value as Json};

use super::message::kind_of;
use super::{RuleText, enumeration};

/// Reads a scalar or an enum.
pub(super) fn value(kind: &Kind, json: &Json) -> Result<Value, RuleText> {
    match (kind, json) {
        (Kind::String, Json::String(text)) => Ok(Value::String(text.clone())),
        (Kind::Bytes, Json::String(text)) => bytes(text),
        (Kind::Bool, Json::Bool(value)) => Ok(Value::Bool(*value)),
        (Kind::Enum(descriptor), Json::String(name)) => enumeration::by_full_name(descriptor, name),
        (Kind::Enum(descriptor), Json::Number(number)) => enumeration::by_number(descriptor, &number.to_string()),
        (kind, Json::Number(number)) if is_number(kind) => from_number(kind, number),
        (kind, Json::String(text)) if is_number(kind) => number(kind, text),
        (kind, json) => Err(format!("must be {}, not {}", expected(kind), kind_of(json))),
    }
}

/// Reads a number from its text.
pub(super) fn number(kind: &Kind, text: &str) -> Result<Value, RuleText> {
    match kind {
        Kind::Double => finite(text).map(Value::F64),
        Kind::Float => float(text).map(Value::F32),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => integer(text, i32::MIN, i32::MAX).map(Value::I32),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => integer(text, i64::MIN, i64::MAX).map(Value::I64),
        Kind::Uint32 | Kind::Fixed32 => integer(text, u32::MIN, u32::MAX).map(Value::U32),
        Kind::Uint64 | Kind::Fixed64 => integer(text, u64::MIN, u64::MAX).map(Value::U64),
        other => Err(format!("must be {}", expected(other))),
    }
}

/// Reads base64 in either alphabet, padded or not.
pub(super) fn bytes(text: &str) -> Result<Value, RuleText> {
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let alphabet = if text.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
    let decoded = GeneralPurpose::new(alphabet, lenient).decode(text);
    decoded.map(|bytes| Value::Bytes(bytes.into())).map_err(|_| "must be base64".to_owned())
}

fn is_number(kind: &Kind) -> bool {
    !matches!(kind, Kind::String | Kind::Bytes | Kind::Bool | Kind::Enum(_) | Kind::Message(_))
}

fn from_number(kind: &Kind, json: &Number) -> Result<Value, RuleText> {
    match (kind, json.as_f64()) {
        (Kind::Double, Some(value)) if value.is_finite() => Ok(Value::F64(value)),
        _ => number(kind, &json.to_string()),
    }
}

fn finite(text: &str) -> Result<f64, RuleText> {
    match parse::<f64>(text) {
        Some(value) if value.is_finite() => Ok(value),
        _ => Err("must be a finite number".to_owned()),
    }
}

fn float(text: &str) -> Result<f32, RuleText> {
    match parse::<f32>(text) {
        Some(value) if value.is_finite() => Ok(value),
        _ => Err(format!("must be a finite number from {:e} to {:e}", f32::MIN, f32::MAX)),
    }
}

/// Reads an integer; `1.0` and `1e3` are integers too, as the mapping says.
fn integer<T: Copy + FromStr + Display + TryFrom<i128>>(text: &str, min: T, max: T) -> Result<T, RuleText> {
    let whole = || {
        let value = parse::<f64>(text).filter(|value| value.fract() == 0.0 && value.abs() < 1e15)?;
        T::try_from(value as i128).ok() // exact: whole and far below 2^53
    };
    parse(text).or_else(whole).ok_or_else(|| format!("must be an integer from {min} to {max}"))
}

/// Parses text that is all number: Rust would also take a leading plus sign, which JSON does not have.
fn parse<T: FromStr>(text: &str) -> Option<T> {
    if text.starts_with('+') { None } else { text.parse().ok() }
}

fn expected(kind: &Kind) -> &'static str {
    match kind {
        Kind::String => "a string",
        Kind::Bytes => "a base64 string",
        Kind::Bool => "true or false",
        Kind::Enum(_) => "the name of an enum value",
        Kind::Message(_) => "an object",
        Kind::Double | Kind::Float => "a finite number",
        _ => "an integer",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn integers_have_ranges_and_several_spellings() {
        for good in [json!(7), json!("7"), json!(7.0), json!("7e0")] {
            assert_eq!(value(&Kind::Int32, &good), Ok(Value::I32(7)), "{good}");
        }
        assert_eq!(
            value(&Kind::Int32, &json!(2_147_483_648_i64)).unwrap_err(),
            "must be an integer from -2147483648 to 2147483647"
        );
        assert!(value(&Kind::Uint32, &json!(-1)).is_err());
        assert!(value(&Kind::Int64, &json!(1.5)).is_err());
        assert_eq!(value(&Kind::Int64, &json!("9007199254740993")), Ok(Value::I64(9_007_199_254_740_993)));
    }

    #[test]
    fn numbers_that_are_not_finite_are_refused() {
        for text in ["NaN", "Infinity", "-Infinity", "inf", "1e999", "", "+1", "0x1"] {
            assert!(value(&Kind::Double, &json!(text)).is_err(), "{text}");
        }
        assert!(value(&Kind::Float, &json!(1e39)).is_err());
        assert_eq!(value(&Kind::Double, &json!("1.5")), Ok(Value::F64(1.5)));
    }

    #[test]
    fn bytes_come_in_both_alphabets() {
        let expected = Ok(Value::Bytes(vec![0xfb, 0xff].into()));
        for text in ["+/8=", "+/8", "-_8=", "-_8"] {
            assert_eq!(value(&Kind::Bytes, &json!(text)), expected, "{text}");
        }
        assert!(value(&Kind::Bytes, &json!("?")).is_err());
    }

    #[test]
    fn a_wrong_type_is_named() {
        assert_eq!(value(&Kind::String, &json!(5)).unwrap_err(), "must be a string, not a number");
        assert_eq!(value(&Kind::Bool, &json!("true")).unwrap_err(), "must be true or false, not a string");
        assert_eq!(value(&Kind::Double, &json!([])).unwrap_err(), "must be a finite number, not a list");
    }

    proptest! {
        #[test]
        fn doubles_survive(number in proptest::num::f64::NORMAL | proptest::num::f64::ZERO) {
            prop_assert_eq!(value(&Kind::Double, &json!(number)), Ok(Value::F64(number)));
        }

        #[test]
        fn integers_survive_as_numbers_and_strings(number in any::<i64>()) {
            prop_assert_eq!(value(&Kind::Int64, &json!(number)), Ok(Value::I64(number)));
            prop_assert_eq!(value(&Kind::Int64, &json!(number.to_string())), Ok(Value::I64(number)));
        }
    }
}
