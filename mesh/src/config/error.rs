use std::io;
use std::path::Path;

use figment::Figment;
use figment::error::Kind;
use figment::value::Value;

/// Why a configuration is refused: one line that names the key, its value, where it came from and the rule.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    /// The process's exit code: 64, a mistake in how it was called.
    pub fn exit_code(&self) -> u8 {
        64
    }

    pub(super) fn unreadable(path: &Path, error: &io::Error) -> Self {
        Self(format!("cannot read the configuration file {}: {error}", path.display()))
    }

    pub(super) fn malformed(path: &Path, error: &impl std::fmt::Display) -> Self {
        let text = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        Self(format!("the configuration file {} is no TOML: {text}", path.display()))
    }

    pub(super) fn defaults(error: &figment::Error) -> Self {
        Self(format!("the defaults cannot be written down: {error}"))
    }

    pub(super) fn not_finite(figment: &Figment, key: &str) -> Self {
        Self(format!("{} is refused: must be a finite number", place(figment, key)))
    }

    pub(super) fn refused(figment: &Figment, error: &figment::Error) -> Self {
        let section = error.path.join(".");
        Self(match &error.kind {
            Kind::UnknownField(field, known) => {
                let key = if error.path.last() == Some(field) { section } else { join(&section, field) };
                format!("unknown key {}: known here are {}", place(figment, &key), known.join(", "))
            }
            Kind::UnknownVariant(_, known) => {
                format!("{} is refused: must be one of {}", place(figment, &section), known.join(", "))
            }
            Kind::MissingField(field) => format!("{} is missing", join(&section, field)),
            rule => format!("{} is refused: {rule}", place(figment, &section)),
        })
    }
}

/// `key = value (from source)`.
fn place(figment: &Figment, key: &str) -> String {
    let value = figment.find_value(key).ok().map(|value| super::loaded::shown(key, &value));
    let source = figment.find_metadata(key).map(|metadata| metadata.name.to_string());
    match (value, source) {
        (Some(value), Some(source)) => format!("{key} = {value} (from {source})"),
        _ => key.to_owned(),
    }
}

fn join(section: &str, key: &str) -> String {
    if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") }
}

/// A value as TOML would have it.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(_, text) => format!("{text:?}"),
        Value::Char(_, char) => format!("{:?}", char.to_string()),
        Value::Bool(_, truth) => truth.to_string(),
        Value::Num(_, number) => match (number.to_i128(), number.to_u128(), number.to_f64()) {
            (Some(whole), _, _) => whole.to_string(),
            (None, Some(whole), _) => whole.to_string(),
            (None, None, real) => format!("{:?}", real.unwrap_or(f64::NAN)),
        },
        Value::Empty(..) => "unset".to_owned(),
        Value::Array(_, values) => format!("[{}]", values.iter().map(text).collect::<Vec<_>>().join(", ")),
        Value::Dict(_, values) => {
            let pairs = values.iter().map(|(key, value)| format!("{key} = {}", text(value)));
            format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
        }
    }
}
