//! What appending, fan-out and idling cost in this process, without a network.
//!
//! `cargo bench -p tickmesh-fanout` prints one line for each figure: the median of seven rounds. All runs on one
//! thread, so events per second are events per second of one core: for fan-out the events that passed by a stream,
//! whether it selected them or not, in messages for each hundred. The last column is the limit beside it: copying the
//! same bytes. More symbols make filters and conflation slower (a bit and a place for each key), a network makes
//! everything slower (71 % of the time in the probe that led to this design was the kernel's).

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, FutureExt};
use futures_util::{Stream, StreamExt};
use prost::Message;
use tickmesh_fanout::Fault;
use tickmesh_fanout::log::{Log, LogConfig, Record};
use tickmesh_fanout::topic::{Feed, Fields, Joined, Messages, Source, Subscription, Topic, TopicConfig, Wanted};
use tickmesh_proto::market::v1::{Tick, Trade, tick};
use tickmesh_proto::r#type::v1::{Delivery, FeedState};
use tickmesh_proto::types::{Symbol, Timestamp};

const SYMBOLS: usize = 1_000;
const BATCH: usize = 100;
const ROUNDS: usize = 7;

struct Market(Log);

impl Source for Market {
    fn knows(&self, _symbol: &Symbol) -> bool {
        true
    }

    fn feed(&self) -> Feed {
        Feed { state: FeedState::Live, market_time: None }
    }

    fn snapshot<'a>(&'a self, wanted: &'a Wanted) -> BoxFuture<'a, Result<Joined, Fault>> {
        async { Ok(self.0.snapshot(wanted)) }.boxed()
    }
}

/// One trade of each symbol, encoded.
struct Trades {
    symbols: Vec<String>,
    bodies: Vec<bytes::Bytes>,
}

impl Trades {
    fn new() -> Self {
        let symbols: Vec<_> = (0..SYMBOLS).map(|n| format!("S{n}")).collect();
        let body = |symbol: &String| {
            let trade = tick::Event::Trade(Trade { price: 151.25, size: 100.0 });
            let time = Some(Timestamp::from_nanos(1_600_000_000_123_456_789).into());
            let tick = Tick {
                symbol: symbol.clone(),
                event_time: time,
                receive_time: time,
                event: Some(trade),
                ..Tick::default()
            };
            tick.encode_to_vec().into()
        };
        let bodies = symbols.iter().map(body).collect();
        Self { symbols, bodies }
    }

    fn records(&self, from: usize, count: usize) -> Vec<Record<'_>> {
        let time = Timestamp::from_nanos(0);
        (from..from + count)
            .map(|n| Record {
                symbol: &self.symbols[n % SYMBOLS],
                kind: 1,
                time_frame: 0,
                event_time: time,
                receive_time: time,
                body: self.bodies[n % SYMBOLS].clone(),
                inner: None,
            })
            .collect()
    }
}

fn topic(log: &Log) -> Topic {
    let config =
        TopicConfig { batch_window: Duration::ZERO, ..TopicConfig::new("ticks", || Timestamp::from_nanos(0), 1) };
    Topic::new(log.clone(), config, Arc::new(Market(log.clone())))
}

fn open(topic: &Topic, delivery: Delivery, symbols: &[String]) -> Messages {
    let fields = Fields { symbols: symbols.to_vec(), ..Fields::default() };
    let subscription = Subscription::parse(fields, delivery).expect("the fields are good");
    let mut stream = topic.subscribe(subscription, std::future::pending::<()>()).expect("nothing is resumed");
    drain(&mut stream);
    stream
}

/// Takes all messages that are there; says how many bytes they have.
fn drain(stream: &mut (impl Stream<Item = Result<bytes::Bytes, tonic::Status>> + Unpin)) -> usize {
    let mut bytes = 0;
    while let Some(Some(message)) = stream.next().now_or_never() {
        bytes += black_box(message.expect("the stream goes on")).len();
    }
    bytes
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Events per second of a round that handles `events`.
fn rate(events: usize, mut round: impl FnMut()) -> f64 {
    let once = |_| {
        let began = Instant::now();
        round();
        events as f64 / began.elapsed().as_secs_f64()
    };
    median((0..ROUNDS).map(once).collect())
}

fn append(name: &str, log: &Log, trades: &Trades, batch: usize) {
    let events = 50_000;
    let per_second = rate(events, || {
        for from in (0..events).step_by(batch) {
            let end = log.append(&trades.records(from, batch)).expect("it takes them");
            log.publish(end);
        }
    });
    println!("append {name:<24} {per_second:>12.0} events/s");
}

fn fan_out(name: &str, trades: &Trades, subscribers: usize, delivery: Delivery, each: usize) {
    let log = Log::memory(LogConfig::default());
    let topic = topic(&log);
    let symbols = |n: usize| trades.symbols[n % SYMBOLS..][..each.min(SYMBOLS - n % SYMBOLS)].to_vec();
    let mut streams: Vec<_> = (0..subscribers).map(|n| open(&topic, delivery, &symbols(n))).collect();
    let (batches, mut bytes) = (SYMBOLS / BATCH, 0);
    let looked_at = batches * BATCH * subscribers;
    let per_second = rate(looked_at, || {
        bytes = 0;
        for batch in 0..batches {
            log.publish(log.append(&trades.records(batch * BATCH, BATCH)).expect("it takes them"));
            bytes += streams.iter_mut().map(drain).sum::<usize>();
        }
    });
    assert!(bytes > batches * subscribers, "every stream was sent something");
    let message = vec![1u8; (bytes / (batches * subscribers)).max(1)];
    let limit = rate(looked_at, || {
        (0..batches * subscribers).for_each(|_| drop(black_box(black_box(&message).clone())));
    });
    println!("fan-out {name:<23} {per_second:>12.0} events/s   copying {limit:>14.0} events/s");
}

fn idle(trades: &Trades) {
    let log = Log::memory(LogConfig::default());
    let topic = topic(&log);
    let before = resident();
    let streams: Vec<_> =
        (0..10_000).map(|n| open(&topic, Delivery::All, &trades.symbols[n % SYMBOLS..][..1])).collect();
    let bytes = (resident() - before) as f64 / streams.len() as f64;
    println!("idle stream                    {bytes:>12.0} bytes");
}

/// The resident memory of this process in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    status.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // One task polls all streams here, which tokio would otherwise interrupt after 128 of them.
    tokio::task::unconstrained(run()).await;
}

async fn run() {
    let trades = Trades::new();
    idle(&trades);
    let dir = tempfile::tempdir().expect("a directory for the log");
    append("in memory, one by one", &Log::memory(LogConfig::default()), &trades, 1);
    append("in memory, by hundreds", &Log::memory(LogConfig::default()), &trades, BATCH);
    let disk = Log::open(dir.path(), LogConfig::default()).expect("the directory is ours");
    append("to files, one by one", &disk, &trades, 1);
    append("to files, by hundreds", &disk, &trades, BATCH);
    fan_out("all, 100 streams", &trades, 100, Delivery::All, 0);
    fan_out("all, 1,000 streams", &trades, 1_000, Delivery::All, 0);
    fan_out("1 in 10, 100 streams", &trades, 100, Delivery::All, 100);
    fan_out("1 symbol, 1,000 streams", &trades, 1_000, Delivery::All, 1);
    fan_out("latest, 100 streams", &trades, 100, Delivery::Latest, 0);
}
