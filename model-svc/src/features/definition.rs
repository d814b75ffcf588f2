use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::state;

/// What a feature is, for people and for the digest that ties a model to its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeatureDef {
    /// Stable name, snake case, unique in its set.
    pub name: &'static str,
    /// The formula, with C, H, L, V for close, high, low and volume of bar t and r for its simple return.
    pub definition: &'static str,
    /// Bars that the formula names (a recursive average remembers older ones with fading weight).
    pub window: usize,
    /// Bars needed for the first value: it exists from the bar with this number, counted from one.
    pub warm_up: usize,
    /// Raised whenever the same definition would give other bits.
    pub version: u32,
}

impl FeatureDef {
    /// First version of a feature.
    pub(super) const fn new(name: &'static str, definition: &'static str, window: usize, warm_up: usize) -> Self {
        Self { name, definition, window, warm_up, version: 1 }
    }
}

/// An ordered set of features with a stable identity. A model remembers the id of the set it was trained on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureSet {
    features: Vec<FeatureDef>,
    id: String,
}

impl FeatureSet {
    /// The one set that the models here use: 26 features, scale-free in price and in volume.
    #[must_use]
    pub fn standard() -> Self {
        let features = state::definitions();
        let id = digest(&features);
        Self { features, id }
    }

    /// 16 hexadecimal digits: a digest of names, definitions, windows, warm-ups and versions.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Names in the order of a row's values.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &'static str> + '_ {
        self.features.iter().map(|feature| feature.name)
    }

    /// Definitions in the order of a row's values.
    #[must_use]
    pub fn describe(&self) -> &[FeatureDef] {
        &self.features
    }

    /// Number of features, the width of a row.
    #[must_use]
    pub fn len(&self) -> usize {
        self.features.len()
    }

    /// Never: a set has features.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.features.is_empty()
    }

    /// Bars needed for the first row: the longest warm-up of all features.
    #[must_use]
    pub fn warm_up(&self) -> usize {
        self.features.iter().map(|feature| feature.warm_up).max().unwrap_or(0)
    }
}

fn digest(features: &[FeatureDef]) -> String {
    let mut hash = Sha256::new();
    for FeatureDef { name, definition, window, warm_up, version } in features {
        hash.update(format!("{name}\t{definition}\t{window}\t{warm_up}\t{version}\n"));
    }
    hash.finalize().iter().take(8).fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("writing to a string cannot fail");
        hex
    })
}
