//! Where live events come from: a feed prepares the store, waits for its gate, and publishes until it is told to stop.

mod data;
mod gate;
mod pace;
mod replay;
mod synthetic;

use std::sync::Arc;
use std::time::Duration;

use tickmesh_mesh::cpu::CpuPool;
use tickmesh_mesh::readiness::Latch;
use tickmesh_mesh::status::Code;
use tickmesh_proto::types::Timestamp;
use tokio_util::sync::CancellationToken;

use self::pace::Pace;
use crate::error::Error;
use crate::event::Event;
use crate::market::{FeedState, Market};
use crate::store::Mark;

pub use data::Data;
pub use gate::{FeedGate, Gated};
pub use replay::Replay;
pub use synthetic::Walk;

/// How long a feed waits before it tries again what a store or a full compute queue could not take.
const RETRY: Duration = Duration::from_millis(500);

/// Trades and quotes that are published at once: some 100 bytes each.
const SLICE: usize = 8_192;

/// What a feed works with.
pub struct Desk {
    /// Where events go.
    pub market: Arc<Market>,
    /// Where bars are parsed and made.
    pub cpu: CpuPool,
    /// Reads the wall clock, for the time of receipt.
    pub clock: fn() -> Timestamp,
    /// Told when to stop.
    pub stop: CancellationToken,
}

/// Any feed.
pub enum Feed {
    /// Bars played again.
    Replay(Replay),
    /// A random walk.
    Synthetic(Walk),
    /// Bars imported and nothing after them.
    None(Data),
}

impl Feed {
    /// Imports history, holding `latch` while it does; then waits for the gate and publishes until told to stop.
    ///
    /// # Errors
    /// If history cannot be imported.
    pub async fn run(self, desk: Desk, latch: Latch, gate: Gated) -> Result<(), Error> {
        match self {
            Self::Replay(replay) => replay.run(desk, latch, gate).await,
            Self::Synthetic(walk) => walk.run(desk, latch, gate).await,
            Self::None(data) => import_alone(data, &desk, latch).await,
        }
    }
}

async fn import_alone(data: Data, desk: &Desk, latch: Latch) -> Result<(), Error> {
    desk.market.recover().await?;
    // Once: what clients imported since then stays as they gave it.
    if desk.market.mark(Mark::HistoryImported).await? != Some(data.digest()) {
        let Some(bars) = data.bars(desk, Some((desk.clock)())).await? else { return Ok(()) };
        data::import(&desk.market, &bars, data.name(), data.digest(), &latch).await?;
    }
    desk.market.describe_feed(|feed| {
        feed.state = FeedState::Silent;
        feed.note = "no feed: bars come by import only".into();
    });
    desk.loaded(latch);
    desk.stop.cancelled().await;
    Ok(())
}

impl Desk {
    /// History is in place.
    fn loaded(&self, latch: Latch) {
        self.market.loaded();
        drop(latch);
    }

    /// Waits for the gate; `false` when told to stop first.
    async fn opened(&self, gate: Gated) -> bool {
        tokio::select! {
            () = gate.opened() => true,
            () = self.stop.cancelled() => false,
        }
    }

    /// Publishes a session, slice by slice. `false` when told to stop first.
    async fn publish(&self, events: Vec<Event>) -> bool {
        for slice in slices(events) {
            if !self.publish_slice(&slice).await {
                return false;
            }
        }
        true
    }

    /// Publishes events, again and again until the store takes them: a full disk loses nothing. `false` when told to
    /// stop first.
    async fn publish_slice(&self, events: &Arc<[Event]>) -> bool {
        loop {
            match self.market.publish(events, (self.clock)()).await {
                Ok(()) => return true,
                Err(error) => tracing::error!(%error, "events could not be kept; trying again"),
            }
            if !self.pause().await {
                return false;
            }
        }
    }

    /// Runs work on the compute pool, waiting for a place in its queue; `None` when told to stop first.
    ///
    /// # Errors
    /// If the work fails.
    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Clone + Send + 'static,
    ) -> Result<Option<T>, Error> {
        loop {
            match self.cpu.run(work.clone()).await {
                Err(fault) if fault.code() == Code::ResourceExhausted => {
                    if !self.pause().await {
                        return Ok(None);
                    }
                }
                answer => return answer.map(Some).map_err(Error::Compute),
            }
        }
    }

    /// Waits before another attempt; `false` when told to stop first.
    async fn pause(&self) -> bool {
        tokio::select! {
            () = tokio::time::sleep(RETRY) => true,
            () = self.stop.cancelled() => false,
        }
    }
}

