//! What model-svc needs of the market, whoever brings it.

use futures_util::future::BoxFuture;
use tickmesh_mesh::status::Fault;
use tickmesh_proto::types::{Calendar, Symbol, Timestamp};

use crate::history::DailyBar;
use crate::live::LiveBar;

/// The calendar of a symbol of which the market names none that is known.
pub const USUAL_CALENDAR: Calendar = Calendar::NewYork;

/// Something that the market's stream of daily bars tells.
#[derive(Clone, Debug, PartialEq)]
pub enum FeedEvent {
    /// The stream began, or began anew. Its epoch names the run: bars of another epoch are another run.
    Joined {
        /// The epoch of the market's log.
        epoch: String,
    },
    /// Bars in the stream's order.
    Bars {
        /// The bars.
        bars: Vec<LiveBar>,
        /// Their place in the stream; empty for history.
        cursor: String,
    },
    /// Bars of a symbol that the market has and its stream does not bring: an import came later than its history.
    Imported {
        /// The symbol.
        symbol: Symbol,
        /// The bars, oldest first.
        bars: Vec<DailyBar>,
    },
    /// All history was delivered: what follows is live.
    CaughtUp,
    /// What the feed is doing, and the market clock.
    Pulse {
        /// What it is doing.
        phase: FeedPhase,
        /// The market clock; none before the first bar.
        market_time: Option<Timestamp>,
    },
    /// The stream broke, or could not be opened: until it is joined again nothing is known of the market.
    Lost,
    /// The instruments that the market lists now.
    Listed(Vec<Listed>),
}

/// What the market's feed is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FeedPhase {
    /// It has not begun.
    #[default]
    Waiting,
    /// Bars come.
    Live,
    /// Connected, and nothing comes.
    Silent,
    /// It has delivered all it has.
    Ended,
}

/// An instrument that the market lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its symbol.
    pub symbol: Symbol,
    /// Its sessions.
    pub calendar: Calendar,
    /// Daily bars up to the market clock.
    pub daily_bars: u64,
}

/// What can be asked of the market beside its stream.
pub trait Market: Send + Sync {
    /// The instruments that it lists, in ascending order of their symbols.
    fn listed(&self) -> BoxFuture<'_, Result<Vec<Listed>, Fault>>;

    /// Where the market's replay begins: bars that close later are played as if they were new.
    /// None when it replays none.
    fn replay_start(&self) -> BoxFuture<'_, Result<Option<Timestamp>, Fault>>;

    /// All daily bars of one symbol up to the market clock.
    fn history<'a>(&'a self, symbol: &'a Symbol) -> BoxFuture<'a, Result<Vec<DailyBar>, Fault>>;
}
