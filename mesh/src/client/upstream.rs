use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use tonic::transport::Endpoint;

use super::budget::Budget;
use super::policy::PUBLISHED;
use super::pool::{MAX_CALLS, Pool};
use super::{Backoff, Channel};
use crate::layer::is_loopback;

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

/// An address that cannot be called.
#[derive(Debug, thiserror::Error)]
#[error("{name}_url = {url:?}: must be {rule}, such as http://127.0.0.1:50051")]
pub struct UpstreamError {
    name: String,
    url: String,
    rule: &'static str,
}

const FORM: &str = "http:// with a host and a port alone";
const NEAR: &str = "a loopback address, as there is no TLS and no authentication yet";

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
    /// If `url` is no `http://` address of this machine: parts speak to each other without TLS.
    pub fn new(name: &str, url: &str) -> Result<Self, UpstreamError> {
        let refused = |rule| UpstreamError { name: name.to_owned(), url: url.to_owned(), rule };
        let endpoint = address(url).map(Endpoint::from).map_err(refused)?;
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

/// The address that an URL of plain HTTP with a host and a port alone names.
///
/// # Errors
/// The rule that it breaks: of form, or that it must be on this machine.
pub fn address(url: &str) -> Result<Uri, &'static str> {
    let uri: Uri = url.parse().map_err(|_| FORM)?;
    let is_plain = uri.scheme() == Some(&Scheme::HTTP) && uri.path() == "/" && uri.query().is_none();
    let names_a_host = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    let has_a_port = uri.port_u16().is_some_and(|port| port != 0);
    match uri.host() {
        Some(host) if is_plain && names_a_host && has_a_port && !host.is_empty() => {
            if is_loopback(host) {
                Ok(uri)
            } else {
                Err(NEAR)
            }
        }
        _ => Err(FORM),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_an_address_and_refuses_what_is_none() {
        for good in ["http://127.0.0.1:50051", "http://[::1]:50051/", "http://localhost:50051"] {
            assert!(address(good).is_ok(), "{good}");
        }
        for far in
            ["http://10.0.0.1:50051", "http://market.internal:50051", "http://[2001:db8::1]:1", "http://0.0.0.0:1"]
        {
            assert_eq!(address(far), Err(NEAR), "{far}");
        }
        for bad in [
            "",
            "foo",
            "127.0.0.1:50051",
            "https://127.0.0.1:50051",
            "ftp://127.0.0.1:50051",
            "http://127.0.0.1:0",
            "http://127.0.0.1:99999",
            "http://127.0.0.1:",
            "http://127.0.0.1",
            "http://127.0.0.1:50051/market",
            "http://127.0.0.1:50051?a=b",
            "http://me:secret@127.0.0.1:50051",
        ] {
            assert_eq!(address(bad), Err(FORM), "{bad}");
        }
        let error = Upstream::new("market", "foo").unwrap_err().to_string();
        assert!(error.starts_with("market_url = \"foo\": must be http://"), "{error}");
        let error = Upstream::new("model", "http://10.0.0.1:50052").unwrap_err().to_string();
        assert!(error.starts_with("model_url = \"http://10.0.0.1:50052\": must be a loopback address"), "{error}");
    }
}
