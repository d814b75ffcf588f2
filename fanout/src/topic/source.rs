use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use tickmesh_proto::r#type::v1::FeedState;
use tickmesh_proto::types::{Symbol, Timestamp};

use super::{Page, Wanted};
use crate::Fault;
use crate::log::Position;

/// What a topic must know of the domain behind it.
///
/// The source chooses where its answers join the log: everything up to [`Joined::position`] is in the pages, everything
/// after it comes from the log. So a source that changes its state and publishes in one lock needs to keep nothing old.
pub trait Source: Send + Sync + 'static {
    /// Whether the symbol can be subscribed to.
    fn knows(&self, symbol: &Symbol) -> bool;

    /// The state of the feed and the market clock, for heartbeats.
    fn feed(&self) -> Feed;

    /// The newest event of each wanted key, for the begin of a stream.
    ///
    /// [`Log::snapshot`](crate::log::Log::snapshot) answers from the log alone.
    fn snapshot<'a>(&'a self, wanted: &'a Wanted) -> BoxFuture<'a, Result<Joined, Fault>>;

    /// The stored events that a query asks for, in order of event time.
    ///
    /// `None` when the source keeps no history: `start_time` is then refused.
    fn history<'a>(&'a self, _query: &'a HistoryQuery) -> Option<BoxFuture<'a, Result<Joined, Fault>>> {
        None
    }
}

/// The state of a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feed {
    /// Whether events arrive.
    pub state: FeedState,
    /// The market clock, by which data is called old; `None` before the first event.
    pub market_time: Option<Timestamp>,
}

/// Stored events, and the place in the log after which the stream goes on.
pub struct Joined {
    /// Every wanted event up to this place is in the pages or superseded by one that is; none after it is.
    pub position: Position,
    /// The event time through which the pages reach. A read that lasts longer than the log's window goes on from here
    /// with another query; without it such a read ends with SLOW_CONSUMER.
    pub through: Option<Timestamp>,
    /// The events, page by page, made when they are pulled: a client may take minutes to read them.
    pub pages: BoxStream<'static, Result<Page, Fault>>,
}

/// Which stored events a stream begins with.
#[derive(Clone, Debug)]
pub struct HistoryQuery {
    /// The selection.
    pub wanted: Wanted,
    /// The time from which the client wants to read: open time for bars. Inclusive.
    pub start: Timestamp,
    /// Leave out events with an event time at or before this: they were sent already.
    pub after: Option<Timestamp>,
}
