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

/// How long a feed waits before it gives the same events again to a store that could not take them.
const RETRY: Duration = Duration::from_secs(1);

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
        let bars = data.bars(&desk.cpu, Some((desk.clock)())).await?;
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

    /// Publishes events, again and again until the store takes them: a full disk loses nothing. `false` when told to
    /// stop first.
    async fn publish(&self, events: &[Event]) -> bool {
        loop {
            match self.market.publish(events, (self.clock)()).await {
                Ok(()) => return true,
                Err(error) => tracing::error!(%error, "events could not be kept; trying again"),
            }
            tokio::select! {
                () = tokio::time::sleep(RETRY) => {}
                () = self.stop.cancelled() => return false,
            }
        }
    }
}
