//! Configuration: defaults < file < environment < flags, read once, every value with where it came from.
//!
//! | Source | Example |
//! | --- | --- |
//! | file (TOML) | `[market]` `speed = 5` |
//! | environment | `TICKMESH_MARKET__SPEED=5` |
//! | flag | `--speed 5` |
//!
//! An unknown key or a value that breaks its rule is refused with the key, the value and the rule; such a process ends
//! with 64 (`EX_USAGE`).

mod error;
mod loaded;
mod sources;

#[cfg(test)]
mod tests;

pub use error::ConfigError;
pub use loaded::{Entry, Loaded};
pub use sources::Sources;

use figment::Figment;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads a configuration from its sources. `T` names every key, with `#[serde(deny_unknown_fields, default)]`.
///
/// # Errors
/// If the file cannot be read, a key is unknown or a value breaks its rule.
pub fn load<T: Default + Serialize + DeserializeOwned>(sources: Sources) -> Result<Loaded<T>, ConfigError> {
    let figment: Figment = sources.figment(&T::default())?;
    let config = figment.extract::<T>().map_err(|error| ConfigError::refused(&figment, &error))?;
    let entries = loaded::entries(&figment, &config)?;
    Ok(Loaded { config, entries })
}
