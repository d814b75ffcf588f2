//! The figures of logs and streams. No label names a symbol: their number is not bounded.

use metrics::{counter, gauge};

/// Events have been appended to a log.
pub(crate) fn appended(log: &'static str, events: usize, bytes: usize) {
    counter!("tickmesh_events_appended_total", "log" => log).increment(events as u64);
    counter!("tickmesh_event_bytes_appended_total", "log" => log).increment(bytes as u64);
}

/// How a stream began.
pub(crate) fn resumed(topic: &'static str, result: &'static str) {
    counter!("tickmesh_stream_resumes_total", "topic" => topic, "result" => result).increment(1);
}

/// A stream has said that events are lost to it.
pub(crate) fn gap(topic: &'static str, reason: &'static str) {
    counter!("tickmesh_stream_gaps_total", "topic" => topic, "reason" => reason).increment(1);
}

/// A stream has ended because its client was too slow.
pub(crate) fn slow_consumer(topic: &'static str, cause: &'static str) {
    counter!("tickmesh_slow_consumers_ended_total", "topic" => topic, "cause" => cause).increment(1);
}

/// Counts a stream as long as it lives.
pub(crate) struct Active(&'static str);

impl Active {
    pub(crate) fn new(topic: &'static str) -> Self {
        gauge!("tickmesh_streams_active", "topic" => topic).increment(1);
        Self(topic)
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        gauge!("tickmesh_streams_active", "topic" => self.0).decrement(1);
    }
}
