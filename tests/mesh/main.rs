//! The whole mesh as its clients see it: in one process, on free ports, over real sockets.

#![allow(clippy::unwrap_used)] // here a test fails that cannot go on

mod architecture;
mod drain;
mod future;
mod harness;
mod live;
mod readiness;
mod score;
mod slow;
mod streams;
