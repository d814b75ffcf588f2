use std::collections::HashMap;

use tickmesh_mesh::status::Fault;
use tickmesh_proto::types::{Symbol, Timestamp};

use crate::forecast::Forecast;

/// The log of signals: one event a served forecast, in order, and between them one for each that has lapsed.
/// Only the live loop appends to it.
pub trait Signals: Send + Sync {
    /// The log's identity, and how many events were ever appended to it.
    fn position(&self) -> (String, u64);

    /// Appends the signals of forecasts, all of them or none; they are in the file when this returns, and not yet seen.
    ///
    /// # Errors
    /// If the file cannot be written.
    fn append(&self, forecasts: &[Forecast]) -> Result<(), Fault>;

    /// Appends the signals of forecasts that have lapsed at `time`, all of them or none.
    ///
    /// # Errors
    /// If the file cannot be written.
    fn lapse(&self, forecasts: &[Forecast], time: Timestamp) -> Result<(), Fault>;

    /// The places after `position` at which served forecasts stand, those of lapsed ones left out.
    fn served_after(&self, position: u64) -> Vec<u64>;

    /// The symbols whose newest signal has lapsed, each with the close that its forecast was made at.
    fn lapsed(&self) -> HashMap<Symbol, Timestamp>;

    /// Lets subscribers see all that was appended.
    fn publish(&self);

    /// Begins a new log with a new identity, for a new run. Streams of the old one end, and their cursors are too old.
    ///
    /// # Errors
    /// If the files cannot be written; the old log is then as before.
    fn restart(&self) -> Result<(), Fault>;
}
