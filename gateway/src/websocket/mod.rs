//! `WS /ws/realtime`: all live streams of a browser tab over one socket.
//!
//! The client says what it wants in JSON and changes it in place by sending another message:
//!
//! ```json
//! {"symbols": ["AAPL"], "channels": ["ticks", "signals"], "resume_after": {"signals": "…"}}
//! ```
//!
//! Any other field of the streams' requests may stand beside `symbols` (`delivery`, `heartbeatInterval`, `timeFrame`
//! …). A channel that is no longer named stops; one whose request stays the same goes on untouched; one whose request
//! changes is called anew and begins with its Ack. The gateway sends
//!
//! - `{"channel": …, "data": …}`: the stream's response message, as in NDJSON;
//! - `{"channel": …, "error": …}`: a `google.rpc.Status`. UNAVAILABLE says that the part behind the channel is lost;
//!   the gateway goes on by itself from the last cursor, and an Ack says that it is back. Any other error ends the
//!   channel. A refusal of the whole message has `"channel": null` and changes nothing.
//!
//! Nothing is queued for a slow browser: while its socket takes nothing, the upstream is not read, and the stream's own
//! rules decide what that costs. A socket that takes nothing for 40 s is closed.

mod channel;
mod close;
mod follow;
mod frame;
mod request;
mod session;

use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::response::Response;
use tickmesh_mesh::context;
use tickmesh_mesh::serve::Ending;
use tickmesh_mesh::status::{Code, Fault};
use tokio::sync::Semaphore;

use crate::contract::Contracts;
use crate::transcode::error::ErrorResponse;
use crate::upstreams::Upstreams;
use channel::Feeds;
pub use channel::{Channel, MissingFeed};
use session::Session;

/// The largest message that a client may send.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// What the socket itself takes, so that a message not far too large is read whole and answered with the reason: a
/// socket that is closed with something unread may lose the goodbye.
const MAX_SOCKET_MESSAGE_BYTES: usize = 4 * MAX_MESSAGE_BYTES;

/// The door to all live streams over WebSocket.
#[derive(Clone)]
pub struct Realtime {
    feeds: Feeds,
    errors: ErrorResponse,
    places: Arc<Semaphore>,
    capacity: usize,
}

impl Realtime {
    /// A door with room for `capacity` sockets.
    ///
    /// # Errors
    /// If the contracts lack the rpc behind a channel.
    pub fn new(contracts: &Contracts, upstreams: Upstreams, capacity: usize) -> Result<Self, MissingFeed> {
        Ok(Self {
            feeds: Feeds::new(contracts, upstreams)?,
            errors: ErrorResponse::new(contracts.pool().clone()),
            places: Arc::new(Semaphore::new(capacity)),
            capacity,
        })
    }

    /// Turns a request into a socket that lives until its client or `ending` ends it.
    pub fn upgrade(&self, upgrade: WebSocketUpgrade, ending: Ending) -> Response {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return self.errors.response(&self.full().into());
        };
        let session = Session::new(self.feeds.clone(), self.errors.clone());
        let context = context::current();
        upgrade.max_message_size(MAX_SOCKET_MESSAGE_BYTES).max_frame_size(MAX_SOCKET_MESSAGE_BYTES).on_upgrade(
            move |socket| async move {
                let life = session.run(socket, ending);
                match context {
                    Some(context) => context::scope(context, life).await, // upstream calls carry the socket's request id
                    None => life.await,
                }
                drop(place);
            },
        )
    }

    fn full(&self) -> Fault {
        let use_of = format!("{0} of {0} sockets", self.capacity);
        Fault::new(Code::ResourceExhausted, "SOCKETS_EXHAUSTED", "every place for a WebSocket is taken; try again")
            .quota("websockets", use_of)
            .retry_after(std::time::Duration::from_secs(5))
    }
}
