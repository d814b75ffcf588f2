use linfa::traits::PredictInplace;
use ndarray::{Array1, ArrayBase, ArrayView1, Data, Ix2};

use super::scaler::Scaler;
use super::{CorruptModel, codec};

/// A fitted ridge regression.
#[derive(Clone, Debug, PartialEq)]
pub struct Ridge {
    pub(super) intercept: f64,
    /// On standardised features.
    pub(super) coefficients: Vec<f64>,
    pub(super) scaler: Scaler,
}

impl Ridge {
    /// Width of the rows that it was fitted on.
    #[must_use]
    pub fn features(&self) -> usize {
        self.coefficients.len()
    }

    /// Forecast at the mean of all features: the mean of the training targets.
    #[must_use]
    pub fn intercept(&self) -> f64 {
        self.intercept
    }

    /// Change of the forecast per training standard deviation of each feature.
    #[must_use]
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// The forecast for one row of raw features; not a number when one of them is not.
    ///
    /// # Panics
    /// When the row is not [`features`](Self::features) wide.
    #[must_use]
    pub fn predict_row(&self, row: &[f64]) -> f64 {
        self.predict_view(ArrayView1::from(row))
    }

    /// `(bias, contributions)`: the intercept and, for each feature, its coefficient times its standardised value. They
    /// add up to the forecast, and for independent features they are its Shapley values.
    ///
    /// # Panics
    /// When the row is not [`features`](Self::features) wide.
    #[must_use]
    pub fn contributions(&self, row: &[f64]) -> (f64, Vec<f64>) {
        (self.intercept, self.terms(ArrayView1::from(row)).collect())
    }

    /// Versioned and checksummed.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote, to the last bit.
    ///
    /// # Errors
    /// Anything else is refused: another kind or version, a wrong checksum, a number that no model has.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CorruptModel> {
        codec::decode(bytes)
    }

    fn predict_view<'a>(&'a self, row: ArrayView1<'a, f64>) -> f64 {
        self.intercept + self.terms(row).sum::<f64>()
    }

    fn terms<'a>(&'a self, row: ArrayView1<'a, f64>) -> impl Iterator<Item = f64> + 'a {
        assert_eq!(row.len(), self.features(), "a row is as wide as the training rows");
        self.coefficients.iter().enumerate().map(move |(at, beta)| beta * self.scaler.scale(at, row[at]))
    }
}

impl<D: Data<Elem = f64>> PredictInplace<ArrayBase<D, Ix2>, Array1<f64>> for Ridge {
    fn predict_inplace<'a>(&'a self, records: &'a ArrayBase<D, Ix2>, targets: &mut Array1<f64>) {
        assert_eq!(records.nrows(), targets.len(), "one target per row");
        for (row, target) in records.rows().into_iter().zip(targets) {
            *target = self.predict_view(row);
        }
    }

    fn default_target(&self, records: &ArrayBase<D, Ix2>) -> Array1<f64> {
        Array1::zeros(records.nrows())
    }
}
