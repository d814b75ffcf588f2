use std::io;
use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tracing::Instrument as _;

use super::connection::{self, Port};

/// Accepting pauses so long when the process has no file descriptors left.
const OUT_OF_FILES: Duration = Duration::from_millis(50);

/// Serves every connection that comes, each by a task of its own; never ends by itself.
pub(super) async fn accept(port: &Arc<Port>, listener: &TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => admit(port, stream, peer),
            Err(error) => pause_after(&error).await,
        }
    }
}

/// One connection more than there is room for is closed at once, so that its client knows.
fn admit(port: &Arc<Port>, stream: TcpStream, peer: std::net::SocketAddr) {
    let Ok(place) = Arc::clone(&port.places).try_acquire_owned() else {
        counter!("tickmesh_connections_refused_total", "part" => port.part).increment(1);
        tracing::warn!(part = port.part, %peer, "connection refused: all places are taken");
        return;
    };
    // Small messages must not wait for the acknowledgement of earlier ones; without it they are late and still right.
    drop(stream.set_nodelay(true));
    let serve = connection::serve(Arc::clone(port), stream, peer, place);
    port.tasks.spawn(serve.instrument(tracing::Span::none()));
}

async fn pause_after(error: &io::Error) {
    if error.kind() != io::ErrorKind::ConnectionAborted {
        tracing::warn!(%error, "cannot accept a connection");
        sleep(OUT_OF_FILES).await;
    }
}
