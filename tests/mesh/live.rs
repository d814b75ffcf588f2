//! A live stream read by a strict client: whatever it reads, it holds the server to the rules that all streams share.

use std::fmt::Debug;

use tickmesh_proto::market::v1::{Bar, StreamBarsResponse, StreamTicksResponse, Tick, tick};
use tickmesh_proto::market::v1::{stream_bars_response, stream_ticks_response};
use tickmesh_proto::model::v1::{Signal, StreamSignalsResponse, stream_signals_response};
use tickmesh_proto::portfolio::v1::{Allocation, StreamAllocationsResponse, stream_allocations_response};
use tickmesh_proto::r#type::v1::{Ack, EndOfStream, Gap, SnapshotComplete};
use tonic::{Response, Status, Streaming};

use crate::harness::{nanos, soon};

/// A message of a live stream.
#[derive(Debug)]
pub(crate) struct Message<E> {
    pub(crate) sequence: u64,
    pub(crate) cursor: String,
    pub(crate) content: Content<E>,
}

/// What a message holds: one control, or events.
#[derive(Debug)]
pub(crate) enum Content<E> {
    Ack(Ack),
    SnapshotComplete(SnapshotComplete),
    Heartbeat,
    Gap(Gap),
    EndOfStream(EndOfStream),
    Events(Vec<E>),
}

/// The responses of the four live streams.
pub(crate) trait Envelope {
    type Event: Event;
    fn open(self) -> Message<Self::Event>;
}

/// The events of the four live streams.
pub(crate) trait Event: Debug {
    fn is_snapshot(&self) -> bool;
    /// The symbol, or nothing when there is none.
    fn symbol(&self) -> &str;
    /// When it happened, in nanoseconds since 1970.
    fn time(&self) -> i64;

    fn key(&self) -> (String, i64) {
        (self.symbol().to_owned(), self.time())
    }
}

macro_rules! envelope {
    ($response:ty, $control:path, $event:ty, $events:ident) => {
        impl Envelope for $response {
            type Event = $event;

            fn open(self) -> Message<$event> {
                use $control as Control;
                assert!(self.send_time.is_some(), "every message says when it left");
                let content = match self.control {
                    None => Content::Events(self.$events),
                    Some(control) => {
                        assert!(self.$events.is_empty(), "a control and events never share a message");
                        match control {
                            Control::Ack(ack) => Content::Ack(ack),
                            Control::SnapshotComplete(complete) => Content::SnapshotComplete(complete),
                            Control::Heartbeat(_) => Content::Heartbeat,
                            Control::Gap(gap) => Content::Gap(gap),
                            Control::EndOfStream(end) => Content::EndOfStream(end),
                        }
                    }
                };
                Message { sequence: self.sequence, cursor: self.cursor, content }
            }
        }
    };
}

envelope!(StreamTicksResponse, stream_ticks_response::Control, Tick, ticks);
envelope!(StreamBarsResponse, stream_bars_response::Control, Bar, bars);
envelope!(StreamSignalsResponse, stream_signals_response::Control, Signal, signals);
envelope!(StreamAllocationsResponse, stream_allocations_response::Control, Allocation, allocations);

impl Event for Tick {
    fn is_snapshot(&self) -> bool {
        self.is_snapshot
    }

    fn symbol(&self) -> &str {
        assert!(matches!(self.event, Some(tick::Event::Bar(_))), "a replay of daily bars has no other events");
        &self.symbol
    }

    fn time(&self) -> i64 {
        nanos(self.event_time.as_ref())
    }
}

impl Event for Bar {
    fn is_snapshot(&self) -> bool {
        self.is_snapshot
    }

    fn symbol(&self) -> &str {
        &self.symbol
    }

    fn time(&self) -> i64 {
        nanos(self.close_time.as_ref())
    }
}

impl Event for Signal {
    fn is_snapshot(&self) -> bool {
        self.is_snapshot
    }

    fn symbol(&self) -> &str {
        &self.symbol
    }

    fn time(&self) -> i64 {
        nanos(self.as_of.as_ref())
    }
}

impl Event for Allocation {
    fn is_snapshot(&self) -> bool {
        self.is_snapshot
    }

