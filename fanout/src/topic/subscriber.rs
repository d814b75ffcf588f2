//! One stream from its Ack to its end: which message comes next, and what to wait for when none is ready. What its
//! control messages say is in the module `controls`.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tickmesh_proto::r#type::v1::SnapshotComplete;
use tickmesh_proto::types::Timestamp;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::goodbye::Goodbye;
use super::live::Live;
use super::pages::Pages;
use super::place::Place;
use super::{HistoryQuery, Joined, Shared, Subscription, Wanted, faults};
use crate::Fault;
use crate::log::{Lost, Position};
use crate::metrics;
use crate::wire::{Control, Envelope, MAX_EVENTS_BYTES};

/// A stream's state.
pub(crate) struct Subscriber {
    pub(super) topic: Arc<Shared>,
    pub(super) subscription: Subscription,
    wanted: Arc<Wanted>,
    pub(super) phase: Phase,
    live: Live,
    /// Messages sent so far.
    sequence: u64,
    /// The place that the client was last told.
    pub(super) told: Option<Position>,
    /// When the next heartbeat is due: one interval after the newest message.
    heartbeat: Instant,
    head: watch::Receiver<Position>,
    /// Resolves when the stream is to end politely.
    end: BoxFuture<'static, Goodbye>,
    /// The stream's number in its topic, which makes its jitter its own.
    pub(super) number: u64,
    place: Arc<Place>,
}

/// What a stream does next.
pub(super) enum Phase {
    /// The Ack is the first message.
    Ack(Start),
    /// The source is looking for its snapshot or history.
    Join(Join),
    /// The snapshot or history is being sent, after the Gap if there is one.
    Pages(Pages),
    /// Events as they come.
    Live,
    /// EndOfStream was sent, its status follows.
    Bye(Goodbye),
    /// Nothing more.
    Over,
}

/// A question to the source, and what comes with its answer.
pub(super) struct Join {
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
    End(Goodbye),
}

impl Join {
    fn new(answer: impl Future<Output = Result<Joined, Fault>> + Send + 'static) -> Self {
        Self { answer: answer.boxed(), gap: None, sent: 0 }
    }

    /// Tells a loss before the answer.
    pub(super) fn with_gap(self, gap: Lost) -> Self {
        Self { gap: Some(gap), ..self }
    }
}

impl Subscriber {
    pub(crate) fn new(
        topic: Arc<Shared>,
        subscription: Subscription,
        start: Start,
        end: impl Future<Output = Goodbye> + Send + 'static,
        number: u64,
        place: Arc<Place>,
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
            place,
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
                Wake::End(goodbye) => return Ok(self.end_of_stream(goodbye)),
            }
        }
    }

    /// A message that can be sent without waiting.
    fn ready(&mut self) -> Result<Option<Bytes>, Fault> {
        if let Phase::Ack(start) = self.phase {
            return Ok(Some(self.ack(start)));
        }
        if let Phase::Bye(goodbye) = &self.phase {
            return Err(self.bye(goodbye.reason));
        }
        if let Some(goodbye) = (&mut self.end).now_or_never() {
            return Ok(Some(self.end_of_stream(goodbye)));
        }
        match &mut self.phase {
            Phase::Pages(pages) if pages.gap.is_some() => Ok(self.gap()),
            Phase::Pages(pages) if pages.is_over() => self.snapshot_complete(),
            Phase::Pages(pages) => {
                let cut = pages.cut(MAX_EVENTS_BYTES);
                Ok(cut.map(|cut| self.envelope(None).events(&cut)))
            }
            Phase::Live => self.events(),
            Phase::Ack(_) | Phase::Join(_) | Phase::Bye(_) | Phase::Over => Ok(None),
        }
    }

    /// Waits until a message may be ready, a heartbeat is due or the stream is to end.
    async fn wait(&mut self) -> Result<Wake, Fault> {
        let Self { phase, live, head, end, heartbeat, .. } = self;
        tokio::select! {
            biased;
            goodbye = end => Ok(Wake::End(goodbye)),
            worked = work(phase, live, head) => worked.map(|()| Wake::Work),
            () = sleep_until(*heartbeat) => Ok(Wake::Heartbeat),
        }
    }

    /// Asks the source for what the stream begins with, or for the history after `after`.
    pub(super) fn join(&self, after: Option<Timestamp>) -> Join {
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

    pub(super) fn go_live(&mut self, position: Position) -> Phase {
        self.live.begin(position);
        self.tell(position);
        Phase::Live
    }

    /// The events that have come since, if the client may have them already.
    fn events(&mut self) -> Result<Option<Bytes>, Fault> {
        let now = Instant::now();
        let Ok(cut) = self.live.read(&self.topic.log, now) else { return Err(self.too_slow()) };
        self.tell(self.live.position());
        let Some(cut) = cut else { return Ok(None) };
        let cursor = self.topic.log.cursor(self.live.position());
        Ok(Some(self.envelope(Some(cursor)).events(&cut)))
    }

    fn too_slow(&self) -> Fault {
        metrics::slow_consumer(self.topic.config.name, "left_window");
        faults::slow_consumer(self.cursor())
    }

    /// Takes note of the place that the next message tells.
    fn tell(&mut self, position: Position) {
        self.told = Some(position);
        self.place.set(position);
    }

    /// The place to resume after: the last one told, or the one that the client came with.
    pub(super) fn cursor(&self) -> Option<String> {
        let asked = || self.subscription.resume_after.map(|cursor| cursor.to_string());
        self.told.map(|position| self.topic.log.cursor(position)).or_else(asked)
    }

    /// The head of the message that is sent now.
    pub(super) fn envelope(&mut self, cursor: Option<String>) -> Envelope {
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
        Phase::Ack(_) | Phase::Bye(_) | Phase::Over => Ok(()),
    }
}
