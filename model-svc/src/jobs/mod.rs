//! Long work: trainings and evaluations as stored operations that can be watched, cancelled and waited for.
//!
//! One operation works at a time, since each uses the whole compute pool; a bounded number waits, one more is refused.
//! A service on its own starts one training by itself: of the symbols that have no champion when it starts.
//! An operation that the process did not live to end is ended on the next start with ABORTED and a reason.

mod board;
mod cpu;
mod evaluate;
mod histories;
mod job;
mod missing;
#[cfg(test)]
mod tests;
mod train;
mod wire;

pub use board::{Jobs, Launch, Tools};
pub use evaluate::EvaluateRequest;
pub use job::View;
pub use train::TrainRequest;
pub use wire::{EvaluateProgress, EvaluateReport, Skipped, TrainProgress, TrainReport, Wire};
