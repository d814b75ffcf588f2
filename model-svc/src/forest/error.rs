/// Why a forest was not fitted.
#[derive(Debug, thiserror::Error)]
pub enum ForestError {
    /// A parameter outside its range.
    #[error("{name} must be {rule}")]
    Param {
        /// The parameter.
        name: &'static str,
        /// Its range in words.
        rule: &'static str,
    },
    /// Records and targets that do not belong together, or none, or more than can be counted.
    #[error("cannot fit {records} rows of {features} features to {targets} targets")]
    Shape {
        /// Rows of the records.
        records: usize,
        /// Columns of the records.
        features: usize,
        /// Length of the targets.
        targets: usize,
    },
    /// A value that is not finite.
    #[error("feature {feature} of row {row} is not finite")]
    NotFinite {
        /// The row, from zero.
        row: usize,
        /// The column, from zero.
        feature: usize,
    },
    /// A target that the task has no use for.
    #[error("target {row} is {value}, must be {rule}")]
    Target {
        /// The row, from zero.
        row: usize,
        /// What stood there.
        value: f64,
        /// What may stand there.
        rule: &'static str,
    },
    /// The progress hook asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// An error of the linfa traits.
    #[error(transparent)]
    Linfa(#[from] linfa::Error),
}
