//! Domain values as messages.

mod features;
mod forecast;
mod model;
mod operation;
mod score;

pub(super) use features::{feature_list, features_at, parity};
pub(super) use forecast::{answer, interval, outcome_of, result, signal, unavailable_signal};
pub(super) use model::{model, version};
pub use operation::ProtoWire;
pub(super) use operation::operation;
pub(super) use score::live_score;
