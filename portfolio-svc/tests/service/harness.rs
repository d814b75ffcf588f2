use std::path::Path;
use std::time::Duration;

use portfolio_svc::{App, Config};
use tickmesh_mesh::cpu::CpuPool;
use tickmesh_mesh::process::Part as _;
use tickmesh_mesh::readiness::Readiness;
use tickmesh_mesh::serve::{Setup, bind};
use tickmesh_proto::portfolio::v1::optimizer_service_client::OptimizerServiceClient;
use tickmesh_proto::portfolio::v1::stream_allocations_response::Control;
use tickmesh_proto::portfolio::v1::{Allocation, StreamAllocationsRequest, StreamAllocationsResponse};
use tickmesh_proto::r#type::v1::Delivery;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::Streaming;
use tonic::transport::Channel;

use crate::peer::Peer;

/// The one deadline of every wait.
const SOON: Duration = Duration::from_secs(20);

/// A running portfolio-svc.
pub(crate) struct Service {
    pub(crate) client: OptimizerServiceClient<Channel>,
    pub(crate) readiness: Readiness,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Service {
    pub(crate) async fn start(peer: &Peer, data: &Path) -> Self {
        Self::with(Config { market_url: peer.url.clone(), model_url: peer.url.clone(), ..Config::default() }, data)
            .await
    }

    pub(crate) async fn with(config: Config, data: &Path) -> Self {
        let readiness = Readiness::new();
        let setup = Setup {
            listener: bind("127.0.0.1:0".parse().unwrap(), "--portfolio-addr").unwrap(),
            readiness: readiness.clone(),
            cpu: CpuPool::new(1, 64).unwrap(),
            data_dir: data.to_owned(),
        };
        let app = App::build(config, setup).await.unwrap();
        let url = format!("http://{}", app.addr());
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(async {
            let shutdown = async {
                stopped.await.ok();
            };
            app.run(shutdown).await.unwrap();
        });
        let client = OptimizerServiceClient::new(Channel::from_shared(url).unwrap().connect_lazy());
        Self { client, readiness, stop, running }
    }

    pub(crate) async fn ready(&self) {
        tokio::time::timeout(SOON, self.readiness.ready()).await.expect("the first allocation comes soon");
    }

    pub(crate) async fn stop(self) {
        drop(self.client);
        self.stop.send(()).unwrap();
        self.running.await.unwrap();
    }

    pub(crate) async fn stream(&self, request: StreamAllocationsRequest) -> Stream {
        Stream {
            messages: self.client.clone().stream_allocations(request).await.unwrap().into_inner(),
            cursor: String::new(),
        }
    }

    /// Every allocation after a cursor; an empty one means from the snapshot on.
    pub(crate) async fn all_after(&self, cursor: &str) -> Stream {
        let request = StreamAllocationsRequest {
            delivery: Delivery::All.into(),
            resume_after: cursor.into(),
            ..StreamAllocationsRequest::default()
        };
        self.stream(request).await
    }
}

/// A stream of allocations.
pub(crate) struct Stream {
    messages: Streaming<StreamAllocationsResponse>,
    pub(crate) cursor: String,
}

impl Stream {
    pub(crate) async fn message(&mut self) -> StreamAllocationsResponse {
        let message = tokio::time::timeout(SOON, self.messages.message()).await.expect("a message comes soon");
        let message = message.unwrap().expect("the stream goes on");
        if !message.cursor.is_empty() {
            self.cursor.clone_from(&message.cursor);
        }
        message
    }

    /// Waits until the server ends it.
    pub(crate) async fn ends(&mut self) {
        let end = async { while let Ok(Some(_)) = self.messages.message().await {} };
        tokio::time::timeout(SOON, end).await.expect("it ends soon");
    }

    /// The Ack, which is first.
    pub(crate) async fn ack(&mut self) -> tickmesh_proto::r#type::v1::Ack {
        match self.message().await {
            StreamAllocationsResponse { sequence: 1, control: Some(Control::Ack(ack)), .. } => ack,
            other => panic!("the first message is the Ack, not {other:?}"),
        }
    }

    /// The stream after its Ack and an allocation, that of its snapshot.
    pub(crate) async fn begun(mut self) -> Self {
        self.ack().await;
        self.allocations(1).await;
        self
    }

    /// The next `count` allocations.
    pub(crate) async fn allocations(&mut self, count: usize) -> Vec<Allocation> {
        let mut allocations = Vec::new();
        let gather = async {
            while allocations.len() < count {
                allocations.extend(self.message().await.allocations);
            }
        };
        tokio::time::timeout(SOON, gather).await.expect("allocations come soon");
        assert_eq!(allocations.len(), count, "no more than expected");
        allocations
    }
}
