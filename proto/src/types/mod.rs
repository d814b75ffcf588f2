//! Values that travel in the contracts, parsed once at the edge.

mod adjust;
mod symbol;
mod time_frame;
mod timestamp;

pub use adjust::adjust;
pub use symbol::{ParseSymbolError, Symbol};
pub use time_frame::{ParseTimeFrameError, TimeFrame};
pub use timestamp::{ParseTimestampError, Timestamp};
