use std::time::Duration;

use tickmesh_proto::types::Timestamp;

use super::View;

/// How the streams of a topic behave.
#[derive(Clone, Copy, Debug)]
pub struct TopicConfig {
    /// The stream's name in metrics: `ticks`, `bars`, `signals`, `allocations`.
    pub name: &'static str,
    /// The part of the events that is sent.
    pub view: View,
    /// Reads the wall clock, for `send_time`.
    pub clock: fn() -> Timestamp,
    /// Seed of the jitter of ages and retry delays.
    pub seed: u64,
    /// How long a stream lives, ± 10 %.
    pub max_age: Duration,
    /// How long a client may take nothing while events wait.
    pub max_stall: Duration,
    /// The least time between two messages of a stream that is not behind, so that many events share a message.
    pub batch_window: Duration,
}

impl TopicConfig {
    /// The defaults: whole bodies, an age of 30 minutes, a stall of 30 s, batches of 5 ms.
    pub fn new(name: &'static str, clock: fn() -> Timestamp, seed: u64) -> Self {
        Self {
            name,
            view: View::Body,
            clock,
            seed,
            max_age: Duration::from_secs(30 * 60),
            max_stall: Duration::from_secs(30),
            batch_window: Duration::from_millis(5),
        }
    }

    /// Sends this part of the events.
    #[must_use]
    pub fn view(self, view: View) -> Self {
        Self { view, ..self }
    }
}
