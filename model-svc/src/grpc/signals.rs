use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use futures_util::future::BoxFuture;
use prost::Message as _;
use tickmesh_fanout::log::{Event, Log, LogConfig, LogError, Position, Record};
use tickmesh_fanout::topic::{EncodedMessages, Feed, Joined, Source, Subscription, Topic, TopicConfig, Wanted};
use tickmesh_mesh::clock;
use tickmesh_mesh::serve::Ending;
use tickmesh_mesh::status::Fault;
use tickmesh_proto::model::v1 as wire;
use tickmesh_proto::r#type::v1::FeedState;
use tickmesh_proto::types::{Symbol, Timestamp};
use tokio_util::sync::CancellationToken;

use super::render;
use crate::feed::FeedPhase;
use crate::forecast::Forecast;
use crate::pipeline::Signals;
use crate::shared::Shared;

/// The kind of event in the log; it has but one.
const SIGNAL: u8 = 1;

/// The signal log, encoded [`Signal`](tickmesh_proto::model::v1::Signal)s, and the streams over it.
///
/// A signal happens when its forecast is made: event time and `as_of` are the same. One that has lapsed happens later.
pub struct SignalLog {
    dir: PathBuf,
    shared: Arc<Shared>,
    current: ArcSwap<Current>,
}

/// The log of one run.
struct Current {
    log: Log,
    topic: Topic,
    /// The place up to which signals were appended; only the live loop appends.
    appended: Mutex<Position>,
    /// Ends the streams when another log takes this one's place.
    over: CancellationToken,
}

impl SignalLog {
    /// Opens the log in a directory. All that is in it is visible. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// If the directory cannot be read or written.
    pub fn open(dir: PathBuf, shared: Arc<Shared>) -> Result<Self, LogError> {
        let current = Current::new(Log::open(&dir, config())?, &shared);
        Ok(Self { dir, shared, current: ArcSwap::from_pointee(current) })
    }

    /// Opens a stream; it ends with its connection, or with the run.
    pub(super) fn subscribe(
        &self,
        subscription: Subscription,
        ending: Ending,
    ) -> Result<EncodedMessages<wire::StreamSignalsResponse>, Fault> {
        let current = self.current.load();
        let over = current.over.clone();
        let ending = async move {
            tokio::select! {
                _ = ending => {}
                () = over.cancelled() => {}
            }
        };
        Ok(current.topic.subscribe(subscription, ending)?.encoded())
    }
}

fn config() -> LogConfig {
    LogConfig { name: "signals", ..LogConfig::default() }
}

impl Current {
    fn new(log: Log, shared: &Arc<Shared>) -> Self {
        let source = Arc::new(SignalSource { log: log.clone(), shared: Arc::clone(shared) });
        // Any seed will do: it spreads the ages of streams.
        let seed = u64::from(std::process::id());
        let topic = Topic::new(log.clone(), TopicConfig::new("signals", clock::now, seed), source);
        Self { appended: Mutex::new(log.head()), log, topic, over: CancellationToken::new() }
    }

    fn appended(&self) -> MutexGuard<'_, Position> {
        self.appended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Signals for SignalLog {
    fn position(&self) -> (String, u64) {
        let current = self.current.load();
        (current.log.epoch(), current.appended().get())
    }

    fn append(&self, forecasts: &[Forecast]) -> Result<(), Fault> {
        self.write(forecasts, |forecast| forecast.as_of)
    }

    fn lapse(&self, forecasts: &[Forecast], time: Timestamp) -> Result<(), Fault> {
        self.write(forecasts, |_| time)
    }

    fn served_after(&self, position: u64) -> Vec<u64> {
        let events = self.current.load().log.events_after(Position::new(position));
        events.filter(|event| lapsed(event).is_none()).map(|event| event.position.get()).collect()
    }

    fn lapsed(&self) -> HashMap<Symbol, Timestamp> {
        let mut newest = HashMap::new();
        for event in self.current.load().log.events_after(Position::START) {
            let Ok(symbol) = Symbol::try_from(&*event.symbol) else { continue };
            match lapsed(&event) {
                Some(as_of) => newest.insert(symbol, as_of),
                None => newest.remove(&symbol),
            };
        }
        newest
    }

    fn publish(&self) {
        let current = self.current.load();
        let position = *current.appended();
        current.log.publish(position);
    }

    fn restart(&self) -> Result<(), Fault> {
        let log = Log::create(&self.dir, config()).map_err(Fault::internal)?;
        let old = self.current.swap(Arc::new(Current::new(log, &self.shared)));
        old.over.cancel();
        Ok(())
    }
}

impl SignalLog {
    fn write(&self, forecasts: &[Forecast], event_time: impl Fn(&Forecast) -> Timestamp) -> Result<(), Fault> {
        if forecasts.is_empty() {
            return Ok(());
        }
        let now = clock::now();
        let records: Vec<Record<'_>> = forecasts.iter().map(|one| record(one, event_time(one), now)).collect();
        let current = self.current.load();
        *current.appended() = current.log.append(&records).map_err(Fault::internal)?;
        Ok(())
    }
}

/// Of a signal that has lapsed, the close that its forecast was made at.
fn lapsed(event: &Event) -> Option<Timestamp> {
    let as_of = wire::Signal::decode(event.body.clone()).ok()?.as_of?;
    Timestamp::try_from(as_of).ok().filter(|as_of| *as_of < event.event_time)
}

fn record(forecast: &Forecast, event_time: Timestamp, now: Timestamp) -> Record<'_> {
    Record {
        symbol: forecast.symbol.as_str(),
        kind: SIGNAL,
        time_frame: 0,
        event_time,
        receive_time: now,
        body: render::signal(forecast).encode_to_vec().into(),
        inner: None,
    }
}

/// What the stream of signals must know of the domain.
struct SignalSource {
    log: Log,
    shared: Arc<Shared>,
}

impl Source for SignalSource {
    fn knows(&self, symbol: &Symbol) -> bool {
        self.shared.knows(symbol.as_str())
    }

    fn feed(&self) -> Feed {
        let market_time = self.shared.board.load().clock;
        let state = match **self.shared.feed.load() {
            FeedPhase::Waiting => FeedState::Waiting,
            FeedPhase::Live => FeedState::Live,
            FeedPhase::Silent => FeedState::Silent,
            FeedPhase::Ended => FeedState::Ended,
        };
        Feed { state, market_time }
    }

    fn snapshot<'a>(&'a self, wanted: &'a Wanted) -> BoxFuture<'a, Result<Joined, Fault>> {
        Box::pin(std::future::ready(Ok(self.log.snapshot(wanted))))
    }
}
