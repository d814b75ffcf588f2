use std::fmt;
use std::future::pending;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::watch;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// Why streams are asked to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// The server drains.
    Draining,
    /// The connection has reached its maximum age.
    MaxAge,
}

/// Resolves when the call's connection is to end: a long answer then says goodbye and ends by itself.
///
/// The server waits for every `Ending` that is still held, up to the hard stop; hold it until the goodbye is sent.
/// Calls that did not come over a [`Server`](super::Server) have one that never resolves.
pub struct Ending {
    resolved: Pin<Box<dyn Future<Output = EndReason> + Send>>,
    /// Held so that the drain waits for work that outlives its connection, such as a WebSocket.
    _held: Option<TaskTrackerToken>,
}

/// A request of HTTP or of gRPC.
pub trait Carrier {
    /// What layers attached to it.
    fn extensions(&self) -> &http::Extensions;
}

/// What a server attaches to each request.
#[derive(Clone)]
pub(super) struct Ends {
    pub(super) connection: watch::Receiver<Option<EndReason>>,
    pub(super) server: watch::Receiver<Option<EndReason>>,
    pub(super) held: TaskTrackerToken,
}

impl<B> Carrier for http::Request<B> {
    fn extensions(&self) -> &http::Extensions {
        self.extensions()
    }
}

impl<T> Carrier for tonic::Request<T> {
    fn extensions(&self) -> &http::Extensions {
        self.extensions()
    }
}

impl Ending {
    /// The ending of the connection that a request came over.
    pub fn of(request: &impl Carrier) -> Self {
        match request.extensions().get::<Ends>().cloned() {
            None => Self::never(),
            Some(Ends { connection, server, held }) => {
                Self { resolved: Box::pin(first(connection, server)), _held: Some(held) }
            }
        }
    }

    /// One that never resolves.
    pub fn never() -> Self {
        Self { resolved: Box::pin(pending()), _held: None }
    }
}

/// The connection's reason, which comes after its GOAWAY; the server's once the connection is gone without one, as that
/// of a WebSocket is.
async fn first(
    connection: watch::Receiver<Option<EndReason>>,
    server: watch::Receiver<Option<EndReason>>,
) -> EndReason {
    match reason(connection).await {
        Some(reason) => reason,
        None => told(server).await,
    }
}

/// Waits for the reason; a sender that is gone without one never tells.
pub(super) async fn told(end: watch::Receiver<Option<EndReason>>) -> EndReason {
    match reason(end).await {
        Some(reason) => reason,
        None => pending().await,
    }
}

async fn reason(mut end: watch::Receiver<Option<EndReason>>) -> Option<EndReason> {
    end.wait_for(Option::is_some).await.ok().and_then(|reason| reason.clone())
}

impl Future for Ending {
    type Output = EndReason;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<EndReason> {
        self.resolved.as_mut().poll(context)
    }
}

impl fmt::Debug for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ending")
    }
}
