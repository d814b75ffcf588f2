//! The `tickmesh` command: runs the whole mesh in one process, and talks to a running one.
//!
//! [`up`] composes the four parts from one configuration; [`verbs`] are clients that go through the gateway like any
//! other. `main` only parses, dispatches and turns a [`failure::Failure`] into one line and an exit code.

pub mod cli;
pub mod connect;
pub mod failure;
pub mod output;
pub mod progress;
pub mod settings;
pub mod training;
pub mod up;
pub mod verbs;
