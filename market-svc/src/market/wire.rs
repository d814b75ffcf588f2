use std::ops::Range;

use tickmesh_proto::types::Timestamp;

use crate::bar::Bar;
use crate::event::Event;

/// How events are written down, for the log and for streams. The contract's encoding implements it, so that the domain
/// does not name it.
pub trait Wire: Send + Sync {
    /// An event, encoded once for all who will read it. `received` is absent for what is read back from the store.
    fn encode(&self, event: &Event, received: Option<Timestamp>) -> Encoded;

    /// A bar alone, as the stream of bars sends it.
    fn encode_bar(&self, bar: &Bar) -> Vec<u8>;

    /// An event read back from the log.
    ///
    /// # Errors
    /// Why it is none.
    fn decode(&self, bytes: &[u8]) -> Result<Event, String>;
}

/// An encoded event.
pub struct Encoded {
    /// The whole event.
    pub body: Vec<u8>,
    /// Where in it the bar lies, if it is one.
    pub bar: Option<Range<usize>>,
}
