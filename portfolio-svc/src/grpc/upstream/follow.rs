use std::time::Duration;

use futures_util::StreamExt;
use tickmesh_fanout::topic::Feed;
use tickmesh_mesh::client::{Backoff, Upstream};
use tokio::time::timeout;
use tonic::{Code, Status};

use super::{Live, Message, Messages, Said};

/// The heartbeat interval that we ask for.
pub(crate) const HEARTBEAT: prost_types::Duration = prost_types::Duration { seconds: 5, nanos: 0 };

/// 2.5 heartbeats without a word, and the stream is taken for dead.
const SILENCE: Duration = Duration::from_millis(12_500);

/// A live stream that never ends: when it breaks, it is opened again after the last cursor.
pub(crate) struct Follow<L: Live> {
    live: L,
    name: &'static str,
    stream: Option<Messages<L::Event>>,
    cursor: String,
    backoff: Backoff,
    /// Whether the last word about it was that it broke: that is said once, not at each attempt.
    down: bool,
}

/// What a followed stream tells.
#[derive(Debug)]
pub(crate) enum Told<E> {
    /// It is open. A new epoch means that the feed has begun anew.
    Open { epoch: String, resumed: bool },
    /// Events, and the place after them; no place inside a snapshot.
    Events(Vec<E>, Option<String>),
    /// The snapshot is complete; the place where live events begin.
    CaughtUp(String),
    /// The state of the feed.
    Feed(Feed),
    /// Events were lost; what follows is a fresh snapshot.
    Lost,
    /// It broke and will be opened again.
    Broken,
}

impl<L: Live> Follow<L> {
    /// Follows `live`, from the snapshot on or after a cursor.
    pub(crate) fn new(live: L, name: &'static str, upstream: &Upstream, resume_after: Option<String>) -> Self {
        Self {
            live,
            name,
            stream: None,
            cursor: resume_after.unwrap_or_default(),
            backoff: upstream.backoff(),
            down: false,
        }
    }

    /// The next thing it tells. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Told<L::Event> {
        loop {
            if self.stream.is_none() {
                match self.live.open(self.cursor.clone()).await {
                    Ok(stream) => self.stream = Some(stream),
                    Err(status) => return self.broken(&status).await,
                }
            }
            let Some(stream) = &mut self.stream else { continue };
            match timeout(SILENCE, stream.next()).await {
                Ok(Some(Ok(message))) => {
                    if let Some(told) = self.take(message) {
                        return told;
                    }
                }
                Ok(Some(Err(status))) => return self.broken(&status).await,
                Ok(None) => return self.broken(&Status::unavailable("the stream ended")).await,
                Err(_) => return self.broken(&Status::unavailable("no word for 2.5 heartbeats")).await,
            }
        }
    }

    fn take(&mut self, message: Message<L::Event>) -> Option<Told<L::Event>> {
        let Message { cursor, said } = message;
        if !cursor.is_empty() {
            self.cursor.clone_from(&cursor);
        }
        Some(match said {
            Said::Ack { epoch, resumed } => {
                self.backoff.reset();
                if std::mem::take(&mut self.down) {
                    tracing::info!(stream = self.name, "the stream is back");
                }
                Told::Open { epoch, resumed }
            }
            Said::Events(events) => Told::Events(events, (!cursor.is_empty()).then_some(cursor)),
            Said::SnapshotComplete => Told::CaughtUp(cursor),
            Said::Heartbeat(feed) => Told::Feed(feed),
            Said::Gap => Told::Lost,
            // The server says goodbye and then UNAVAILABLE, which is what reconnects.
            Said::EndOfStream => return None,
        })
    }

    async fn broken(&mut self, status: &Status) -> Told<L::Event> {
        self.stream = None;
        if status.code() == Code::OutOfRange && !self.cursor.is_empty() {
            tracing::warn!(stream = self.name, "the cursor is too old; going on from a snapshot");
            self.cursor.clear();
            return Told::Lost;
        }
        if !std::mem::replace(&mut self.down, true) {
            tracing::info!(stream = self.name, code = ?status.code(), reason = status.message(), "the stream broke");
        }
        self.backoff.wait().await;
        Told::Broken
    }
}
