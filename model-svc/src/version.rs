//! A trained version: all that a forecast needs, never changed once made.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tickmesh_proto::types::{Symbol, Timestamp};

use crate::calibration::{Calibration, SymbolFit};
use crate::dataset::hex;
use crate::evaluation::Evaluation;
use crate::family::Fitted;
use crate::features::FeatureSet;
use crate::training_range::TrainingRange;

/// The name of a version, `models/{symbol}/versions/{number}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionName {
    /// The symbol that the model forecasts; the model's id.
    pub symbol: Symbol,
    /// Versions of a model count from 1.
    pub number: u32,
}

impl fmt::Display for VersionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "models/{}/versions/{}", self.symbol, self.number)
    }
}

/// A version of one symbol's model.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// Its name.
    pub name: VersionName,
    /// The fitted model.
    pub fitted: Fitted,
    /// When it was made, wall clock.
    pub create_time: Timestamp,
    /// Close of the first bar learned from.
    pub train_start: Timestamp,
    /// Close of the last bar learned from, labels included: a forecast before it is in sample.
    pub train_end: Timestamp,
    /// The rest.
    pub facts: Facts,
}

/// What is known of a version beside its artefact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Bars ahead.
    pub horizon: usize,
    /// Rows learned from.
    pub rows: u64,
    /// Hyper-parameters by name.
    pub params: BTreeMap<String, String>,
    /// Seed of all randomness.
    pub seed: u64,
    /// SHA-256 of the bars learned from.
    pub data_digest: String,
    /// Digest of the feature definitions.
    pub feature_set: String,
    /// From raw forecast to expected return.
    pub calibration: Calibration,
    /// What this symbol gave to the pooled calibration, for versions trained later.
    pub fit: SymbolFit,
    /// Standardised residuals of validation, oldest first: the pool that intervals begin with.
    pub residuals: Vec<f64>,
    /// Where in feature space it has learned.
    pub range: TrainingRange,
    /// Its walk-forward figures.
    pub evaluation: Evaluation,
}

impl Facts {
    /// Whether the version learned from these features.
    #[must_use]
    pub fn reads(&self, features: &FeatureSet) -> bool {
        self.feature_set == features.id()
    }
}

impl Version {
    /// Whether a forecast at `as_of` would know its own future: whether the version has learned from a bar that closed
    /// later.
    ///
    /// The forecast at the last training bar is the first one out of sample: features, labels, calibration
    /// and residuals end at that close, and its outcome comes after. With a horizon of several bars the
    /// forecasts just before it are in sample though their outcomes end later, since labels were learned that
    /// share bars with these outcomes.
    #[must_use]
    pub fn in_sample(&self, as_of: Timestamp) -> bool {
        as_of < self.train_end
    }

    /// Whether the bar that closed at `time` lies within what the version has learned from.
    #[must_use]
    pub fn learned_from(&self, time: Timestamp) -> bool {
        time <= self.train_end
    }
}

/// SHA-256 of an artefact in hexadecimal digits.
#[must_use]
pub fn artefact_digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use crate::dataset::Dataset;
    use crate::features::FeatureSet;
    use crate::testing;

    #[test]
    fn a_forecast_is_out_of_sample_from_the_close_on_at_which_the_last_label_ended() {
        let (histories, champions) = testing::small();
        let version = &champions[0].version;
        let learned = &histories[&version.name.symbol].bars()[..450];
        for horizon in [1, 3] {
            let data = Dataset::new(version.name.symbol.clone(), &FeatureSet::standard(), learned, horizon);
            assert_eq!(data.samples.last().unwrap().label_time, version.train_end);
        }
        assert_eq!([448, 449, 450].map(|at| version.in_sample(testing::day(at))), [true, false, false]);
        assert_eq!([448, 449, 450].map(|at| version.learned_from(testing::day(at))), [true, true, false]);
    }
}
