//! Histogram random forest (being filled).
#![allow(missing_docs)]

use std::ops::ControlFlow;

use linfa::{Dataset, ParamGuard};
use ndarray::Ix1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Mean of the target.
    Regression,
    /// Probability that the target is 1; targets are 0 or 1.
    Classification,
}

#[derive(Debug, thiserror::Error)]
pub enum ForestError {
    #[error("cancelled")]
    Cancelled,
    #[error("{0}")]
    Params(String),
    #[error(transparent)]
    Linfa(#[from] linfa::Error),
}

#[derive(Debug, thiserror::Error)]
#[error("not a forest: {0}")]
pub struct CorruptForest(String);

/// `ForestParams::new(Task::Regression).trees(200).max_depth(8).min_leaf(20).seed(7)`; `Default` is regression.
#[derive(Clone, Debug, PartialEq)]
pub struct ForestParams(ForestValidParams);

#[derive(Clone, Debug, PartialEq)]
pub struct ForestValidParams {
    task: Task,
}

impl Default for ForestParams {
    fn default() -> Self {
        Self::new(Task::Regression)
    }
}

impl ForestParams {
    pub fn new(task: Task) -> Self {
        Self(ForestValidParams { task })
    }
    pub fn trees(self, _trees: usize) -> Self {
        self
    }
    pub fn max_depth(self, _depth: usize) -> Self {
        self
    }
    pub fn min_leaf(self, _rows: usize) -> Self {
        self
    }
    /// Features tried at each split.
    pub fn mtry(self, _features: usize) -> Self {
        self
    }
    pub fn max_bins(self, _bins: usize) -> Self {
        self
    }
    pub fn seed(self, _seed: u64) -> Self {
        self
    }
}

impl ParamGuard for ForestParams {
    type Checked = ForestValidParams;
    type Error = ForestError;
    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        Ok(&self.0)
    }
    fn check(self) -> Result<Self::Checked, Self::Error> {
        Ok(self.0)
    }
}

impl ForestValidParams {
    /// Fits with a hook called after each finished tree with the number finished so far; `Break` cancels
    /// (`ForestError::Cancelled`). Run inside `ThreadPool::install` to choose the threads.
    pub fn fit_with(
        &self,
        _data: &Dataset<f64, f64, Ix1>,
        _progress: &(dyn Fn(usize) -> ControlFlow<()> + Sync),
    ) -> Result<Forest, ForestError> {
        unimplemented!()
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Forest {}

impl Forest {
    pub fn task(&self) -> Task {
        unimplemented!()
    }
    pub fn features(&self) -> usize {
        unimplemented!()
    }
    pub fn predict_row(&self, _row: &[f64]) -> f64 {
        unimplemented!()
    }
    pub fn contributions(&self, _row: &[f64]) -> (f64, Vec<f64>) {
        unimplemented!()
    }
    /// Share of the total gain per feature, sums to one (all zero when no tree split).
    pub fn importance(&self) -> &[f64] {
        unimplemented!()
    }
    pub fn to_bytes(&self) -> Vec<u8> {
        unimplemented!()
    }
    pub fn from_bytes(_bytes: &[u8]) -> Result<Self, CorruptForest> {
        unimplemented!()
    }
}
