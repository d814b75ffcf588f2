//! The live loop: the market's events in, forecasts stored, signals logged and published, the board renewed.
//!
//! ```text
//! feed ──▶ Engine (on a thread of its own) ──▶ store, one transaction ──▶ signal log ──▶ published, board
//! ```
//!
//! One task does all of it, one step after the other, so there is an order in everything. A kill between any two steps
//! loses and doubles nothing: bars are fed again on start and what is stored is not issued again; a forecast that is
//! stored but not in the log is appended on start (see [`LogMark`](crate::store::LogMark)).

mod command;
mod latches;
mod logging;
mod run;
mod signals;
#[cfg(test)]
mod tests;

pub use command::{Command, Commands, Promotion};
pub use latches::Latches;
pub use run::{Parts, Pipeline};
pub use signals::Signals;
