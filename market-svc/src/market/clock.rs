use tickmesh_proto::types::Timestamp;

use crate::config::FeedKind;

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
