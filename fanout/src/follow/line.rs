use std::time::Duration;

use futures_util::StreamExt as _;
use tickmesh_mesh::client::Backoff;
use tokio::time::{Instant, sleep_until, timeout_at};
use tonic::{Code, Status};

use super::{Live, Message, Messages, Opening, Said};
use crate::topic::Feed;

/// 2.5 of the heartbeats that a follower asks for: how long a stream may take to open and to say its terms.
const PATIENCE: Duration = Duration::from_millis(12_500);

/// A live stream that never ends: when it breaks, it is opened again after the last cursor.
pub struct Follow<L: Live> {
    live: L,
    name: &'static str,
    line: Line<L::Event>,
    /// The place after what was told.
    cursor: String,
    backoff: Backoff,
    /// How long the stream may be silent.
    silence: Duration,
    /// Whether the last word about it was that it broke: that is said once, not at each attempt.
    down: bool,
    /// Whether the server has said goodbye on the line that is open.
    is_parting: bool,
}

/// Where the stream is. What a step waits for stands here and not in the step's future, which may be dropped.
enum Line<E> {
    /// It will be opened then.
    Closed(Instant),
    /// It is being opened, until then at most.
    Opening(Opening<E>, Instant),
    /// It is open, and dead if it says nothing until then.
    Open(Messages<E>, Instant),
}

/// What a followed stream tells.
#[derive(Debug, PartialEq)]
pub enum Told<E> {
    /// It is open.
    Open {
        /// The log's identity. A new one means that the feed has begun anew.
        epoch: String,
        /// Whether it goes on where it broke.
        resumed: bool,
    },
    /// Events, and the place after them; no place inside of a snapshot.
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
    /// Follows `live`, from the snapshot on or after a cursor. `name` is for the log; `backoff` spaces the attempts.
    pub fn new(live: L, name: &'static str, backoff: Backoff, resume_after: Option<String>) -> Self {
        let (cursor, line) = (resume_after.unwrap_or_default(), Line::Closed(Instant::now()));
        Self { live, name, line, cursor, backoff, silence: PATIENCE, down: false, is_parting: false }
    }

    /// The next thing it tells. Dropping the future loses nothing, and makes no wait longer.
    pub async fn next(&mut self) -> Told<L::Event> {
        loop {
            match self.step().await {
                Ok(Some(message)) => {
                    if let Some(told) = self.take(message) {
                        return told;
                    }
                }
                Ok(None) => {}
                // A goodbye is no fault: only if the stream cannot be opened again is there something to tell.
                Err(_) if std::mem::take(&mut self.is_parting) => {
                    self.line = Line::Closed(Instant::now() + self.backoff.delay());
                }
                Err(status) => return self.broken(&status),
            }
        }
    }

    /// Waits for what comes next on the line: a message, or only that the line is further.
    async fn step(&mut self) -> Result<Option<Message<L::Event>>, Status> {
        match &mut self.line {
            Line::Closed(until) => {
                sleep_until(*until).await;
                let opening = self.live.open(self.cursor.clone());
                self.line = Line::Opening(opening, Instant::now() + PATIENCE);
            }
            Line::Opening(opening, until) => {
                let messages = timeout_at(*until, opening).await.map_err(|_| silent())??;
                self.silence = PATIENCE;
                self.line = Line::Open(messages, Instant::now() + self.silence);
            }
            Line::Open(messages, until) => {
                let message = timeout_at(*until, messages.next()).await.map_err(|_| silent())?;
                *until = Instant::now() + self.silence;
                return message.unwrap_or_else(|| Err(Status::unavailable("the stream ended"))).map(Some);
            }
        }
        Ok(None)
    }

    fn take(&mut self, message: Message<L::Event>) -> Option<Told<L::Event>> {
        let Message { cursor, said } = message;
        if !cursor.is_empty() {
            self.cursor.clone_from(&cursor);
        }
        Some(match said {
            Said::Ack { epoch, resumed, heartbeat } => {
                self.agreed(heartbeat);
                Told::Open { epoch, resumed }
            }
            Said::Events(events) => Told::Events(events, (!cursor.is_empty()).then_some(cursor)),
            Said::SnapshotComplete => Told::CaughtUp(cursor),
            Said::Heartbeat(feed) => Told::Feed(feed),
            Said::Gap => {
                tracing::warn!(stream = self.name, "events were lost; going on from a snapshot");
                Told::Lost
            }
            // The server says goodbye and then UNAVAILABLE, which is what reconnects.
            Said::EndOfStream => {
                self.is_parting = true;
                return None;
            }
        })
    }

    /// The stream has said its terms: it is back, and 2.5 of its heartbeats are the longest that it may be silent.
    fn agreed(&mut self, heartbeat: Option<Duration>) {
        self.backoff.reset();
        if std::mem::take(&mut self.down) {
            tracing::info!(stream = self.name, "the stream is back");
        }
        self.silence = heartbeat.filter(|beat| !beat.is_zero()).map_or(PATIENCE, |beat| beat.mul_f64(2.5));
        if let Line::Open(_, until) = &mut self.line {
            *until = Instant::now() + self.silence;
        }
    }

    fn broken(&mut self, status: &Status) -> Told<L::Event> {
        // What the cursor led to is gone, or is another log's: the next attempt begins without one, and at once.
        let is_cursor_refused = matches!(status.code(), Code::OutOfRange | Code::InvalidArgument);
        if is_cursor_refused && !self.cursor.is_empty() {
            tracing::warn!(stream = self.name, reason = status.message(), "the cursor is refused; beginning anew");
            self.cursor.clear();
            self.line = Line::Closed(Instant::now());
            return Told::Lost;
        }
        if !std::mem::replace(&mut self.down, true) {
            tracing::info!(stream = self.name, code = ?status.code(), reason = status.message(), "the stream broke");
        }
        self.line = Line::Closed(Instant::now() + self.backoff.delay());
        Told::Broken
    }
}

fn silent() -> Status {
    Status::unavailable("no word for 2.5 heartbeats")
}
