//! The nine rules, as a client sees them.

mod delivery;
mod endings;
mod history;
mod interleavings;
mod rules;
mod stalls;
mod threads;
mod transport;

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use prost::Message;
use tickmesh_proto::market::v1::stream_bars_response::Control;
use tickmesh_proto::market::v1::{Bar, StreamBarsResponse};
use tickmesh_proto::r#type::v1::{Delivery, FeedState};
use tickmesh_proto::types::{Symbol, Timestamp};
use tokio::time::Instant;
use tonic::Status;

use super::*;
use crate::log::{LogConfig, Position, Record};

const SYMBOLS: [&str; 3] = ["AAPL", "MSFT", "NVDA"];
const BAR: u8 = 3;

/// A market whose events are numbered from 1: number n is a bar of symbol n mod 3 with volume n.
struct Market {
    log: Log,
    topic: Topic,
    source: Arc<TestSource>,
}

/// Knows three symbols; its history is what the test puts into it.
#[derive(Default)]
struct TestSource {
    log: Mutex<Option<Log>>,
    stored: Mutex<Stored>,
    delay: Mutex<Duration>,
}

#[derive(Default)]
struct Stored {
    events: Vec<u64>,
    joins: Vec<(Position, Timestamp)>,
    page: usize,
}

impl Source for TestSource {
    fn knows(&self, symbol: &Symbol) -> bool {
        SYMBOLS.contains(&symbol.as_str())
    }

    fn feed(&self) -> Feed {
        Feed { state: FeedState::Live, market_time: Some(at(99)) }
    }

    fn snapshot<'a>(&'a self, wanted: &'a Wanted) -> BoxFuture<'a, Result<Joined, Fault>> {
        let log = self.log.lock().unwrap().clone().unwrap();
        let delay = *self.delay.lock().unwrap();
        async move {
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            Ok(log.snapshot(wanted))
        }
        .boxed()
    }

    fn history<'a>(&'a self, query: &'a HistoryQuery) -> Option<BoxFuture<'a, Result<Joined, Fault>>> {
        let mut stored = self.stored.lock().unwrap();
        if stored.joins.is_empty() {
            return None;
        }
        let (position, through) = stored.joins.remove(0);
        let wanted: Vec<_> = stored
            .events
            .iter()
            .copied()
            .filter(|n| query.wanted.symbols.contains(symbol(*n)))
            .filter(|n| at(*n) >= query.start && query.after.is_none_or(|after| at(*n) > after) && at(*n) <= through)
            .collect();
        let pages: Vec<_> = wanted.chunks(stored.page.max(1)).map(page).map(Ok).collect();
        Some(async move { Ok(Joined { position, through: Some(through), pages: stream::iter(pages).boxed() }) }.boxed())
    }
}

impl TestSource {
    /// Thinks for this time before it gives a snapshot.
    fn delay(&self, delay: Duration) {
        *self.delay.lock().unwrap() = delay;
    }
}

fn page(events: &[u64]) -> Page {
    let mut page = Page::new();
    events.iter().for_each(|n| page.push(&bar(*n).encode_to_vec()));
    page
}

fn at(second: u64) -> Timestamp {
    Timestamp::from_nanos(second as i64 * 1_000_000_000)
}

fn symbol(n: u64) -> &'static str {
    SYMBOLS[n as usize % SYMBOLS.len()]
}

fn bar(n: u64) -> Bar {
    Bar { symbol: symbol(n).into(), volume: n as f64, ..Bar::default() }
}

fn record(n: u64, padding: usize) -> Record<'static> {
    let mut body = bar(n).encode_to_vec();
    // An unknown field makes the event as large as the test likes.
    prost::encoding::bytes::encode(200, &vec![0u8; padding], &mut body);
    Record {
        symbol: symbol(n),
        kind: BAR,
        time_frame: 1,
        event_time: at(n),
        receive_time: at(n),
        body: body.into(),
        inner: None,
    }
}

impl Market {
    fn new() -> Self {
        Self::over(Log::memory(LogConfig::default()), |config| config)
    }

    fn over(log: Log, adjust: impl FnOnce(TopicConfig) -> TopicConfig) -> Self {
        let source = Arc::new(TestSource::default());
        *source.log.lock().unwrap() = Some(log.clone());
        let config = adjust(TopicConfig::new("bars", || at(7), 1));
        let topic = Topic::new(log.clone(), config, Arc::clone(&source) as Arc<dyn Source>);
        Self { log, topic, source }
    }

