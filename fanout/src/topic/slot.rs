use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::BoxStream;
use tonic::Status;

use super::bell::Bell;
use super::place::Place;

/// Where a stream lives: polled by its client's connection, and ended from outside when that does not happen.
///
/// A connection polls a stream only while its client takes what was sent, so a stalled stream can do nothing for
/// itself. The watchdog then empties the slot: all that the stream held is freed, and the client finds the reason when
/// it reads on.
pub(crate) struct Slot {
    state: Mutex<State>,
    bell: Arc<Bell>,
    place: Arc<Place>,
}

struct State {
    body: Body,
    /// How often the stream was polled.
    polls: u64,
    /// Whether the client has a message to take before it is polled again.
    message_out: bool,
}

enum Body {
    Running(BoxStream<'static, Result<Bytes, Status>>),
    Ended(Option<Box<Status>>),
}

/// What the watchdog sees of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sight {
    pub(crate) polls: u64,
    /// Whether it is the client's turn, and not the stream that waits.
    pub(crate) clients_turn: bool,
}

const NO_PANIC: &str = "a poll that panics ends its connection, so that nobody polls again";

impl Slot {
    pub(crate) fn new(stream: BoxStream<'static, Result<Bytes, Status>>, place: Arc<Place>) -> Self {
        let state = State { body: Body::Running(stream), polls: 0, message_out: false };
        Self { state: Mutex::new(state), bell: Arc::default(), place }
    }

    /// The place that the client was told last.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn poll(&self, context: &Context<'_>) -> Poll<Option<Result<Bytes, Status>>> {
        let mut state = self.state.lock().expect(NO_PANIC);
        self.bell.answer(context.waker());
        let waker = Waker::from(Arc::clone(&self.bell));
        let item = match &mut state.body {
            Body::Running(stream) => Pin::new(stream).poll_next(&mut Context::from_waker(&waker)),
            Body::Ended(status) => Poll::Ready(status.take().map(|status| Err(*status))),
        };
        state.polls += 1;
        state.message_out = item.is_ready();
        item
    }

    /// What the stream is doing; `None` while it is being polled or when it has ended.
    pub(crate) fn look(&self) -> Option<Sight> {
        let state = self.state.try_lock().ok()?;
        let Body::Running(_) = state.body else { return None };
        Some(Sight { polls: state.polls, clients_turn: state.message_out || self.bell.is_rung() })
    }

    /// Frees what the stream holds; its client is told `status`.
    pub(crate) fn end(&self, status: Status) {
        let mut state = self.state.lock().expect(NO_PANIC);
        let stream = std::mem::replace(&mut state.body, Body::Ended(Some(Box::new(status))));
        drop(state);
        drop(stream);
        self.bell.ring();
    }
}
