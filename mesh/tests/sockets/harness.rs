//! A running port, and clients that nobody here wrote or that see every byte.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tickmesh_mesh::readiness::Readiness;
use tickmesh_mesh::serve::{ServeError, Server, Settings, bind};
use tickmesh_mesh::telemetry;
use tickmesh_proto::portfolio::v1::optimizer_service_client::OptimizerServiceClient;
use tickmesh_proto::portfolio::v1::{OptimizeRequest, StreamAllocationsRequest};
use tickmesh_proto::server::portfolio::v1::optimizer_service_server::OptimizerServiceServer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::service::Routes;
use tonic::transport::{Channel, Endpoint};

use crate::desk::{Desk, SERVICE};

/// Everything that is waited for comes long before this.
pub(crate) const SOON: Duration = Duration::from_secs(10);

pub(crate) struct Port {
    pub(crate) addr: SocketAddr,
    pub(crate) readiness: Readiness,
    pub(crate) desk: Desk,
    stop: oneshot::Sender<()>,
    done: JoinHandle<Result<(), ServeError>>,
}

impl Port {
    pub(crate) fn start(settings: Settings) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), settings)
    }

    pub(crate) fn start_at(addr: SocketAddr, settings: Settings) -> Self {
        telemetry::install_metrics();
        let listener = bind(addr, "--addr").unwrap();
        let (readiness, desk) = (Readiness::new(), Desk::default());
        let routes = Routes::new(OptimizerServiceServer::new(desk.clone()));
        let server = Server::new("test", listener, readiness.clone()).grpc(routes, &[SERVICE]).settings(settings);
        let addr = server.addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let done = tokio::spawn(server.run(async move { drop(stopped.await) }));
        Self { addr, readiness, desk, stop, done }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    pub(crate) fn client(&self) -> OptimizerServiceClient<Channel> {
        client(self.addr)
    }

    /// Asks it to stop; what it becomes is to be awaited.
    pub(crate) fn stop(self) -> JoinHandle<Result<(), ServeError>> {
        self.stop.send(()).unwrap();
        self.done
    }
}

pub(crate) fn client(addr: SocketAddr) -> OptimizerServiceClient<Channel> {
    OptimizerServiceClient::new(Endpoint::from_shared(format!("http://{addr}")).unwrap().connect_lazy())
}

pub(crate) fn optimize(symbol: &str) -> OptimizeRequest {
    OptimizeRequest { symbols: vec![symbol.into()], ..Default::default() }
}

pub(crate) fn stream(symbol: &str) -> StreamAllocationsRequest {
    StreamAllocationsRequest { symbols: vec![symbol.into()], ..Default::default() }
}

/// Settings whose times are short.
pub(crate) fn settings(change: impl FnOnce(&mut Settings)) -> Settings {
    let mut settings = Settings::default();
    change(&mut settings);
    settings
}

/// One HTTP/1.1 exchange: what is written to the socket, and all that comes back until the server closes.
pub(crate) async fn exchange(addr: SocketAddr, request: &str) -> String {
    let mut socket = TcpStream::connect(addr).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(SOON, socket.read_to_end(&mut answer)).await.expect("the server closes").unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// A way to `server` that keeps every byte which comes from it.
pub(crate) struct Tap {
    pub(crate) addr: SocketAddr,
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Tap {
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (addr, bytes) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<u8>>>::default());
        let kept = Arc::clone(&bytes);
        tokio::spawn(async move {
            let (mut from_client, mut to_client) = listener.accept().await.unwrap().0.into_split();
            let (mut from_server, mut to_server) = TcpStream::connect(server).await.unwrap().into_split();
            tokio::spawn(async move { copy(&mut from_client, &mut to_server).await });
            let mut piece = [0; 4096];
            while let Ok(len @ 1..) = from_server.read(&mut piece).await {
                kept.lock().unwrap().extend_from_slice(&piece[..len]);
                if to_client.write_all(&piece[..len]).await.is_err() {
                    return;
                }
            }
        });
        Self { addr, bytes }
    }

    /// The types of the HTTP/2 frames that came from the server, in order: 0 DATA, 1 HEADERS, 7 GOAWAY.
    pub(crate) fn frames(&self) -> Vec<u8> {
        let bytes = self.bytes.lock().unwrap();
        let (mut rest, mut types) = (bytes.as_slice(), Vec::new());
        while let [a, b, c, kind, ..] = rest {
            types.push(*kind);
            let len = 9 + u32::from_be_bytes([0, *a, *b, *c]) as usize;
            rest = rest.get(len..).unwrap_or_default();
        }
        types
    }
}
