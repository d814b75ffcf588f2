//! The bytes of messages: they are written by hand, so that events need not be encoded again.

mod envelope;
pub(crate) mod event;

pub(crate) use envelope::{Control, Envelope, MAX_EVENTS_BYTES, MAX_MESSAGE_BYTES};
