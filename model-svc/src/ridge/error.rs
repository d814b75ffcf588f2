/// Why a ridge regression was not fitted.
#[derive(Debug, thiserror::Error)]
pub enum RidgeError {
    /// The penalty is out of its range.
    #[error("lambda is {0}, must be 0 to 1e12")]
    Lambda(f64),
    /// Records and targets that do not belong together, or none.
    #[error("cannot fit {records} rows of {features} features to {targets} targets")]
    Shape {
        /// Rows of the records.
        records: usize,
        /// Columns of the records.
        features: usize,
        /// Length of the targets.
        targets: usize,
    },
    /// A value that is not finite, in this row of the records or of the targets.
    #[error("row {row} has a value that is not finite")]
    NotFinite {
        /// The row, from zero.
        row: usize,
    },
    /// Features that determine each other, with a penalty too small to choose between them.
    #[error("the features are linearly dependent: lambda must be larger")]
    Singular,
    /// An error of the linfa traits.
    #[error(transparent)]
    Linfa(#[from] linfa::Error),
}
