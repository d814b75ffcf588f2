use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use metrics::gauge;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service as _;

use super::ending::{Ends, told};
use super::{EndReason, Settings};
use crate::layer::{CallService, Peer};

/// What the connections of a port share.
pub(super) struct Port {
    pub(super) part: &'static str,
    pub(super) service: CallService<Router>,
    pub(super) settings: Settings,
    pub(super) protocols: auto::Builder<TokioExecutor>,
    pub(super) places: Arc<Semaphore>,
    /// All connections, and all work that still holds its `Ending`.
    pub(super) tasks: TaskTracker,
    pub(super) drain: watch::Receiver<Option<EndReason>>,
    pub(super) hard_stop: CancellationToken,
}

/// HTTP/1 and HTTP/2 with their limits.
pub(super) fn protocols(settings: &Settings) -> auto::Builder<TokioExecutor> {
    /// What one upload may have under way; a connection has room for all its streams.
    const STREAM_WINDOW: u32 = 128 * 1024;
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.first_request_seconds.duration())
        .max_buf_size(usize::try_from(settings.max_header_bytes).expect("32 bits fit").max(MIN_BUFFER_BYTES));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(settings.max_streams)
        .max_send_buf_size(settings.send_buffer_bytes)
        .max_header_list_size(settings.max_header_bytes)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(STREAM_WINDOW.saturating_mul(settings.max_streams).min(MAX_WINDOW))
        .keep_alive_interval(settings.keepalive_seconds.duration())
        .keep_alive_timeout(settings.keepalive_timeout_seconds.duration());
    builder
}

/// The smallest buffer that hyper takes for HTTP/1.
const MIN_BUFFER_BYTES: usize = 8192;

/// The largest window that HTTP/2 has.
const MAX_WINDOW: u32 = (1 << 31) - 1;

/// Serves one connection until its client closes it, it is too old, or the server drains; `_place` is given back then.
pub(super) async fn serve(port: Arc<Port>, stream: TcpStream, peer: SocketAddr, _place: OwnedSemaphorePermit) {
    let _counted = Counted::new(port.part);
    let (end, ended) = watch::channel(None);
    let has_asked = Arc::new(AtomicBool::new(false));
    let ends = Ends { connection: ended, server: port.drain.clone(), held: port.tasks.token() };
    let service = {
        let (calls, has_asked) = (port.service.clone(), Arc::clone(&has_asked));
        service_fn(move |request: Request<Incoming>| {
            has_asked.store(true, Ordering::Relaxed);
            calls.clone().call(attached(request, peer, &ends))
        })
    };
    let mut connection = pin!(port.protocols.serve_connection_with_upgrades(TokioIo::new(stream), service));

    let settings = &port.settings;
    let reason = tokio::select! {
        result = connection.as_mut() => return note(peer, result),
        () = never_asked(settings.first_request_seconds.duration(), &has_asked) => return,
        () = sleep(jittered(settings.max_age_seconds.duration())) => EndReason::MaxAge,
        reason = told(port.drain.clone()) => reason,
    };
    connection.as_mut().graceful_shutdown(); // GOAWAY, or no keep-alive any more
    end.send_replace(Some(reason));
    tokio::select! {
        result = connection => note(peer, result),
        () = sleep(settings.age_grace_seconds.duration()) => {} // dropping it cuts what is left
        () = port.hard_stop.cancelled() => {}
    }
}

fn attached(request: Request<Incoming>, peer: SocketAddr, ends: &Ends) -> Request<Body> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(Peer(peer));
    request.extensions_mut().insert(ends.clone());
    request
}

/// Resolves if no request has come in time: a client that does not even say what it speaks holds no place.
async fn never_asked(within: Duration, has_asked: &AtomicBool) {
    sleep(within).await;
    if has_asked.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
}

/// ± 10 %, so that connections that were opened together do not come back together.
fn jittered(age: Duration) -> Duration {
    age.mul_f64(0.9 + 0.2 * rand::random::<f64>())
}

fn note<E: std::fmt::Display>(peer: SocketAddr, result: Result<(), E>) {
    if let Err(error) = result {
        tracing::debug!(%peer, %error, "connection broke");
    }
}

/// Counts open connections while it lives.
struct Counted(&'static str);

impl Counted {
    fn new(part: &'static str) -> Self {
        gauge!("tickmesh_connections", "part" => part).increment(1.0);
        Self(part)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        gauge!("tickmesh_connections", "part" => self.0).decrement(1.0);
    }
}
