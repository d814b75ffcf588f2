//! Families of models: what computes a raw forecast from a row of features.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use linfa::ParamGuard as _;
use linfa::traits::Fit as _;
use serde::{Deserialize, Serialize};

use crate::dataset::{Sample, matrices};
use crate::forest::{CorruptModel, Forest, ForestError, ForestParams, Task};
use crate::ridge::{Ridge, RidgeError, RidgeParams};

/// A family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Family {
    /// A histogram random forest.
    Forest,
    /// Ridge regression.
    Ridge,
}

/// A family with its hyper-parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spec {
    /// A forest.
    Forest(ForestSpec),
    /// A ridge regression.
    Ridge(RidgeSpec),
}

/// Hyper-parameters of a forest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForestSpec {
    /// Trees.
    pub trees: usize,
    /// Levels of splits.
    pub depth: usize,
    /// Least rows in a leaf.
    pub min_leaf: usize,
    /// Features tried at a split; none means a third of them.
    pub features_per_split: Option<usize>,
}

impl Default for ForestSpec {
    fn default() -> Self {
        Self { trees: 200, depth: 8, min_leaf: 20, features_per_split: None }
    }
}

/// Hyper-parameters of ridge regression.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RidgeSpec {
    /// Penalty on the squared length of the standardised coefficients, per row, > 0.
    pub penalty: f64,
}

impl Default for RidgeSpec {
    fn default() -> Self {
        Self { penalty: 1.0 }
    }
}

/// A fitted model of either family.
#[derive(Clone, Debug, PartialEq)]
pub enum Fitted {
    /// A forest.
    Forest(Forest),
    /// A ridge regression.
    Ridge(Ridge),
}

/// Why a model cannot be fitted.
#[derive(Debug, thiserror::Error)]
pub enum FitError {
    /// It was asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// The forest refused its parameters or rows.
    #[error(transparent)]
    Forest(ForestError),
    /// Ridge regression refused its parameters or rows.
    #[error(transparent)]
    Ridge(#[from] RidgeError),
}

impl From<ForestError> for FitError {
    fn from(error: ForestError) -> Self {
        match error {
            ForestError::Cancelled => Self::Cancelled,
            other => Self::Forest(other),
        }
    }
}

impl Default for Spec {
    fn default() -> Self {
        Self::Forest(ForestSpec::default())
    }
}

impl Spec {
    /// The family.
    #[must_use]
    pub fn family(&self) -> Family {
        match self {
            Self::Forest(_) => Family::Forest,
            Self::Ridge(_) => Family::Ridge,
        }
    }

    /// Hyper-parameters by name, as they are kept with a version.
    #[must_use]
    pub fn describe(&self) -> BTreeMap<String, String> {
        let named = |pairs: &[(&str, String)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect();
        match self {
            Self::Forest(ForestSpec { trees, depth, min_leaf, features_per_split }) => named(&[
                ("trees", trees.to_string()),
                ("depth", depth.to_string()),
                ("min_leaf", min_leaf.to_string()),
                ("features_per_split", features_per_split.map_or_else(|| "a third".to_owned(), |n| n.to_string())),
            ]),
            Self::Ridge(RidgeSpec { penalty }) => named(&[("penalty", penalty.to_string())]),
        }
    }

    /// Fits to rows and labels. The seed is all of the forest's randomness. `stopped` is asked now and then.
    ///
    /// # Errors
    /// [`FitError::Cancelled`] when `stopped` says so, else what is wrong with parameters or rows.
    pub fn fit(&self, samples: &[Sample], seed: u64, stopped: &(dyn Fn() -> bool + Sync)) -> Result<Fitted, FitError> {
        let data = matrices(samples);
        match self {
            Self::Forest(spec) => {
                let go_on = |_: usize| if stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
                Ok(Fitted::Forest(spec.params(seed).check()?.fit_with(&data, &go_on)?))
            }
            Self::Ridge(_) if stopped() => Err(FitError::Cancelled),
            Self::Ridge(RidgeSpec { penalty }) => {
                Ok(Fitted::Ridge(RidgeParams::new(penalty * samples.len() as f64).fit(&data)?))
            }
        }
    }
}

impl ForestSpec {
    fn params(&self, seed: u64) -> ForestParams {
        let Self { trees, depth, min_leaf, features_per_split } = *self;
        let params = ForestParams::new(Task::Regression).trees(trees).max_depth(depth).min_leaf(min_leaf).seed(seed);
        features_per_split.into_iter().fold(params, ForestParams::mtry)
    }
}

impl Fitted {
    /// The family.
    #[must_use]
    pub fn family(&self) -> Family {
        match self {
            Self::Forest(_) => Family::Forest,
            Self::Ridge(_) => Family::Ridge,
        }
    }

    /// The raw forecast for a row of features, a return.
    #[must_use]
    pub fn predict(&self, row: &[f64]) -> f64 {
        match self {
            Self::Forest(forest) => forest.predict_row(row),
            Self::Ridge(ridge) => ridge.predict_row(row),
        }
    }

    /// Bias and each feature's contribution; together they sum to the raw forecast.
    #[must_use]
    pub fn contributions(&self, row: &[f64]) -> (f64, Vec<f64>) {
        match self {
            Self::Forest(forest) => forest.contributions(row),
            Self::Ridge(ridge) => ridge.contributions(row),
        }
    }

    /// The artefact that is stored.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Forest(forest) => forest.to_bytes(),
            Self::Ridge(ridge) => ridge.to_bytes(),
        }
    }

    /// Reads an artefact of `family`.
    ///
    /// # Errors
    /// If the bytes are not such a model.
    pub fn from_bytes(family: Family, bytes: &[u8]) -> Result<Self, CorruptModel> {
        match family {
            Family::Forest => Ok(Self::Forest(Forest::from_bytes(bytes)?)),
            Family::Ridge => Ok(Self::Ridge(Ridge::from_bytes(bytes)?)),
        }
    }
}
