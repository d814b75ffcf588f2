//! One stream from its Ack to its end: which message comes next, and what to wait for when none is ready.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tickmesh_proto::r#type::v1::{Ack, EndOfStream, Gap, Heartbeat, SnapshotComplete, StreamLimits, end_of_stream};
use tickmesh_proto::types::Timestamp;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::live::Live;
use super::pages::Pages;
use super::progress::Progress;
use super::{HistoryQuery, Joined, MAX_SYMBOLS, Shared, Subscription, Symbols, Wanted, faults, jitter};
use crate::Fault;
use crate::log::{Lost, Position};
use crate::metrics;
use crate::wire::{Control, Envelope, MAX_EVENTS_BYTES, MAX_MESSAGE_BYTES};

/// A stream's state.
pub(crate) struct Subscriber {
    topic: Arc<Shared>,
    subscription: Subscription,
    wanted: Arc<Wanted>,
    phase: Phase,
    live: Live,
    /// Messages sent so far.
    sequence: u64,
    /// The place that the client was last told.
    told: Option<Position>,
    /// When the next heartbeat is due: one interval after the newest message.
    heartbeat: Instant,
    head: watch::Receiver<Position>,
    /// Resolves when the stream is to end politely.
    end: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// The stream's number in its topic, which makes its jitter its own.
    number: u64,
    progress: Arc<Progress>,
}

/// What a stream does next.
enum Phase {
    /// The Ack is the first message.
    Ack(Start),
    /// The source is looking for its snapshot or history.
    Join(Join),
    /// The snapshot or history is being sent, after the Gap if there is one.
    Pages(Pages),
    /// Events as they come.
    Live,
    /// EndOfStream was sent, its status follows.
    Bye,
    /// Nothing more.
    Over,
}

/// A question to the source, and what comes with its answer.
struct Join {
    answer: BoxFuture<'static, Result<Joined, Fault>>,
    gap: Option<Lost>,
    /// How many events of history were sent before.
    sent: u64,
}

/// How a stream begins after its Ack.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Start {
    /// With a snapshot or history.
    Fresh,
    /// After a cursor.
    Resumed(Position),
    /// With a Gap and a snapshot, because the cursor cannot be resumed.
    Lost(Lost),
}

/// Why a stream stopped waiting.
enum Wake {
    /// There may be something to send.
    Work,
    /// Nothing was sent for an interval.
    Heartbeat,
    /// It is to end.
    End,
}

impl Join {
    fn new(answer: impl Future<Output = Result<Joined, Fault>> + Send + 'static) -> Self {
        Self { answer: answer.boxed(), gap: None, sent: 0 }
    }
}

impl Subscriber {
    pub(crate) fn new(
        topic: Arc<Shared>,
        subscription: Subscription,
        start: Start,
        end: impl Future<Output = ()> + Send + 'static,
        number: u64,
        progress: Arc<Progress>,
    ) -> Self {
        let wanted = Arc::new(Wanted {
            symbols: subscription.symbols.clone(),
            filter: subscription.filter,
            view: topic.config.view,
        });
        let now = Instant::now();
        Self {
            live: Live::new(&subscription, Arc::clone(&wanted), topic.config.batch_window, now),
            head: topic.log.watch(),
            phase: Phase::Ack(start),
            sequence: 0,
            told: None,
            heartbeat: now + subscription.heartbeat_interval,
            end: Box::pin(end),
            topic,
            subscription,
            wanted,
            number,
            progress,
        }
    }

    /// What the stream selects.
    pub(crate) fn wanted(&self) -> Arc<Wanted> {
        Arc::clone(&self.wanted)
    }

    /// The next message, or how the stream fails; `None` after that.
    pub(crate) async fn next(&mut self) -> Option<Result<Bytes, Fault>> {
        if matches!(self.phase, Phase::Over) {
            return None;
        }
        let item = self.step().await;
        if item.is_err() {
            self.phase = Phase::Over;
        }
        Some(item)
    }

    async fn step(&mut self) -> Result<Bytes, Fault> {
        loop {
            if let Some(message) = self.ready()? {
                return Ok(message);
            }
            match self.wait().await? {
                Wake::Work => {}
                Wake::Heartbeat => return Ok(self.heartbeat()),
                Wake::End => return Ok(self.end_of_stream()),
            }
        }
    }

