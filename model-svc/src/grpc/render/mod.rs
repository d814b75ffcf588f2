//! Domain values as messages.

mod features;
mod forecast;
mod model;
mod operation;
mod portfolio;
mod score;

pub(super) use features::{feature_list, features_at, parity};
pub(super) use forecast::{answer, outcome_of, result, signal, unavailable_signal};
pub(super) use model::{model, version};
pub use operation::ProtoWire;
pub(super) use operation::operation;
pub(super) use portfolio::whole;
pub(super) use score::live_score;
