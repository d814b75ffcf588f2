//! The other end of a live stream: a client that follows it for ever.
//!
//! A [`Live`] opens the stream after a cursor; a [`Follow`] opens it again whenever it breaks, after the last cursor
//! that it has told, and says what it hears as [`Told`]. It keeps the client's side of the rules: it backs off with
//! full jitter, takes a stream for dead that is silent for 2.5 heartbeats, begins anew when its cursor is no longer
//! known, and loses nothing when the future of a step is dropped. A stream that ends politely is opened again without a
//! word.

mod envelope;
mod line;
#[cfg(test)]
mod tests;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use tonic::{Status, Streaming};

pub use envelope::{Message, Said};
pub use line::{Follow, Told};

/// The heartbeat interval that a follower asks for.
pub const HEARTBEAT: prost_types::Duration = prost_types::Duration { seconds: 5, nanos: 0 };

/// The messages of an open stream.
pub type Messages<E> = BoxStream<'static, Result<Message<E>, Status>>;

/// A stream that is being opened.
pub type Opening<E> = BoxFuture<'static, Result<Messages<E>, Status>>;

/// A live stream that can be opened again and again.
pub trait Live: Send {
    /// What it delivers.
    type Event: Send + 'static;

    /// Opens it after a cursor; an empty one means from the snapshot, or from history, on.
    fn open(&self, resume_after: String) -> Opening<Self::Event>;
}

/// The messages of an rpc's response.
#[must_use]
pub fn messages<R, E: 'static>(response: tonic::Response<Streaming<R>>) -> Messages<E>
where
    R: Send + 'static,
    Message<E>: From<R>,
{
    response.into_inner().map_ok(Message::from).boxed()
}
