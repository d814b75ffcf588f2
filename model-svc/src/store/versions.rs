use std::fmt;

use tickmesh_proto::types::{Symbol, Timestamp};

use super::{Claim, RequestKey};
use crate::family::Family;
use crate::live::Reign;
use crate::training::Trained;
use crate::version::{Facts, VersionName};

/// A trained model on its way into the store.
#[derive(Clone, Debug)]
pub struct NewVersion {
    /// The model.
    pub trained: Trained,
    /// Who asked for it.
    pub owner: String,
    /// Wall clock.
    pub time: Timestamp,
    /// The symbol's newest bar: a first champion serves from it on.
    pub newest_bar: Timestamp,
}

/// A version without its artefact.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionFacts {
    /// Its name.
    pub name: VersionName,
    /// Its family.
    pub family: Family,
    /// When it was made, wall clock.
    pub create_time: Timestamp,
    /// Close of the first bar learned from.
    pub train_start: Timestamp,
    /// Close of the last bar learned from.
    pub train_end: Timestamp,
    /// SHA-256 of the artefact.
    pub artefact_digest: String,
    /// The rest.
    pub facts: Facts,
    /// Aliases that name it.
    pub aliases: Vec<Alias>,
}

/// A model: all versions of one symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFacts {
    /// The symbol, its id.
    pub symbol: Symbol,
    /// When its first version was made.
    pub create_time: Timestamp,
    /// How many versions it has.
    pub versions: u32,
    /// Which version each alias names.
    pub aliases: Vec<(Alias, u32)>,
}

/// A name for a version that can be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Alias {
    /// It serves.
    Champion,
    /// It waits.
    Challenger,
}

impl Alias {
    /// Both aliases.
    pub const ALL: [Self; 2] = [Self::Champion, Self::Challenger];

    /// Its name: `champion` or `challenger`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Champion => "champion",
            Self::Challenger => "challenger",
        }
    }

    /// The alias of a name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|alias| alias.name() == name)
    }
}

impl fmt::Display for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A move of an alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasChange {
    /// The alias.
    pub alias: Alias,
    /// Where it goes.
    pub version: VersionName,
    /// The symbol's newest bar: a champion serves the bars after it.
    pub newest_bar: Timestamp,
    /// Wall clock.
    pub time: Timestamp,
    /// Who moved it.
    pub owner: String,
    /// The request, if the caller gave it an id: it moves once.
    pub request: Option<RequestKey>,
}

/// What became of a move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moved {
    /// The model after it, or what became of its request.
    Claimed(Claim<ModelFacts>),
    /// There is no such version.
    NoSuchVersion,
}

/// One line of the serving history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReignRecord {
    /// The symbol.
    pub symbol: Symbol,
    /// Which version, from when.
    pub reign: Reign,
}
