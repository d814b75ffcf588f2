/// Why a store cannot answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database failed.
    #[error("the store failed: {0}")]
    Database(#[from] sqlx::Error),
    /// A stored value is not what was written.
    #[error("a stored {what} is damaged: {reason}")]
    Damaged {
        /// What it is.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

impl StoreError {
    #[allow(clippy::needless_pass_by_value)] // an error is handed over, as to any other constructor
    pub(crate) fn damaged(what: &'static str, reason: impl ToString) -> Self {
        Self::Damaged { what, reason: reason.to_string() }
    }
}
