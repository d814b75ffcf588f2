use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Part;

/// The keys of a process: `data_dir`, and the section of its part. Written by hand because the section's name is the
/// part's.
pub(super) struct Settings<P: Part> {
    pub(super) data_dir: PathBuf,
    pub(super) part: P::Config,
}

const DATA_DIR: &str = "data_dir";

impl<P: Part> Settings<P> {
    const KEYS: &'static [&'static str] = &[DATA_DIR, P::SECTION];
}

impl<P: Part> Default for Settings<P> {
    fn default() -> Self {
        Self { data_dir: ".tickmesh".into(), part: P::Config::default() }
    }
}

impl<P: Part> Serialize for Settings<P> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(Self::KEYS.len()))?;
        map.serialize_entry(DATA_DIR, &self.data_dir)?;
        map.serialize_entry(P::SECTION, &self.part)?;
        map.end()
    }
}

impl<'de, P: Part> Deserialize<'de> for Settings<P> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Keys(PhantomData))
    }
}

struct Keys<P>(PhantomData<P>);

impl<'de, P: Part> Visitor<'de> for Keys<P> {
    type Value = Settings<P>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{DATA_DIR} and the section {}", P::SECTION)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Settings<P>, A::Error> {
        let mut settings = Settings::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                DATA_DIR => settings.data_dir = map.next_value()?,
                section if section == P::SECTION => settings.part = map.next_value()?,
                unknown => return Err(A::Error::unknown_field(unknown, Settings::<P>::KEYS)),
            }
        }
        Ok(settings)
    }
}
