use linfa::ParamGuard;

use super::ForestError;

/// What the forest estimates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// The mean of a real target.
    Regression,
    /// The probability that the target is 1, for targets 0 and 1.
    Classification,
}

/// Deepest tree: complete trees double with each level.
pub(super) const MAX_DEPTH: usize = 12;
/// Most trees of a forest.
pub(super) const MAX_TREES: usize = 10_000;
/// Most leaves of all complete trees together: 75 MB of arrays.
pub(super) const MAX_LEAVES: usize = 1 << 22;
/// Most features of a row.
pub(super) const MAX_FEATURES: usize = 4_096;
/// Most bins of a feature: a bin is one byte, and the last value is kept free.
pub(super) const MAX_BINS: usize = 255;

/// Parameters of a forest, not yet checked; `fit` checks them.
///
/// | Name | Default | Purpose | Range |
/// | --- | --- | --- | --- |
/// | `task` | regression | estimate a mean, or the probability of class 1 | [`Task`] |
/// | `trees` | 200 | trees in the forest; more only cost, and never overfit | 1 to 10,000 and 2^(22 - `max_depth`) |
/// | `max_depth` | 8 | levels of splits in a tree | 1 to 12 |
/// | `min_leaf` | 20 | distinct rows that each side of a split must keep | at least 1 |
/// | `mtry` | a third of the features | features tried at a node, drawn anew each time | 1 to all (more means all) |
/// | `max_bins` | 255 | quantile bins of a feature | 2 to 255 |
/// | `seed` | 0 | bootstrap and feature draws; a tree uses (seed, its number) | any |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForestParams(ForestValidParams);

/// Checked parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForestValidParams {
    pub(super) task: Task,
    pub(super) trees: usize,
    pub(super) max_depth: usize,
    pub(super) min_leaf: usize,
    pub(super) mtry: Option<usize>,
    pub(super) max_bins: usize,
    pub(super) seed: u64,
}

impl Default for ForestParams {
    fn default() -> Self {
        Self::new(Task::Regression)
    }
}

impl ForestParams {
    /// The defaults for a task.
    #[must_use]
    pub fn new(task: Task) -> Self {
        Self(ForestValidParams {
            task,
            trees: 200,
            max_depth: 8,
            min_leaf: 20,
            mtry: None,
            max_bins: MAX_BINS,
            seed: 0,
        })
    }

    /// Number of trees.
    #[must_use]
    pub fn trees(mut self, trees: usize) -> Self {
        self.0.trees = trees;
        self
    }

    /// Levels of splits in a tree.
    #[must_use]
    pub fn max_depth(mut self, levels: usize) -> Self {
        self.0.max_depth = levels;
        self
    }

    /// Distinct rows that each side of a split must keep.
    #[must_use]
    pub fn min_leaf(mut self, rows: usize) -> Self {
        self.0.min_leaf = rows;
        self
    }

    /// Features tried at a node.
    #[must_use]
    pub fn mtry(mut self, features: usize) -> Self {
        self.0.mtry = Some(features);
        self
    }

    /// Quantile bins of a feature.
    #[must_use]
    pub fn max_bins(mut self, bins: usize) -> Self {
        self.0.max_bins = bins;
        self
    }

    /// Seed of the bootstrap and of the feature draws.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self
    }
}

impl ForestValidParams {
    /// Features tried at a node when rows have `features` of them.
    pub(super) fn tried(&self, features: usize) -> usize {
        self.mtry.unwrap_or(features / 3).clamp(1, features)
    }
}

impl ParamGuard for ForestParams {
    type Checked = ForestValidParams;
    type Error = ForestError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let ForestValidParams { task: _, trees, max_depth, min_leaf, mtry, max_bins, seed: _ } = &self.0;
        within("trees", "1 to 10000", (1..=MAX_TREES).contains(trees))?;
        within("max_depth", "1 to 12", (1..=MAX_DEPTH).contains(max_depth))?;
        within("trees", "at most 2^(22 - max_depth)", *trees << *max_depth <= MAX_LEAVES)?;
        within("min_leaf", "at least 1", *min_leaf >= 1)?;
        within("mtry", "at least 1", *mtry != Some(0))?;
        within("max_bins", "2 to 255", (2..=MAX_BINS).contains(max_bins))?;
        Ok(&self.0)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

fn within(name: &'static str, rule: &'static str, holds: bool) -> Result<(), ForestError> {
    if holds { Ok(()) } else { Err(ForestError::Param { name, rule }) }
}
