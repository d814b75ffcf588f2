use tickmesh_proto::types::Timestamp;

use crate::bar::Bar;
use crate::config::FeedKind;
use crate::store::{Batch, Mark, Store, StoreError};

/// The source of live events and owner of the market clock.
#[derive(Clone, Debug, PartialEq)]
pub struct Feed {
    /// What kind of source it is.
    pub kind: FeedKind,
    /// What it is doing.
    pub state: FeedState,
    /// The market clock: the newest close that has been published or imported. `None` before the first.
    pub market_time: Option<Timestamp>,
    /// Trading days a second, if the feed has a speed.
    pub speed: Option<f64>,
    /// The replay's span, if the feed is one.
    pub replay: Option<ReplaySpan>,
    /// What an operator may want to know or do next.
    pub note: String,
}

/// What the feed is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedState {
    /// It has not begun.
    Waiting,
    /// Events arrive.
    Live,
    /// There is nothing that events could come from.
    Silent,
    /// It has delivered all it has.
    Ended,
}

/// How far a replay is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplaySpan {
    /// Bars that open at or after this are replayed.
    pub start: Timestamp,
    /// The close of the last bar.
    pub end: Timestamp,
    /// Sessions replayed.
    pub done: u32,
    /// Sessions in all.
    pub total: u32,
}

impl Feed {
    /// A feed that has not begun.
    pub fn waiting(kind: FeedKind, speed: Option<f64>) -> Self {
        Self { kind, state: FeedState::Waiting, market_time: None, speed, replay: None, note: String::new() }
    }
}

/// The clock as the store has it; a store that was never rewound may have nothing that lies past it.
pub(super) async fn stored(store: &dyn Store) -> Result<Option<Timestamp>, StoreError> {
    let Some(text) = store.mark(Mark::Clock).await? else { return store.newest_close(Timestamp::MAX).await };
    let nanos = text.parse().map_err(|_| StoreError::Clock(text))?;
    Ok(Some(Timestamp::from_nanos(nanos)).filter(|clock| *clock > Timestamp::MIN))
}

/// What is written of the clock beside bars that it has seen; it never goes back.
pub(super) fn mark<'b>(bars: impl Iterator<Item = &'b Bar>, clock: Option<Timestamp>) -> Option<(Mark, String)> {
    let clock = bars.map(|bar| bar.candle.close_time).max().max(clock)?;
    Some((Mark::Clock, clock.nanos().to_string()))
}

/// Sets the clock back to the newest close at `last` or before. Bars that close later stay and are not seen until the
/// clock has come to them: among them are bars that clients imported, which nothing else could bring back.
///
/// # Errors
/// If the store fails.
pub async fn rewind(store: &dyn Store, last: Timestamp) -> Result<(), StoreError> {
    let clock = store.newest_close(last).await?.unwrap_or(Timestamp::MIN);
    let marks = vec![(Mark::Clock, clock.nanos().to_string())];
    store.write(&Batch { marks, ..Batch::default() }).await.map(drop)
}
