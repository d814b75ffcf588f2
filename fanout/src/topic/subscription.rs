use std::time::Duration;

use tickmesh_proto::r#type::v1::{Delivery, RejectedSymbol};
use tickmesh_proto::types::Timestamp;

use super::{Filter, Symbols};
use crate::Fault;

/// The fields that the requests of all live streams share, as they came.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    /// The symbols; empty means all.
    pub symbols: Vec<String>,
    /// A `Delivery`.
    pub delivery: i32,
    /// The shortest time between two messages with events.
    pub min_interval: Option<prost_types::Duration>,
    /// The cursor to go on after; empty for none.
    pub resume_after: String,
    /// Whether a Gap will do when the cursor is too old.
    pub best_effort: bool,
    /// The longest silence.
    pub heartbeat_interval: Option<prost_types::Duration>,
    /// The time to begin history at; streams without history pass `None`.
    pub start_time: Option<prost_types::Timestamp>,
}

/// What a client asked for, checked.
#[derive(Clone, Debug)]
pub struct Subscription {
    pub(crate) symbols: Symbols,
    pub(crate) rejected: Vec<RejectedSymbol>,
    pub(crate) delivery: Delivery,
    pub(crate) min_interval: Duration,
    pub(crate) resume_after: Option<String>,
    pub(crate) best_effort: bool,
    pub(crate) heartbeat_interval: Duration,
    pub(crate) start_time: Option<Timestamp>,
    pub(crate) filter: Filter,
}

impl Subscription {
    /// Checks the fields of a request. `default` stands for DELIVERY_UNSPECIFIED.
    ///
    /// # Errors
    /// INVALID_ARGUMENT naming every bad field.
    pub fn parse(_fields: Fields, default: Delivery) -> Result<Self, Fault> {
        Ok(Self {
            symbols: Symbols::All,
            rejected: Vec::new(),
            delivery: default,
            min_interval: Duration::ZERO,
            resume_after: None,
            best_effort: false,
            heartbeat_interval: Duration::from_secs(15),
            start_time: None,
            filter: Filter::default(),
        })
    }

    /// Delivers only the events that pass.
    #[must_use]
    pub fn filter(self, filter: Filter) -> Self {
        Self { filter, ..self }
    }
}
