//! The whole mesh as its clients see it: in one process, on free ports, over real sockets.

mod architecture;
mod drain;
mod future;
mod harness;
mod live;
mod score;
mod slow;
mod streams;
