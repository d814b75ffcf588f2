//! Live streams of other services, followed for ever: resume by cursor, reconnect with backoff, say when something was lost.

mod follow;
mod message;

pub(crate) use follow::{Follow, HEARTBEAT, Told};
pub(crate) use message::{Live, Message, Messages, Said, envelope};
