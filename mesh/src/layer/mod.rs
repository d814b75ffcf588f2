//! The one layer above all doors.
//!
//! Every request of every protocol passes here, in this order: it is [classified](call), gets an
//! [identity](identity) (request id, caller, trace) and a [deadline](deadline), is [recorded](record) until its last
//! byte, must pass the [guard](guard) against foreign web pages, is answered within its deadline, and a panic becomes
//! INTERNAL with an id. Authentication and quotas will stand beside the guard.

mod answer;
mod body;
mod call;
mod cors;
mod deadline;
mod guard;
mod identity;
mod limit;
mod panics;
mod record;
mod service;
mod web;

pub use deadline::Deadlines;
pub(crate) use deadline::asked as timeout_of;
pub use guard::Guard;
pub(crate) use guard::is_loopback;
pub use identity::{REQUEST_ID, TRACE_PARENT, TRACE_STATE};
pub use service::{CallLayer, CallService, Doors};

/// Who is at the other end of the connection: an extension of every request that came over one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub std::net::SocketAddr);
