//! Calls to the other parts of the mesh.
//!
//! Unary calls and streams take separate connections, so that a full or unread stream delays no call; a connection
//! carries 80 calls and the next one opens another. A call hands on its caller's request id, trace and what is left of
//! its deadline; a lost connection is UNAVAILABLE; idempotent unary calls that meet UNAVAILABLE are tried again, within
//! the policy that the contracts publish (`service_config.json`) and a budget.

mod backoff;
mod body;
mod budget;
mod channel;
mod failure;
mod outgoing;
mod policy;
mod pool;
mod upstream;

pub use backoff::Backoff;
pub use channel::Channel;
pub use failure::is_lost;
pub use upstream::{Upstream, UpstreamError, address};