    fn symbol(&self) -> &'static str {
        ""
    }

    fn time(&self) -> i64 {
        nanos(self.as_of.as_ref())
    }
}

/// A live stream after its Ack.
pub(crate) struct Live<R> {
    messages: Streaming<R>,
    sequence: u64,
    /// The terms.
    pub(crate) ack: Ack,
    /// The last place that the stream told.
    pub(crate) cursor: String,
}

impl<R: Envelope> Live<R> {
    /// Reads the Ack, which must come first.
    pub(crate) async fn open(response: Response<Streaming<R>>) -> Self {
        let mut live =
            Self { messages: response.into_inner(), sequence: 0, ack: Ack::default(), cursor: String::new() };
        match live.next().await.content {
            Content::Ack(ack) => live.ack = ack,
            other => panic!("the first message is the Ack, not {other:?}"),
        }
        live
    }

    /// The next message or the status that ends the stream.
    pub(crate) async fn try_next(&mut self) -> Result<Message<R::Event>, Status> {
        let message = soon(self.messages.message()).await?.expect("a live stream ends with a status").open();
        self.sequence += 1;
        assert_eq!(message.sequence, self.sequence, "the sequence is dense");
        if !message.cursor.is_empty() {
            self.cursor.clone_from(&message.cursor);
        }
        Ok(message)
    }

    /// The next message.
    pub(crate) async fn next(&mut self) -> Message<R::Event> {
        self.try_next().await.unwrap()
    }

    /// The snapshot or history, to its end.
    pub(crate) async fn snapshot(&mut self) -> Vec<R::Event> {
        let mut snapshot = Vec::new();
        loop {
            let Message { cursor, content, .. } = self.next().await;
            match content {
                Content::Events(events) => {
                    assert!(cursor.is_empty(), "a snapshot is no place in the feed");
                    assert!(events.iter().all(Event::is_snapshot), "live events come after the snapshot");
                    snapshot.extend(events);
                }
                Content::SnapshotComplete(SnapshotComplete { events }) => {
                    assert_eq!(events, snapshot.len() as u64);
                    assert!(!cursor.is_empty(), "the place where it joins the feed is told");
                    return snapshot;
                }
                Content::Heartbeat => {}
                other => panic!("no snapshot: {other:?}"),
            }
        }
    }

    /// The next message's live events.
    pub(crate) async fn update(&mut self) -> Vec<R::Event> {
        loop {
            let Message { cursor, content, .. } = self.next().await;
            match content {
                Content::Events(events) => {
                    assert!(!cursor.is_empty(), "live events have their place in the feed");
                    assert!(!events.is_empty() && !events.iter().any(Event::is_snapshot), "these are live: {events:?}");
                    return events;
                }
                Content::Heartbeat => {}
                other => panic!("no event: {other:?}"),
            }
        }
    }

    /// Live events, `count` or a few more.
    pub(crate) async fn at_least(&mut self, count: usize) -> Vec<R::Event> {
        let mut events = Vec::new();
        while events.len() < count {
            events.extend(self.update().await);
        }
        events
    }

    /// Live events up to those of the time `end`, one for each of `symbols`.
    pub(crate) async fn up_to(&mut self, end: i64, symbols: usize) -> Vec<R::Event> {
        let mut events = Vec::new();
        while events.iter().filter(|event: &&R::Event| event.time() == end).count() < symbols {
            events.extend(self.update().await);
        }
        events
    }

    /// Reads to the end; gives the goodbye and the status after it.
    pub(crate) async fn end(&mut self) -> (EndOfStream, Status) {
        let mut goodbye = None;
        loop {
            match self.try_next().await {
                Ok(Message { content: Content::EndOfStream(end), .. }) => goodbye = Some(end),
                Ok(message) => assert!(goodbye.is_none(), "nothing follows the goodbye: {message:?}"),
                Err(status) => return (goodbye.expect("a goodbye comes before the status"), status),
            }
        }
    }
}

/// The events by symbol and time.
pub(crate) fn keys<E: Event>(events: &[E]) -> Vec<(String, i64)> {
    events.iter().map(Event::key).collect()
}
