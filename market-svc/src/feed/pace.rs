use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

/// The longest time between two beats: the clock of timers ends somewhere.
const LONGEST: Duration = Duration::from_secs(365 * 86_400);

/// One beat for each session: `speed` sessions a second.
pub(super) struct Pace {
    beats: Interval,
}

impl Pace {
    pub(super) fn new(speed: f64) -> Self {
        let period = Duration::try_from_secs_f64(1.0 / speed).map_or(LONGEST, |period| period.min(LONGEST));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn any_speed_above_zero_has_a_pace() {
        assert_eq!(Pace::new(f64::MIN_POSITIVE).beats.period(), LONGEST);
        assert_eq!(Pace::new(4.0).beats.period(), Duration::from_millis(250));
    }
}
