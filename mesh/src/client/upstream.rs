use std::sync::Arc;
use std::time::Duration;

use tonic::transport::Endpoint;

use super::budget::Budget;
use super::policy::PUBLISHED;
use super::pool::{MAX_CALLS, Pool};
use super::{Backoff, Channel};

/// Another part of the mesh. Clones share their connections, which are opened when they are needed.
///
/// ```
/// # use tickmesh_mesh::client::Upstream;
/// # use tickmesh_proto::market::v1::market_service_client::MarketServiceClient;
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let market = Upstream::new("market", "http://127.0.0.1:50051")?;
/// let calls = MarketServiceClient::new(market.unary());
/// let streams = MarketServiceClient::new(market.stream());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Upstream {
    name: Arc<str>,
    unary: Channel,
    stream: Channel,
}

/// An address that is none.
#[derive(Debug, thiserror::Error)]
#[error("{url:?} is no address of {name} such as http://127.0.0.1:50051: {source}")]
pub struct UpstreamError {
    name: String,
    url: String,
    source: tonic::transport::Error,
}

/// What one stream may have under way. Small, so that a reader that stops holds little and learns of the newest soon.
const STREAM_WINDOW: u32 = 64 * 1024;

/// What the answer of one unary call may have under way.
const UNARY_WINDOW: u32 = 256 * 1024;

/// The largest pieces that an upstream may send; larger ones cost it fewer writes.
const FRAME_BYTES: u32 = 64 * 1024;

impl Upstream {
    /// A part by the name that stands in errors and metrics, at `url`. Connects when first called.
    ///
    /// # Errors
    /// If `url` is no address.
    pub fn new(name: &str, url: &str) -> Result<Self, UpstreamError> {
        let endpoint = Endpoint::from_shared(url.to_owned()).map_err(|source| UpstreamError {
            name: name.to_owned(),
            url: url.to_owned(),
            source,
        })?;
        let name: Arc<str> = name.into();
        let channel = |window, budget| Channel::new(Arc::clone(&name), Pool::new(tuned(&endpoint, window)), budget);
        let budget = Arc::new(Budget::new(PUBLISHED.throttling));
        let (unary, stream) = (channel(UNARY_WINDOW, Some(budget)), channel(STREAM_WINDOW, None));
        Ok(Self { name, unary, stream })
    }

    /// The part's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The way for unary calls.
    pub fn unary(&self) -> Channel {
        self.unary.clone()
    }

    /// The way for streams.
    pub fn stream(&self) -> Channel {
        self.stream.clone()
    }

    /// Waits for a stream's reconnections: up to 100 ms before the first, up to 5 s before any.
    pub fn backoff(&self) -> Backoff {
        Backoff::new(Duration::from_millis(100), Duration::from_secs(5))
    }
}

/// The connection's window holds all its calls', so that an unread one blocks no other.
fn tuned(endpoint: &Endpoint, stream_window: u32) -> Endpoint {
    let calls = u32::try_from(MAX_CALLS).expect("80 fits");
    endpoint
        .clone()
        .connect_timeout(Duration::from_secs(2))
        .initial_stream_window_size(stream_window)
        .initial_connection_window_size(stream_window * calls)
        .max_frame_size(FRAME_BYTES)
        .http2_keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20))
        .tcp_nodelay(true)
}
