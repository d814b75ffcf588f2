use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::log::Position;

/// How far a stream is, for the watchdog that cannot look into it.
///
/// Written by the stream, read by the watchdog; each value stands for itself, so no order between them is needed.
pub(crate) struct Progress {
    began: Instant,
    /// The place that the client was told, or `UNPLACED`.
    place: AtomicU64,
    /// Milliseconds after `began` until which the stream holds events back by itself.
    resting: AtomicU64,
}

const UNPLACED: u64 = u64::MAX;

impl Progress {
    pub(crate) fn new(now: Instant) -> Self {
        Self { began: now, place: AtomicU64::new(UNPLACED), resting: AtomicU64::new(0) }
    }

    pub(crate) fn set_place(&self, position: Position) {
        self.place.store(position.get(), Ordering::Relaxed);
    }

    /// The place that the client was told; `None` while a snapshot or history is on its way.
    pub(crate) fn place(&self) -> Option<Position> {
        let place = self.place.load(Ordering::Relaxed);
        (place != UNPLACED).then(|| Position::new(place))
    }

    pub(crate) fn rest_until(&self, until: Instant) {
        let after = u64::try_from(until.duration_since(self.began).as_millis()).unwrap_or(u64::MAX);
        self.resting.store(after, Ordering::Relaxed);
    }

    pub(crate) fn is_resting(&self, now: Instant) -> bool {
        now.duration_since(self.began) < Duration::from_millis(self.resting.load(Ordering::Relaxed))
    }
}
