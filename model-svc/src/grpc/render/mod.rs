//! Domain values as messages.

mod features;
mod forecast;
mod model;
mod operation;
mod portfolio;
mod score;

pub(super) use features::{feature_list, features_at, parity};
pub(super) use forecast::{answer, newest_signal, outcome_of, result, signal};
pub(super) use model::{model, version};
pub use operation::ProtoWire;
pub(super) use operation::operation;
pub(super) use portfolio::portfolio;
pub(super) use score::live_score;
