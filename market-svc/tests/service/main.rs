//! market-svc as its clients see it: over gRPC, on a free port and in a folder of its own.

#![allow(clippy::unwrap_used)] // here a test fails that cannot go on

mod again;
mod alone;
mod answers;
mod harness;
mod history;
mod loading;
