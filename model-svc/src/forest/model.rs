use linfa::traits::PredictInplace;
use ndarray::{Array1, ArrayBase, Data, Ix2};

use super::bins::Edges;
use super::compiled::Compiled;
use super::envelope::CorruptModel;
use super::tree::Tree;
use super::{Task, codec, explain};

/// A fitted forest. Whoever holds one may trust it: it was fitted here, or every index in its bytes was checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Forest {
    pub(super) task: Task,
    pub(super) edges: Vec<Edges>,
    pub(super) importance: Vec<f64>,
    pub(super) trees: Vec<Tree>,
    compiled: Compiled,
}

impl Forest {
    pub(super) fn new(task: Task, edges: Vec<Edges>, importance: Vec<f64>, trees: Vec<Tree>) -> Self {
        let compiled = Compiled::new(&trees, &edges);
        Self { task, edges, importance, trees, compiled }
    }

    /// What the forest estimates.
    #[must_use]
    pub fn task(&self) -> Task {
        self.task
    }

    /// Width of the rows that it was fitted on.
    #[must_use]
    pub fn features(&self) -> usize {
        self.edges.len()
    }

    /// Number of trees.
    #[must_use]
    pub fn trees(&self) -> usize {
        self.trees.len()
    }

    /// The forecast for one row of raw features: the mean target, or the probability of class 1. A value that is not a
    /// number counts as larger than every threshold.
    ///
    /// # Panics
    /// When the row is not [`features`](Self::features) wide.
    #[must_use]
    pub fn predict_row(&self, row: &[f64]) -> f64 {
        assert_eq!(row.len(), self.features(), "a row is as wide as the training rows");
        self.compiled.predict(row)
    }

    /// What each feature contributed to the forecast of one row: `(bias, contributions)`, where bias, the mean forecast
    /// over the training draws, plus all contributions is the forecast (to rounding, 1e-12 of it).
    ///
    /// The contributions are the Shapley values of the game in which a tree is walked with unknown features averaged
    /// over the training draws (Lundberg, Erion and Lee 2018, "Consistent individualized feature attribution for tree
    /// ensembles", algorithm 2, path-dependent). Polynomial: some milliseconds for 200 trees of depth 8.
    ///
    /// # Panics
    /// When the row is not [`features`](Self::features) wide.
    #[must_use]
    pub fn contributions(&self, row: &[f64]) -> (f64, Vec<f64>) {
        assert_eq!(row.len(), self.features(), "a row is as wide as the training rows");
        explain::contributions(&self.trees, &self.edges, row)
    }

    /// Share of each feature in the total gain of all splits: not negative, sums to one (all zero when no tree split).
    /// Gain favours features with many values, so it ranks inputs and proves nothing.
    #[must_use]
    pub fn importance(&self) -> &[f64] {
        &self.importance
    }

    /// Versioned, checksummed and compact: one to three bytes and a cover for a split, nine and a cover for a leaf.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote, to the last bit.
    ///
    /// # Errors
    /// Anything else is refused: another kind or version, a wrong checksum, an index or a count out of its bounds.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CorruptModel> {
        codec::decode(bytes)
    }
}

impl<D: Data<Elem = f64>> PredictInplace<ArrayBase<D, Ix2>, Array1<f64>> for Forest {
    fn predict_inplace<'a>(&'a self, records: &'a ArrayBase<D, Ix2>, targets: &mut Array1<f64>) {
        assert_eq!(records.nrows(), targets.len(), "one target per row");
        for (row, target) in records.rows().into_iter().zip(targets) {
            *target = match row.as_slice() {
                Some(row) => self.predict_row(row),
                None => self.predict_row(&row.to_vec()),
            };
        }
    }

    fn default_target(&self, records: &ArrayBase<D, Ix2>) -> Array1<f64> {
        Array1::zeros(records.nrows())
    }
}
