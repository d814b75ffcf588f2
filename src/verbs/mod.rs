//! The client verbs: each talks to a running mesh through the gateway, as any other client would.

pub mod import;
pub mod optimize;
pub mod predict;
pub mod status;
mod streams;
pub mod train;
pub mod watch;
