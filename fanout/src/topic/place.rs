use std::sync::atomic::{AtomicU64, Ordering};

use crate::log::Position;

/// The place that a client was told last, for the watchdog that cannot look into its stream.
///
/// It stands for itself, so no order with other memory is needed.
pub(crate) struct Place(AtomicU64);

const NOWHERE: u64 = u64::MAX;

impl Place {
    /// No place yet: a snapshot or history is on its way.
    pub(crate) fn nowhere() -> Self {
        Self(AtomicU64::new(NOWHERE))
    }

    pub(crate) fn set(&self, position: Position) {
        self.0.store(position.get(), Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> Option<Position> {
        let place = self.0.load(Ordering::Relaxed);
        (place != NOWHERE).then(|| Position::new(place))
    }
}