    /// Appends the next events and publishes them.
    fn publish(&self, count: u64) {
        self.publish_padded(count, 0);
    }

    fn publish_padded(&self, count: u64, padding: usize) {
        let from = self.log.head().get() + 1;
        let records: Vec<_> = (from..from + count).map(|n| record(n, padding)).collect();
        self.log.publish(self.log.append(&records).unwrap());
    }

    fn open(&self, fields: Fields) -> Result<Client, Fault> {
        self.open_until(fields, std::future::pending::<()>())
    }

    fn open_until(&self, fields: Fields, ending: impl Future + Send + 'static) -> Result<Client, Fault> {
        let subscription = Subscription::parse(fields, Delivery::All)?;
        Ok(Client::new(self.topic.subscribe(subscription, ending)?))
    }

    /// A client that has read its Ack and snapshot.
    fn joined(&self, fields: Fields) -> Client {
        let mut client = self.open(fields).unwrap();
        while !matches!(client.take().unwrap().control, Some(Control::SnapshotComplete(_))) {}
        client.events.clear();
        client
    }
}

/// A client that holds each message to the rules of the envelope.
struct Client {
    messages: Messages,
    sequence: u64,
    cursor: String,
    /// The numbers of all events that it got.
    events: Vec<u64>,
    failed: Option<Status>,
}

impl Client {
    fn new(messages: Messages) -> Self {
        Self { messages, sequence: 0, cursor: String::new(), events: Vec::new(), failed: None }
    }

    /// The next message, if there is one now.
    fn take(&mut self) -> Option<StreamBarsResponse> {
        let item = self.messages.next().now_or_never().flatten()?;
        self.check(item)
    }

    /// The next message, however long it takes.
    async fn wait(&mut self) -> Option<StreamBarsResponse> {
        let item = self.messages.next().await?;
        self.check(item)
    }

    fn check(&mut self, item: Result<bytes::Bytes, Status>) -> Option<StreamBarsResponse> {
        let bytes = item.map_err(|status| self.failed = Some(status)).ok()?;
        assert!(bytes.len() < 64 * 1024, "a message of {} bytes", bytes.len());
        let message = StreamBarsResponse::decode(bytes).unwrap();
        self.sequence += 1;
        assert_eq!(message.sequence, self.sequence, "sequences are dense");
        assert_eq!(message.control.is_some(), message.bars.is_empty(), "a control or events, never both");
        assert_eq!(self.sequence == 1, matches!(message.control, Some(Control::Ack(_))), "the Ack is first");
        assert_eq!(message.send_time, Some(at(7).into()));
        if message.bars.iter().any(|bar| bar.is_snapshot) {
            assert!(message.bars.iter().all(|bar| bar.is_snapshot) && message.cursor.is_empty());
        }
        if !message.cursor.is_empty() {
            self.cursor.clone_from(&message.cursor);
        }
        self.events.extend(message.bars.iter().map(|bar| bar.volume as u64));
        Some(message)
    }

    /// Takes what is there now.
    fn drain(&mut self) -> Vec<StreamBarsResponse> {
        std::iter::from_fn(|| self.take()).collect()
    }

    /// Takes what comes within a time.
    async fn drain_for(&mut self, time: Duration) -> Vec<StreamBarsResponse> {
        let deadline = Instant::now() + time;
        let mut messages = Vec::new();
        while let Ok(Some(message)) = tokio::time::timeout_at(deadline, self.wait()).await {
            messages.push(message);
        }
        messages
    }
}

fn listed(symbols: &[&str]) -> Fields {
    Fields { symbols: symbols.iter().map(|symbol| (*symbol).into()).collect(), ..Fields::default() }
}

fn latest() -> Fields {
    Fields { delivery: Delivery::Latest.into(), ..Fields::default() }
}

fn after(cursor: &str) -> Fields {
    Fields { resume_after: cursor.into(), ..Fields::default() }
}

fn seconds(seconds: i64) -> Option<prost_types::Duration> {
    Some(prost_types::Duration { seconds, nanos: 0 })
}

fn control(message: &StreamBarsResponse) -> &Control {
    message.control.as_ref().expect("a control")
}
