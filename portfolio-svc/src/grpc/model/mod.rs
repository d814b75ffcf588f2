//! What model-svc says: forecasts with the validated skill behind them, and the live signals.

mod handle;
mod insights;
mod signals;

pub use handle::Model;
pub(crate) use signals::{Signals, heard};
