//! A topic: the streams of one rpc over one log, by the nine rules.
//!
//! A stream is a small state machine (`subscriber`) that makes its next message when it is polled: Ack, then a Gap if
//! it must be, then the source's snapshot or history page by page, then what the log has after it. It owns nothing but
//! its place, so it costs little while it idles and cannot pile anything up. What it cannot do for itself, ending while
//! its client does not read, the topic's `watchdog` does.

mod bell;
mod config;
mod controls;
mod faults;
mod goodbye;
mod jitter;
mod live;
mod messages;
mod page;
mod pages;
mod place;
mod slot;
mod source;
mod subscriber;
mod subscription;
mod wanted;
mod watchdog;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tickmesh_mesh::context;

pub use config::TopicConfig;
pub use messages::{EncodedMessages, Messages};
pub use page::Page;
pub use source::{Feed, HistoryQuery, Joined, Source};
pub use subscription::{Fields, MAX_SYMBOLS, Subscription};
pub use wanted::{Filter, Symbols, View, Wanted};

use crate::Fault;
use crate::log::Log;
use crate::metrics;
use place::Place;
use slot::Slot;
use subscriber::{Start, Subscriber};
use watchdog::Watched;

/// Clients of a stream that ended on purpose are asked to come back within this time, each at its own.
const RETRY_WITHIN: Duration = Duration::from_secs(5);

/// The streams of one rpc over one log. Clones share it.
#[derive(Clone)]
pub struct Topic {
    shared: Arc<Shared>,
}

struct Shared {
    log: Log,
    config: TopicConfig,
    source: Arc<dyn Source>,
    watched: Watched,
    /// How many streams were opened.
    opened: AtomicU64,
}

impl Topic {
    /// A topic over a log. Must be called inside a tokio runtime: a task watches over stalled streams until the last
    /// clone and the last stream are dropped.
    pub fn new(log: Log, config: TopicConfig, source: Arc<dyn Source>) -> Self {
        let watched = Watched::default();
        let shared = Arc::new(Shared { log, config, source, watched, opened: AtomicU64::new(0) });
        tokio::spawn(watchdog::watch(Arc::downgrade(&shared), config.max_stall));
        Self { shared }
    }

    /// Opens a stream. `ending` resolves when the connection is to end: the stream then says EndOfStream and ends.
    ///
    /// # Errors
    /// OUT_OF_RANGE for a cursor that cannot be resumed without `best_effort`.
    pub fn subscribe<E>(&self, mut subscription: Subscription, ending: E) -> Result<Messages, Fault>
    where
        E: Future + Send + 'static,
    {
        let Shared { config, source, watched, opened, .. } = &*self.shared;
        subscription.reject_unknown(|symbol| source.knows(symbol));
        let start = self.start(&subscription)?;
        let number = opened.fetch_add(1, Ordering::Relaxed);
        let (request_id, deadline) = context::current().map(|call| (call.request_id, call.deadline)).unzip();
        let age = jitter::around(config.max_age, config.seed, number);
        let end = goodbye::goodbye(ending, age, deadline.flatten());
        let place = Arc::new(Place::nowhere());
        let resume_after = subscription.resume_after.map(|cursor| cursor.to_string());
        let subscriber =
            Subscriber::new(Arc::clone(&self.shared), subscription, start, end, number, Arc::clone(&place));
        let wanted = subscriber.wanted();
        let slot = Arc::new(Slot::new(messages(subscriber, request_id.clone()), place));
        watched.add(&slot, wanted, resume_after, request_id);
        Ok(Messages::new(slot, config.name))
    }

    /// Where a stream begins.
    fn start(&self, subscription: &Subscription) -> Result<Start, Fault> {
        let Shared { log, config, .. } = &*self.shared;
        let Some(cursor) = subscription.resume_after else { return Ok(Start::Fresh) };
        match log.resume(cursor) {
            Ok(position) => {
                metrics::resumed(config.name, "resumed");
                Ok(Start::Resumed(position))
            }
            Err(lost) if subscription.best_effort => {
                metrics::resumed(config.name, "gap");
                Ok(Start::Lost(lost))
            }
            Err(lost) => {
                metrics::resumed(config.name, "refused");
                Err(faults::out_of_range(log, lost))
            }
        }
    }
}

/// A subscriber as a stream: a message is made when it is asked for.
fn messages(
    subscriber: Subscriber,
    request_id: Option<Arc<str>>,
) -> stream::BoxStream<'static, Result<bytes::Bytes, tonic::Status>> {
    let next = |mut subscriber: Box<Subscriber>| async move { subscriber.next().await.map(|item| (item, subscriber)) };
    stream::unfold(Box::new(subscriber), next)
        .map(move |item| item.map_err(|fault| faults::status(fault, request_id.as_deref())))
        .boxed()
}
