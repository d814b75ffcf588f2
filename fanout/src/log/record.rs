use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use tickmesh_proto::types::Timestamp;

use super::Position;

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
    /// The encoded event message, at most [`MAX_EVENT_BYTES`](super::MAX_EVENT_BYTES).
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
