use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::BoxStream;
use tokio::time::Instant;
use tonic::Status;

use super::progress::Progress;

/// Where a stream lives: polled by its client's connection, and ended from outside when that does not happen.
///
/// A connection polls a stream only while its client takes what was sent, so a stalled stream can do nothing for itself.
/// The watchdog then empties the slot: all that the stream held is freed, and the client finds the reason when it reads
/// on.
pub(crate) struct Slot {
    state: Mutex<State>,
    progress: Arc<Progress>,
}

struct State {
    body: Body,
    /// How often the stream was polled.
    polls: u64,
    /// Whether the client has a message to take before it is polled again.
    message_out: bool,
    waker: Option<Waker>,
}

enum Body {
    Running(BoxStream<'static, Result<Bytes, Status>>),
    Ended(Option<Box<Status>>),
}

/// What the watchdog sees of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sight {
    pub(crate) polls: u64,
    /// Whether the client could be taking something, if there is something.
    pub(crate) open: bool,
}

const NO_PANIC: &str = "a poll that panics ends its connection, so that nobody polls again";

impl Slot {
    pub(crate) fn new(stream: BoxStream<'static, Result<Bytes, Status>>, progress: Arc<Progress>) -> Self {
        let state = State { body: Body::Running(stream), polls: 0, message_out: false, waker: None };
        Self { state: Mutex::new(state), progress }
    }

    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }

    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Status>>> {
        let mut state = self.state.lock().expect(NO_PANIC);
        state.polls += 1;
        let item = match &mut state.body {
            Body::Running(stream) => Pin::new(stream).poll_next(context),
            Body::Ended(status) => Poll::Ready(status.take().map(|status| Err(*status))),
        };
        state.message_out = item.is_ready();
        state.waker = item.is_pending().then(|| context.waker().clone());
        item
    }

    /// What the stream is doing; `None` while it is being polled or when it has ended.
    pub(crate) fn look(&self, now: Instant) -> Option<Sight> {
        let state = self.state.try_lock().ok()?;
        let Body::Running(_) = state.body else { return None };
        let placed = self.progress.place().is_some();
        // A stream without a place has more to send once its message is taken, and waits for its source otherwise.
        let open = state.message_out || (placed && !self.progress.is_resting(now));
        Some(Sight { polls: state.polls, open })
    }

    /// Frees what the stream holds; its client is told `status`.
    pub(crate) fn end(&self, status: Status) {
        let mut state = self.state.lock().expect(NO_PANIC);
        let stream = std::mem::replace(&mut state.body, Body::Ended(Some(Box::new(status))));
        let waker = state.waker.take();
        drop(state);
        drop(stream);
        waker.into_iter().for_each(Waker::wake);
    }
}
