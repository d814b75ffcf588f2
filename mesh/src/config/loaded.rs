use std::fmt;

use figment::Figment;
use figment::value::Value;
use serde::Serialize;

use super::ConfigError;
use super::error::text;
use super::sources::DEFAULT;

/// A configuration and where each of its values came from.
#[derive(Clone, Debug)]
pub struct Loaded<T> {
    /// The configuration.
    pub config: T,
    pub(super) entries: Vec<Entry>,
}

/// One value and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Sections and name, parted by dots.
    pub key: String,
    /// The value as TOML has it; secrets are not shown.
    pub value: String,
    /// A file's path, a variable's name, a flag, or `default`.
    pub source: String,
    /// Whether somebody gave it: a file may be called `default` too.
    pub is_given: bool,
}

impl<T> Loaded<T> {
    /// Every value with its source, in the order of their keys.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

/// What `--print-config` prints: TOML with the sources as comments.
impl<T> fmt::Display for Loaded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Entry { key, value, source, is_given: _ } in &self.entries {
            match value.as_str() {
                "unset" => writeln!(f, "# {key} is unset")?,
                value => writeln!(f, "{key} = {value} # {source}")?,
            }
        }
        Ok(())
    }
}

pub(super) fn entries(figment: &Figment, config: &impl Serialize) -> Result<Vec<Entry>, ConfigError> {
    let mut entries = Vec::new();
    if let Ok(value) = Value::serialize(config) {
        collect(figment, String::new(), &value, &mut entries)?;
    }
    Ok(entries)
}

fn collect(figment: &Figment, key: String, value: &Value, entries: &mut Vec<Entry>) -> Result<(), ConfigError> {
    match value {
        Value::Dict(_, values) => values.iter().try_for_each(|(name, value)| {
            let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
            collect(figment, key, value, entries)
        }),
        // TOML can say `inf` and `nan`; no setting of ours can mean them.
        Value::Num(_, number) if number.to_f64().is_some_and(|number| !number.is_finite()) => {
            Err(ConfigError::not_finite(figment, &key))
        }
        value => {
            entries.push(Entry::new(key, value, figment));
            Ok(())
        }
    }
}

impl Entry {
    fn new(key: String, value: &Value, figment: &Figment) -> Self {
        let metadata = figment.find_metadata(&key);
        let source = metadata.map_or_else(|| DEFAULT.to_owned(), |metadata| metadata.name.to_string());
        Self { value: shown(&key, value), key, source, is_given: metadata.is_some_and(|m| m.source.is_some()) }
    }
}

/// A value as it may be shown: no secret, no password in a URL.
pub(super) fn shown(key: &str, value: &Value) -> String {
    const SECRETS: [&str; 4] = ["secret", "password", "token", "api_key"];
    let name = key.rsplit('.').next().unwrap_or(key);
    let is_secret = SECRETS.iter().any(|secret| name.contains(secret)) && !name.ends_with("_file");
    match value {
        Value::Empty(..) => text(value),
        _ if is_secret => "\"…\"".to_owned(),
        _ => without_password(text(value)),
    }
}

/// `scheme://user:password@host` without what stands before the `@`.
fn without_password(text: String) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text };
    let authority = rest.split(['/', '?', '"']).next().unwrap_or_default();
    match authority.rsplit_once('@') {
        Some((user, _)) => format!("{scheme}://…{}", &rest[user.len()..]),
        None => text,
    }
}
