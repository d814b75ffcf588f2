//! How the mesh ends.

use tickmesh_proto::market::v1::{StreamBarsRequest, StreamTicksRequest};
use tickmesh_proto::model::v1::StreamSignalsRequest;
use tickmesh_proto::portfolio::v1::StreamAllocationsRequest;
use tickmesh_proto::r#type::v1::end_of_stream::Reason;
use tonic::Code;

use crate::harness::Mesh;
use crate::live::{Envelope, Live};

async fn says_goodbye<R: Envelope>(mut live: Live<R>) {
    let (goodbye, status) = live.end().await;
    assert_eq!(goodbye.reason(), Reason::Draining);
    assert_eq!(goodbye.cursor, live.cursor, "the goodbye says where to go on");
    assert!(!goodbye.cursor.is_empty());
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mesh_that_stops_says_goodbye_on_every_stream_and_ends_well() {
    let mesh = Mesh::builder().speed(20.0).start().await;
    let ticks = mesh.market().stream_ticks(StreamTicksRequest::default()).await.unwrap();
    let bars = mesh.market().stream_bars(StreamBarsRequest::default()).await.unwrap();
    let signals = mesh.forecasts().stream_signals(StreamSignalsRequest::default()).await.unwrap();
    let allocations = mesh.optimizer().stream_allocations(StreamAllocationsRequest::default()).await.unwrap();
    let (mut ticks, mut bars) = (Live::open(ticks).await, Live::open(bars).await);
    let (mut signals, mut allocations) = (Live::open(signals).await, Live::open(allocations).await);
    ticks.snapshot().await;
    bars.snapshot().await;
    signals.snapshot().await;
    allocations.snapshot().await;
    let readers = async {
        tokio::join!(says_goodbye(ticks), says_goodbye(bars), says_goodbye(signals), says_goodbye(allocations))
    };
    tokio::join!(readers, mesh.stop());
}
