//! The whole service behind its port, with a market that a test plays.

#![allow(clippy::unwrap_used)] // helpers of tests fail as tests do

mod alone;
mod behaviour;
mod faults;
mod harness;
mod imported;
mod market;
mod readiness;
mod retries;
mod stale;
