//! A service whose answers do what its symbols say.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::Stream;
use prost::Message as _;
use tickmesh_mesh::context;
use tickmesh_mesh::serve::Ending;
use tickmesh_mesh::status::{Code, Fault};
use tickmesh_proto::Encoded;
use tickmesh_proto::portfolio::v1 as pb;
use tickmesh_proto::portfolio::v1::stream_allocations_response::Control;
use tickmesh_proto::server::portfolio::v1::optimizer_service_server::OptimizerService;
use tickmesh_proto::r#type::v1::EndOfStream;
use tokio::time::Instant;
use tonic::{Request, Response, Status};

pub(crate) const SERVICE: &str = "tickmesh.portfolio.v1.OptimizerService";

#[derive(Clone, Default)]
pub(crate) struct Desk {
    /// How many calls are answered UNAVAILABLE first.
    pub(crate) failures: Arc<AtomicU32>,
    /// How many calls there were.
    pub(crate) calls: Arc<AtomicU32>,
}

type Sent = Encoded<pb::StreamAllocationsResponse>;

#[tonic::async_trait]
impl OptimizerService for Desk {
    async fn optimize(&self, request: Request<pb::OptimizeRequest>) -> Result<Response<pb::Allocation>, Status> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let symbols = request.into_inner().symbols;
        match symbols.first().map_or("", String::as_str) {
            "PANIC" => panic!("the desk is on fire"),
            "SLEEP" => tokio::time::sleep(Duration::from_secs(3600)).await,
            "UNKNOWN" => return Err(Fault::new(Code::NotFound, "SYMBOL_UNKNOWN", "there is no such symbol").into()),
            "FLAKY" if self.failures.load(Ordering::SeqCst) > 0 => {
                self.failures.fetch_sub(1, Ordering::SeqCst);
                return Err(Fault::unavailable("BUSY", "not now", Duration::from_millis(1)).into());
            }
            _ => {}
        }
        Ok(Response::new(pb::Allocation { clashing_constraints: seen(), ..Default::default() }))
    }

    async fn get_frontier(
        &self,
        _: Request<pb::GetFrontierRequest>,
    ) -> Result<Response<pb::GetFrontierResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    type StreamAllocationsStream = Pin<Box<dyn Stream<Item = Result<Sent, Status>> + Send>>;

    async fn stream_allocations(
        &self,
        request: Request<pb::StreamAllocationsRequest>,
    ) -> Result<Response<Self::StreamAllocationsStream>, Status> {
        let mut ending = Ending::of(&request);
        let symbol = request.into_inner().symbols.pop().unwrap_or_default();
        Ok(Response::new(Box::pin(async_stream::stream! {
            yield Ok(message(1, None));
            match symbol.as_str() {
                "STUBBORN" => std::future::pending::<()>().await,
                "PANIC" => {
                    tokio::time::sleep(Duration::from_millis(20)).await; // the first message leaves before
                    panic!("the stream is on fire")
                }
                _ => {}
            }
            let reason = (&mut ending).await;
            tracing::debug!(?reason, "saying goodbye");
            yield Ok(message(2, Some(Control::EndOfStream(EndOfStream { cursor: "c1".into(), ..Default::default() }))));
            yield Err(Fault::unavailable("DRAINING", "the server drains", Duration::from_secs(1)).into());
            drop(ending);
        })))
    }
}

fn message(sequence: u64, control: Option<Control>) -> Sent {
    let response = pb::StreamAllocationsResponse { sequence, control, ..Default::default() };
    Encoded::new(response.encode_to_vec().into())
}

/// What the handler sees of its call: id, trace, milliseconds left.
fn seen() -> Vec<String> {
    let context = context::current().expect("a handler runs within a call");
    let left = context.deadline.map(|at| at.saturating_duration_since(Instant::now()).as_millis().to_string());
    vec![context.request_id.to_string(), context.trace.trace_id.clone(), left.unwrap_or_default()]
}
