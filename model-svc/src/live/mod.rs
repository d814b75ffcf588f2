//! What each bar does to forecasts, signals and scores: the domain of the live loop, without clock, store or network.
//!
//! ```text
//! bar ─▶ Desk (one a symbol): features ─▶ outcome of the forecast made a horizon ago ─▶ score
//!                                     └─▶ pool and level of the champion ─▶ forecast ─▶ Event::Issued
//! ```
//!
//! Bars that stop coming leave the newest forecast to lapse: it reads HOLD once the market
//! clock has gone on without them.
//!
//! A desk is a fold over bars: fed with the same bars, versions and serving history it makes the same events to the
//! last bit. What was already served in the run stands in its [`Archive`] and is not issued again, so that a restart,
//! which feeds every bar once more, loses and doubles nothing.

mod archive;
mod board;
mod desk;
mod engine;
mod score;
mod sharpness;
#[cfg(test)]
mod tests;

pub use archive::{Archive, Served};
pub use board::{Board, Newest, SharedHistory, Standing};
pub use desk::{Desk, Event, Issued, Reign, Scored, serving};
pub use engine::{Engine, Install, LiveBar};
pub use score::Score;
pub use sharpness::{Covered, Sharpness};