    /// A message that can be sent without waiting.
    fn ready(&mut self) -> Result<Option<Bytes>, Fault> {
        if let Phase::Ack(start) = self.phase {
            return Ok(Some(self.ack(start)));
        }
        if matches!(self.phase, Phase::Bye) {
            return Err(self.bye());
        }
        if (&mut self.end).now_or_never().is_some() {
            return Ok(Some(self.end_of_stream()));
        }
        match &mut self.phase {
            Phase::Pages(pages) if pages.gap.is_some() => Ok(self.gap()),
            Phase::Pages(pages) if pages.is_over() => self.snapshot_complete(),
            Phase::Pages(pages) => {
                let cut = pages.cut(MAX_EVENTS_BYTES);
                Ok(cut.map(|cut| self.envelope(None).events(&cut)))
            }
            Phase::Live => self.events(),
            Phase::Ack(_) | Phase::Join(_) | Phase::Bye | Phase::Over => Ok(None),
        }
    }

    /// Waits until a message may be ready, a heartbeat is due or the stream is to end.
    async fn wait(&mut self) -> Result<Wake, Fault> {
        let Self { phase, live, head, end, heartbeat, .. } = self;
        tokio::select! {
            biased;
            () = end.as_mut() => Ok(Wake::End),
            worked = work(phase, live, head) => worked.map(|()| Wake::Work),
            () = sleep_until(*heartbeat) => Ok(Wake::Heartbeat),
        }
    }

    fn ack(&mut self, start: Start) -> Bytes {
        let ack = Ack {
            accepted_symbols: match &self.subscription.symbols {
                Symbols::All => Vec::new(),
                Symbols::Listed(symbols) => symbols.iter().map(|symbol| symbol.to_string()).collect(),
            },
            all_symbols: self.subscription.symbols == Symbols::All,
            rejected_symbols: std::mem::take(&mut self.subscription.rejected),
            delivery: self.subscription.delivery.into(),
            heartbeat_interval: Some(wire(self.subscription.heartbeat_interval)),
            min_interval: Some(wire(self.subscription.min_interval)),
            resume_after: self.subscription.resume_after.map(|cursor| cursor.to_string()).unwrap_or_default(),
            epoch: self.topic.log.epoch(),
            limits: Some(self.limits()),
        };
        self.phase = match start {
            Start::Fresh => Phase::Join(self.join(None)),
            Start::Resumed(position) => self.go_live(position),
            Start::Lost(lost) => Phase::Join(Join { gap: Some(lost), ..self.join(None) }),
        };
        let resumed = self.subscription.resume_after.filter(|_| matches!(start, Start::Resumed(_)));
        self.envelope(resumed.map(|cursor| cursor.to_string())).control(&Control::Ack(ack))
    }

    fn limits(&self) -> StreamLimits {
        StreamLimits {
            max_symbols: MAX_SYMBOLS as u32,
            max_message_bytes: MAX_MESSAGE_BYTES as u32,
            max_stall: Some(wire(self.topic.config.max_stall)),
            max_age: Some(wire(self.topic.config.max_age)),
        }
    }

    /// The Gap, if one is to be told: the source has said by now where the stream goes on.
    fn gap(&mut self) -> Option<Bytes> {
        let Phase::Pages(pages) = &mut self.phase else { return None };
        let (lost, to) = (pages.gap.take()?, pages.position);
        metrics::gap(self.topic.config.name, lost.reason.as_str());
        let gap = Gap {
            from: self.subscription.resume_after.map(|cursor| cursor.to_string()).unwrap_or_default(),
            to: self.topic.log.cursor(to),
            reason: lost.reason.as_str().into(),
        };
        Some(self.envelope(None).control(&Control::Gap(gap)))
    }

    /// Asks the source for what the stream begins with, or for the history after `after`.
    fn join(&self, after: Option<Timestamp>) -> Join {
        let (source, wanted) = (Arc::clone(&self.topic.source), Arc::clone(&self.wanted));
        let Some(start) = self.subscription.start_time else {
            return Join::new(async move { source.snapshot(&wanted).await });
        };
        let query = HistoryQuery { wanted: (*wanted).clone(), start, after };
        Join::new(async move {
            match source.history(&query) {
                Some(history) => history.await,
                None => Err(faults::no_history()),
            }
        })
    }

