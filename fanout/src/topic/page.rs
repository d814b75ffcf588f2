use bytes::Bytes;

use crate::log::MAX_EVENT_BYTES;
use crate::wire::event;

/// A few stored events, ready to be put into a message of a stream: at most [`Page::TARGET_BYTES`] or so.
#[derive(Clone, Debug, Default)]
pub struct Page {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Page {
    /// The size at which a source should begin a new page, in bytes.
    pub const TARGET_BYTES: usize = 60 * 1024;

    /// An empty page.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one encoded event message, marked as an event of the snapshot.
    ///
    /// The message must be what this topic's view sends (a bar for StreamBars), must not carry the mark already, and
    /// must be as small as the log demands of events: at most [`MAX_EVENT_BYTES`].
    pub fn push(&mut self, event: &[u8]) {
        debug_assert!(event.len() <= MAX_EVENT_BYTES, "the message would be larger than clients take");
        event::put_snapshot(&mut self.bytes, event);
        self.ends.push(self.bytes.len());
    }

    /// Whether the page has reached [`Page::TARGET_BYTES`].
    pub fn is_full(&self) -> bool {
        self.bytes.len() >= Self::TARGET_BYTES
    }

    /// The number of events.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether it holds no event.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub(crate) fn into_parts(self) -> (Bytes, Vec<usize>) {
        (self.bytes.into(), self.ends)
    }
}
