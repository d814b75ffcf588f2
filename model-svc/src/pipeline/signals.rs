use tickmesh_mesh::status::Fault;

use crate::forecast::Forecast;

/// The log of signals, one event a served forecast, in order. Only the live loop appends to it.
pub trait Signals: Send + Sync {
    /// The log's identity, and how many events were ever appended to it.
    fn position(&self) -> (String, u64);

    /// Appends the signals of forecasts, all of them or none; they are in the file when this returns, and not yet seen.
    ///
    /// # Errors
    /// If the file cannot be written.
    fn append(&self, forecasts: &[Forecast]) -> Result<(), Fault>;

    /// Lets subscribers see all that was appended.
    fn publish(&self);

    /// Begins a new log with a new identity, for a new run. Streams of the old one end, and their cursors are too old.
    ///
    /// # Errors
    /// If the files cannot be written; the old log is then as before.
    fn restart(&self) -> Result<(), Fault>;
}
