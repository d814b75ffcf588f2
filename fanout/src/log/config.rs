use std::time::Duration;

/// How a log keeps its events.
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// The log's name in metrics and messages, for example `market`.
    pub name: &'static str,
    /// The size at which a segment's file is closed and the next one begun, in bytes. At most an eighth of `max_bytes`.
    pub segment_bytes: u64,
    /// Events received within this time before the newest one stay in the window.
    pub keep_for: Duration,
    /// Older events stay while they are among this many newest ones.
    pub keep_events: u64,
    /// The most events in the window, whatever their age.
    pub max_events: u64,
    /// The most bytes of events in the window, whatever their age.
    pub max_bytes: u64,
    /// When the files are forced to the disk.
    pub sync: SyncPolicy,
}

/// When the log's files are forced to the disk.
///
/// What an append wrote outlives the process in any case, because the system holds it; it is a power cut that can take
/// what was not forced. Cursors that reach into a part lost so are answered with a Gap, never with a silent jump.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SyncPolicy {
    /// When the system likes, and when [`Log::sync`](super::Log::sync) is called.
    #[default]
    Never,
    /// After each append, before it returns.
    EachAppend,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            name: "events",
            segment_bytes: 4 << 20,
            keep_for: Duration::from_secs(15 * 60),
            keep_events: 10_000,
            max_events: 1_000_000,
            max_bytes: 128 << 20,
            sync: SyncPolicy::Never,
        }
    }
}

impl LogConfig {
    /// Whole segments are dropped, so a segment must be a small part of the window.
    const SEGMENTS: u64 = 8;

    /// Whether a segment of this size is closed before the next append.
    pub(crate) fn is_full(&self, file_bytes: u64, events: u64) -> bool {
        file_bytes >= self.segment_bytes.min(self.max_bytes / Self::SEGMENTS)
            || events >= (self.max_events / Self::SEGMENTS).max(1)
    }
}
