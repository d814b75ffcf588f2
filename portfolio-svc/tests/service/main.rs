//! portfolio-svc as its clients see it: over gRPC, with peers that serve real bars and signals made from them.

#![allow(clippy::unwrap_used)] // here a test fails that cannot go on

mod faults;
mod harness;
mod live;
mod once;
mod peer;
