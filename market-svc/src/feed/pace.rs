use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

/// One beat for each session: `speed` sessions a second.
pub(super) struct Pace {
    beats: Interval,
}

impl Pace {
    pub(super) fn new(speed: f64) -> Self {
        let period = Duration::from_secs_f64(1.0 / speed);
        let mut beats = interval_at(Instant::now() + period, period);
        // After a stall the feed goes on at its pace; it does not hurry to catch up.
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { beats }
    }

    /// Waits for the next beat; `false` when told to stop first.
    pub(super) async fn next(&mut self, stop: &CancellationToken) -> bool {
        tokio::select! {
            _ = self.beats.tick() => true,
            () = stop.cancelled() => false,
        }
    }
}
