use super::state::VOLATILITY;

/// Number of features in a row.
pub const WIDTH: usize = 26;

/// The features known at the close of one bar, in the order of [`FeatureSet::names`](super::FeatureSet::names).
/// Every value is there: a row exists only once all of them are warm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row([f64; WIDTH]);

impl Row {
    /// The values.
    #[must_use]
    pub fn as_slice(&self) -> &[f64] {
        &self.0
    }

    /// Exponentially weighted volatility of the simple returns (α = 0.06) known at this bar: the σ_t that scales
    /// forecast intervals. A fraction a bar; zero only when no close has ever differed from the one before.
    #[must_use]
    pub fn volatility(&self) -> f64 {
        self.0[VOLATILITY]
    }
}

impl AsRef<[f64]> for Row {
    fn as_ref(&self) -> &[f64] {
        &self.0
    }
}

/// Collects the values of each family in turn; one family that is not warm leaves no row.
#[derive(Debug)]
pub(super) struct RowBuilder {
    values: [f64; WIDTH],
    filled: usize,
    warm: bool,
}

impl RowBuilder {
    pub(super) fn new() -> Self {
        Self { values: [0.0; WIDTH], filled: 0, warm: true }
    }

    pub(super) fn with<const N: usize>(mut self, family: Option<[f64; N]>) -> Self {
        match family {
            Some(values) => self.values[self.filled..self.filled + N].copy_from_slice(&values),
            None => self.warm = false,
        }
        self.filled += N;
        self
    }

    pub(super) fn finish(self) -> Option<Row> {
        debug_assert_eq!(self.filled, WIDTH, "families fill the row exactly");
        self.warm.then_some(Row(self.values))
    }
}
