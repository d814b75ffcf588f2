//! What must survive a restart beside the log of allocations: where each live portfolio stands, and how far the signals
//! were read. The only place with SQL.

mod migrations;
mod state;

pub use state::{BookState, StateError, StateStore, StoredPlan};