    /// The end of the snapshot or history; nothing if history must be read on, because its end has left the window.
    fn snapshot_complete(&mut self) -> Result<Option<Bytes>, Fault> {
        let Phase::Pages(pages) = &self.phase else { return Ok(None) };
        let (position, through, sent) = (pages.position, pages.through, pages.sent);
        if position < self.topic.log.oldest() {
            let Some(through) = through else { return Err(self.too_slow()) };
            self.phase = Phase::Join(Join { sent, ..self.join(Some(through)) });
            return Ok(None);
        }
        self.phase = self.go_live(position);
        let complete = Control::SnapshotComplete(SnapshotComplete { events: sent });
        let cursor = self.topic.log.cursor(position);
        Ok(Some(self.envelope(Some(cursor)).control(&complete)))
    }

    fn go_live(&mut self, position: Position) -> Phase {
        self.live.begin(position);
        self.tell(position);
        Phase::Live
    }

    /// The events that have come since, if the client may have them already.
    fn events(&mut self) -> Result<Option<Bytes>, Fault> {
        let now = Instant::now();
        let Ok(cut) = self.live.read(&self.topic.log, now) else { return Err(self.too_slow()) };
        self.progress.rest_until(self.live.earliest());
        self.tell(self.live.position());
        let Some(cut) = cut else { return Ok(None) };
        let cursor = self.topic.log.cursor(self.live.position());
        Ok(Some(self.envelope(Some(cursor)).events(&cut)))
    }

    fn heartbeat(&mut self) -> Bytes {
        let feed = self.topic.source.feed();
        let heartbeat = Heartbeat {
            lag: self.told.map_or(0, |told| self.topic.log.head().since(told)),
            feed_state: feed.state.into(),
            market_time: feed.market_time.map(Into::into),
        };
        let cursor = self.cursor();
        self.envelope(cursor).control(&Control::Heartbeat(heartbeat))
    }

    fn end_of_stream(&mut self) -> Bytes {
        self.phase = Phase::Bye;
        let cursor = self.cursor();
        let end =
            EndOfStream { reason: end_of_stream::Reason::Draining.into(), cursor: cursor.clone().unwrap_or_default() };
        self.envelope(cursor).control(&Control::EndOfStream(end))
    }

    fn bye(&self) -> Fault {
        let delay = jitter::up_to(super::RETRY_WITHIN, self.topic.config.seed, self.number);
        faults::draining(self.cursor(), delay)
    }

    fn too_slow(&self) -> Fault {
        metrics::slow_consumer(self.topic.config.name, "left_window");
        faults::slow_consumer(self.cursor())
    }

    /// Takes note of the place that the next message tells.
    fn tell(&mut self, position: Position) {
        self.told = Some(position);
        self.progress.set_place(position);
    }

    /// The place to resume after: the last one told, or the one that the client came with.
    fn cursor(&self) -> Option<String> {
        let asked = || self.subscription.resume_after.map(|cursor| cursor.to_string());
        self.told.map(|position| self.topic.log.cursor(position)).or_else(asked)
    }

    /// The head of the message that is sent now.
    fn envelope(&mut self, cursor: Option<String>) -> Envelope {
        self.sequence += 1;
        self.heartbeat = Instant::now() + self.subscription.heartbeat_interval;
        Envelope { sequence: self.sequence, cursor, send_time: (self.topic.config.clock)() }
    }
}

/// Does what brings the stream on in its phase, or waits for it. May be dropped half-way and called again.
async fn work(phase: &mut Phase, live: &Live, head: &mut watch::Receiver<Position>) -> Result<(), Fault> {
    match phase {
        Phase::Join(Join { answer, gap, sent }) => {
            let joined = answer.await?;
            *phase = Phase::Pages(Pages::new(joined, *gap, *sent));
            Ok(())
        }
        Phase::Pages(pages) => pages.pull().await,
        Phase::Live => {
            live.woken(head).await;
            Ok(())
        }
        Phase::Ack(_) | Phase::Bye | Phase::Over => Ok(()),
    }
}

fn wire(duration: std::time::Duration) -> prost_types::Duration {
    prost_types::Duration::try_from(duration).expect("stream intervals are minutes at most")
}
