//! The client verbs: each talks to a running mesh through the gateway, as any other client would.

mod follow;
pub mod import;
pub mod optimize;
pub mod predict;
pub mod status;
pub mod train;
pub mod watch;
