//! A topic: the streams of one rpc over one log.

mod page;
mod source;
mod subscription;
mod wanted;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use tickmesh_proto::Encoded;
use tickmesh_proto::types::Timestamp;
use tonic::Status;

pub use page::Page;
pub use source::{Feed, HistoryQuery, Joined, Source};
pub use subscription::{Fields, Subscription};
pub use wanted::{Filter, Symbols, View, Wanted};

use crate::Fault;
use crate::log::Log;

/// How the streams of a topic behave.
#[derive(Clone)]
pub struct TopicConfig {
    /// The stream's name in metrics: `ticks`, `bars`, `signals`, `allocations`.
    pub name: &'static str,
    /// The part of the events that is sent.
    pub view: View,
    /// Reads the wall clock, for `send_time`.
    pub clock: fn() -> Timestamp,
    /// Seed of the jitter of `max_age`.
    pub seed: u64,
    /// How long a stream lives, ± 10 %.
    pub max_age: Duration,
    /// How long a client may take nothing while events wait.
    pub max_stall: Duration,
    /// The least time between two messages of a stream that is not behind, so that many events share a message.
    pub batch_window: Duration,
}

impl TopicConfig {
    /// The defaults: whole bodies, 30 minutes of age, 30 s of stall, 5 ms of batching.
    pub fn new(name: &'static str, clock: fn() -> Timestamp, seed: u64) -> Self {
        Self {
            name,
            view: View::Body,
            clock,
            seed,
            max_age: Duration::from_secs(30 * 60),
            max_stall: Duration::from_secs(30),
            batch_window: Duration::from_millis(5),
        }
    }

    /// Sends this part of the events.
    #[must_use]
    pub fn view(self, view: View) -> Self {
        Self { view, ..self }
    }
}

/// The streams of one rpc over one log. Clones share it.
#[derive(Clone)]
pub struct Topic {
    log: Log,
    source: Arc<dyn Source>,
}

impl Topic {
    /// A topic over a log. Must be called inside a tokio runtime: a task watches over stalled subscribers until the last
    /// clone is dropped.
    pub fn new(log: Log, _config: TopicConfig, source: Arc<dyn Source>) -> Self {
        Self { log, source }
    }

    /// Opens a stream. `ending` resolves when the connection is to end: the stream then says EndOfStream and ends.
    ///
    /// # Errors
    /// OUT_OF_RANGE for a cursor that cannot be resumed without `best_effort`.
    pub fn subscribe<E>(&self, _subscription: Subscription, _ending: E) -> Result<Messages, Fault>
    where
        E: Future + Send + 'static,
    {
        let _ = (&self.log, &self.source);
        Ok(Messages {})
    }
}

/// The encoded messages of one stream.
pub struct Messages {}

impl Messages {
    /// The same messages as a response type of tonic.
    pub fn encoded<M>(self) -> EncodedMessages<M> {
        EncodedMessages { messages: self, message: std::marker::PhantomData }
    }
}

impl Stream for Messages {
    type Item = Result<Bytes, Status>;

    fn poll_next(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(None)
    }
}

/// [`Messages`] as a response type of tonic.
pub struct EncodedMessages<M> {
    messages: Messages,
    message: std::marker::PhantomData<fn() -> M>,
}

impl<M> Stream for EncodedMessages<M> {
    type Item = Result<Encoded<M>, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.messages).poll_next(context).map(|item| item.map(|sent| sent.map(Encoded::new)))
    }
}