/// A session's trades and quotes in slices, and then its bars by their closes, so that none is larger than the log
/// takes or keeps readers waiting. Bars of one close stay together: the next process plays what closes after the clock,
/// and nothing else.
fn slices(events: Vec<Event>) -> impl Iterator<Item = Arc<[Event]>> {
    let (mut bars, ticks): (Vec<_>, Vec<_>) = events.into_iter().partition(|event| event.bar().is_some());
    bars.sort_by_key(|event| event.time);
    pieces(ticks, |_| SLICE).chain(pieces(bars, whole_closes)).map(Arc::from)
}

/// Cuts events into pieces, each as long as `length` says of what is left.
fn pieces(mut events: Vec<Event>, length: fn(&[Event]) -> usize) -> impl Iterator<Item = Vec<Event>> {
    std::iter::from_fn(move || {
        let rest = events.split_off(events.len().min(length(&events)));
        Some(std::mem::replace(&mut events, rest)).filter(|piece| !piece.is_empty())
    })
}

/// How many bars make a slice, no close cut in two.
fn whole_closes(bars: &[Event]) -> usize {
    let last = bars.get(SLICE.min(bars.len()).saturating_sub(1)).map(|bar| bar.time);
    let fits = bars.partition_point(|bar| Some(bar.time) <= last);
    let before = bars.partition_point(|bar| Some(bar.time) < last);
    if fits > SLICE && before > 0 { before } else { fits }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tickmesh_fanout::log::{Log, LogConfig};
    use tickmesh_proto::types::TimeFrame;

    use super::*;
    use crate::bar::tests::candle;
    use crate::bar::{Bar, Series};
    use crate::config::FeedKind;
    use crate::event::{Trade, What};
    use crate::grpc::PROTOBUF;
    use crate::store::in_memory;

    fn trade(n: i64) -> Event {
        let what = What::Trade(Trade { price: 1.0, size: 1.0 });
        Event { symbol: "A".try_into().unwrap(), time: Timestamp::from_nanos(n), what }
    }

    fn bar(n: i64) -> Event {
        let series = Series { symbol: "A".try_into().unwrap(), time_frame: TimeFrame::D1 };
        Event::closed(Bar { series, candle: candle(n, 1, 1.0) })
    }

    #[test]
    fn ticks_come_in_slices_and_the_bars_after_them_by_their_closes() {
        let ticks: Vec<_> = (0..2 * SLICE as i64 + 1).map(trade).collect();
        let together = vec![bar(7); SLICE + 1];
        let slices: Vec<_> = slices([ticks.clone(), together.clone()].concat()).collect();
        let sizes: Vec<_> = slices.iter().map(|slice| slice.len()).collect();
        assert_eq!(sizes, [SLICE, SLICE, 1, together.len()], "bars of one close are not parted");
        assert_eq!(slices.concat(), [ticks, together].concat());
        assert_eq!(super::slices(Vec::new()).count(), 0);
    }

    #[test]
    fn bars_of_many_closes_come_in_order_and_in_slices() {
        let bars = |closes: std::ops::Range<i64>| closes.flat_map(|close| vec![bar(close); SLICE / 3]);
        let slices: Vec<_> = slices(bars(3..5).chain(bars(0..3)).collect()).collect();
        let sizes: Vec<_> = slices.iter().map(|slice| slice.len() / (SLICE / 3)).collect();
        assert_eq!(sizes, [3, 2]);
        assert_eq!(slices.concat(), bars(0..5).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_full_compute_queue_is_waited_for() {
        let feed = crate::market::Feed::waiting(FeedKind::None, None);
        let log = Log::memory(LogConfig::default());
        let market = Arc::new(Market::new(Arc::new(in_memory().await), log, &PROTOBUF, feed));
        let cpu = CpuPool::new(1, 1).unwrap();
        let (release, released) = mpsc::channel::<()>();
        let busy = cpu.clone();
        let busy = tokio::spawn(async move { busy.run(move || released.recv().is_ok()).await });
        tokio::task::yield_now().await;
        let stop = CancellationToken::new();
        let desk = Desk { market, cpu, clock: || Timestamp::MIN, stop: stop.clone() };
        let (answer, ()) = tokio::join!(desk.compute(|| 7), async {
            tokio::time::sleep(RETRY / 10).await;
            drop(release);
        });
        assert_eq!(answer.unwrap(), Some(7));
        busy.await.unwrap().unwrap();

        let (_hold, held) = mpsc::channel::<()>();
        let busy = desk.cpu.clone();
        drop(tokio::spawn(async move { busy.run(move || held.recv_timeout(Duration::from_secs(1)).is_ok()).await }));
        tokio::task::yield_now().await;
        let (answer, ()) = tokio::join!(desk.compute(|| 7), async { stop.cancel() });
        assert_eq!(answer.unwrap(), None, "told to stop");
    }
}
