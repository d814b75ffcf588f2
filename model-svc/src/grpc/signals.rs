use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use prost::Message as _;
use tickmesh_fanout::log::{Log, Position, Record};
use tickmesh_fanout::topic::{Feed, Joined, Source, Wanted};
use tickmesh_mesh::clock;
use tickmesh_mesh::status::Fault;
use tickmesh_proto::r#type::v1::FeedState;
use tickmesh_proto::types::{Symbol, Timestamp};

use super::render;
use crate::feed::FeedPhase;
use crate::forecast::Forecast;
use crate::pipeline::Signals;
use crate::shared::Shared;

/// The kind of event in the log; it has but one.
const SIGNAL: u8 = 1;

/// The signal log: encoded [`Signal`](tickmesh_proto::model::v1::Signal)s, one for each served forecast.
#[derive(Clone)]
pub struct SignalLog {
    log: Log,
    /// The place up to which signals were appended.
    appended: Arc<Mutex<Position>>,
}

impl SignalLog {
    /// The signals in an opened log. All that is in it is visible.
    #[must_use]
    pub fn new(log: Log) -> Self {
        let appended = Arc::new(Mutex::new(log.head()));
        Self { log, appended }
    }

    fn appended(&self) -> Position {
        *self.appended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Signals for SignalLog {
    fn position(&self) -> (String, u64) {
        (self.log.epoch(), self.appended().get())
    }

    fn append(&self, forecasts: &[Forecast]) -> Result<(), Fault> {
        if forecasts.is_empty() {
            return Ok(());
        }
        let now = clock::now();
        let records: Vec<Record<'_>> = forecasts.iter().map(|forecast| record(forecast, now)).collect();
        let position = self.log.append(&records).map_err(Fault::internal)?;
        *self.appended.lock().unwrap_or_else(PoisonError::into_inner) = position;
        Ok(())
    }

    fn publish(&self) {
        self.log.publish(self.appended());
    }
}

fn record(forecast: &Forecast, now: Timestamp) -> Record<'_> {
    Record {
        symbol: forecast.symbol.as_str(),
        kind: SIGNAL,
        time_frame: 0,
        event_time: forecast.as_of,
        receive_time: now,
        body: render::signal(forecast).encode_to_vec().into(),
        inner: None,
    }
}

/// What the stream of signals must know of the domain.
pub struct SignalSource {
    /// The log behind the stream.
    pub log: Log,
    /// What the live loop shows.
    pub shared: Arc<Shared>,
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
