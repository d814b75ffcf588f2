//! Values that travel in the contracts, parsed once at the edge.

mod adjust;
mod calendar;
mod symbol;
mod time_frame;
mod timestamp;

pub use adjust::adjust;
pub use calendar::{Calendar, Session, utc_date, utc_midnight};
pub use symbol::{ParseSymbolError, Symbol};
pub use time_frame::{ParseTimeFrameError, TimeFrame};
pub use timestamp::{ParseTimestampError, Timestamp};
