//! Serving: one port for every protocol, its connections, their age and their end.
//!
//! A request's path through this module: [`Server`] accepts a connection within its limits, the connection's task
//! serves HTTP/1 or HTTP/2 on it, the one layer above all doors ([`crate::layer`]) gives the call an id, a caller, a
//! deadline and a guard, and the router hands it to gRPC, REST or the operator's pages.
//!
//! A drain goes in this order: health says NOT_SERVING, every connection is told to go away (GOAWAY), streams learn of
//! their [`Ending`] and say goodbye, and whatever is still there after [`Settings::hard_stop_seconds`] is cut.

mod accept;
mod bind;
mod connection;
mod ending;
mod health;
mod ops;
mod origin;
mod reflection;
mod server;
mod settings;
mod setup;

pub use bind::{BindError, bind};
pub use ending::{Carrier, EndReason, Ending};
pub use health::{HealthSource, Serving};
pub use origin::{Origin, OriginError};
pub use server::{ServeError, Server};
pub use settings::{Seconds, SecondsError, Settings};
pub use setup::Setup;

/// The largest request message, in bytes.
pub const MAX_REQUEST_BYTES: usize = 4 * 1024 * 1024;

/// The largest response message, in bytes.
pub const MAX_RESPONSE_BYTES: usize = 16 * 1024 * 1024;
