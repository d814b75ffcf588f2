use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use tickmesh_proto::types::Timestamp;

use super::{LogError, Position};

/// The largest event that the log takes, in bytes: a message with it stays below 64 KiB.
pub const MAX_EVENT_BYTES: usize = 60 * 1024;

/// The most that one append may add, in bytes of events.
pub const MAX_APPEND_BYTES: usize = 64 << 20;

/// An event on its way into the log.
#[derive(Clone, Debug)]
pub struct Record<'a> {
    /// The symbol, or any other name by which subscribers select, 1 to 255 bytes.
    pub symbol: &'a str,
    /// What kind of event it is, in the numbering of the log's owner.
    pub kind: u8,
    /// The time frame's code, 0 when the kind has none.
    pub time_frame: u8,
    /// When it happened at its venue.
    pub event_time: Timestamp,
    /// When the mesh received it. Retention counts from it.
    pub receive_time: Timestamp,
    /// The encoded event message, at most [`MAX_EVENT_BYTES`].
    pub body: Bytes,
    /// Where in `body` a smaller message lies that another stream sends by itself: a bar inside a tick.
    pub inner: Option<Range<usize>>,
}

/// An event read back from the log, see [`Log::events_after`](super::Log::events_after).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The event's place.
    pub position: Position,
    /// The symbol it was appended with.
    pub symbol: Arc<str>,
    /// What kind of event it is.
    pub kind: u8,
    /// The time frame's code, 0 when the kind has none.
    pub time_frame: u8,
    /// When it happened at its venue.
    pub event_time: Timestamp,
    /// When the mesh received it.
    pub receive_time: Timestamp,
    /// The encoded event message. It shares the log's memory: do not keep it for long.
    pub body: Bytes,
    /// Where in `body` a smaller message lies.
    pub inner: Option<Range<usize>>,
}

/// Holds records to the log's limits.
pub(crate) fn check(records: &[Record<'_>]) -> Result<(), LogError> {
    let mut bytes = 0;
    for record in records {
        bytes += record.body.len();
        let broken = record.broken_limit().or((bytes > MAX_APPEND_BYTES).then_some("one append has more than 64 MiB"));
        if let Some(reason) = broken {
            return Err(LogError::BadRecord { symbol: record.symbol.to_owned(), reason });
        }
    }
    Ok(())
}

impl Record<'_> {
    fn broken_limit(&self) -> Option<&'static str> {
        let inner = self.inner.clone().unwrap_or_default();
        let rules = [
            ((1..=255).contains(&self.symbol.len()), "its symbol must have 1 to 255 bytes"),
            (self.body.len() <= MAX_EVENT_BYTES, "it has more than 60 KiB"),
            (inner.start <= inner.end && inner.end <= self.body.len(), "its inner part lies outside of it"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map(|(_, rule)| rule)
    }
}
