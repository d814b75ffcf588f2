use std::fs;
use std::path::{Path, PathBuf};

use figment::providers::{Format as _, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider, Source};
use serde::Serialize;

use super::ConfigError;

/// Where a configuration is read from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    file: Option<PathBuf>,
    env: Vec<(String, String)>,
    flags: Vec<Layer>,
}

/// Variables of the environment that begin so are configuration.
const PREFIX: &str = "TICKMESH_";

/// Names the file, and is therefore no key.
const FILE: &str = "TICKMESH_CONFIG";

/// What the values are called that nobody set.
pub(super) const DEFAULT: &str = "default";

/// Some keys with their values and a name for where they come from.
#[derive(Clone, Debug)]
struct Layer {
    name: String,
    values: Dict,
    /// Whether somebody gave the values.
    is_given: bool,
}

impl Sources {
    /// Defaults alone.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a TOML file, which must exist.
    #[must_use]
    pub fn file(mut self, path: Option<&Path>) -> Self {
        self.file = path.map(Path::to_owned);
        self
    }

    /// Takes what begins with `TICKMESH_`; `__` parts sections. `TICKMESH_CONFIG` names the file if none was given.
    #[must_use]
    pub fn env(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.env = variables.into_iter().filter(|(name, _)| name.starts_with(PREFIX)).collect();
        self
    }

    /// Takes a flag's value for a key such as `market.speed`; `None` if the flag was not given.
    ///
    /// # Panics
    /// If the value cannot be serialised, as a map with keys that are no texts.
    #[must_use]
    pub fn flag(mut self, flag: &str, key: &str, value: Option<impl Serialize>) -> Self {
        if let Some(value) = value {
            let value = Value::serialize(value).expect("a flag's value is plain");
            self.flags.push(Layer::given(flag.to_owned(), nested(key, value)));
        }
        self
    }

    pub(super) fn figment(self, defaults: &impl Serialize) -> Result<Figment, ConfigError> {
        let from_env = self.env.iter().find(|(name, _)| name == FILE).map(|(_, path)| PathBuf::from(path));
        let file = self.file.clone().or(from_env);
        let defaults = Value::serialize(defaults).map_err(|error| ConfigError::defaults(&error))?;
        let defaults = defaults.into_dict().unwrap_or_default();
        let defaults = Layer { name: DEFAULT.to_owned(), values: defaults, is_given: false };
        let file = file.as_deref().map(read).transpose()?;
        let env = self.env.iter().filter(|(name, _)| name != FILE).map(|(name, value)| variable(name, value));
        let layers = [defaults].into_iter().chain(file).chain(env).chain(self.flags);
        Ok(layers.fold(Figment::new(), Figment::merge))
    }
}

impl Layer {
    fn given(name: String, values: Dict) -> Self {
        Self { name, values, is_given: true }
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        match self.is_given {
            true => Metadata::from(self.name.clone(), Source::Custom(self.name.clone())),
            false => Metadata::named(self.name.clone()),
        }
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Map::from([(Profile::Default, self.values.clone())]))
    }
}

fn read(path: &Path) -> Result<Layer, ConfigError> {
    let text = fs::read_to_string(path).map_err(|source| ConfigError::unreadable(path, &source))?;
    let values = Toml::from_str(&text).map_err(|source| ConfigError::malformed(path, &source))?;
    Ok(Layer::given(path.display().to_string(), values))
}

/// `TICKMESH_MARKET__SPEED` sets `market.speed`.
fn variable(name: &str, value: &str) -> Layer {
    let key = name[PREFIX.len()..].to_ascii_lowercase().replace("__", ".");
    let value = value.parse().expect("what is no number, truth or list is a text");
    Layer::given(name.to_owned(), nested(&key, value))
}

/// `a.b` and a value as `{a: {b: value}}`.
fn nested(key: &str, value: Value) -> Dict {
    match key.split_once('.') {
        None => Dict::from([(key.to_owned(), value)]),
        Some((section, rest)) => Dict::from([(section.to_owned(), nested(rest, value).into())]),
    }
}
