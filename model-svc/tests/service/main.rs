//! The whole service behind its port, with a market that a test plays.

mod behaviour;
mod faults;
mod harness;
mod market;
