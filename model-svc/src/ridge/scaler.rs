use ndarray::{ArrayView1, ArrayView2};

/// Centre and scale of each feature, fitted on the training rows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scaler {
    pub(super) means: Vec<f64>,
    /// Population standard deviations, above zero; one for a constant feature, which is then zero everywhere.
    pub(super) deviations: Vec<f64>,
}

impl Scaler {
    pub(super) fn fit(records: ArrayView2<'_, f64>) -> Self {
        let (means, deviations) = records.columns().into_iter().map(mean_and_deviation).unzip();
        Self { means, deviations }
    }

    /// A value of feature `at`, standardised.
    pub(super) fn scale(&self, at: usize, value: f64) -> f64 {
        (value - self.means[at]) / self.deviations[at]
    }
}

fn mean_and_deviation(values: ArrayView1<'_, f64>) -> (f64, f64) {
    let first = values[0];
    // Compared exactly: the computed mean of equal numbers may differ from them in the last bit.
    if values.iter().all(|value| *value == first) {
        return (first, 1.0);
    }
    let rows = values.len() as f64;
    let mean = values.sum() / rows;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / rows;
    (mean, variance.sqrt())
}
