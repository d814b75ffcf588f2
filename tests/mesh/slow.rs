//! Slow clients harm nobody but themselves.

use std::collections::BTreeSet;

use tickmesh_proto::market::v1::market_service_client::MarketServiceClient;
use tickmesh_proto::market::v1::{StreamBarsRequest, StreamBarsResponse};
use tokio::task::JoinSet;
use tonic::transport::{Channel, Endpoint};

use crate::harness::{Mesh, SYMBOLS, nanos, soon};
use crate::live::{Event as _, Live, keys};

const READERS: usize = 230;
const STALLED: usize = 20;
/// Streams on one connection of a reader, below the limit of 100.
const SHARED: usize = 46;

/// The smallest windows that a client may ask for: a stream that is not read stops at once.
fn small_windows(endpoint: Endpoint) -> Endpoint {
    endpoint.initial_stream_window_size(1024).initial_connection_window_size(65_535)
}

/// Asks for ten years of history and live bars after them, and reads no more than the Ack.
async fn stalled(mesh: &Mesh) -> Live<StreamBarsResponse> {
    let mut market = MarketServiceClient::new(mesh.connection(small_windows));
    let since_ever =
        StreamBarsRequest { start_time: Some(prost_types::Timestamp::default()), ..StreamBarsRequest::default() };
    Live::open(market.stream_bars(since_ever).await.unwrap()).await
}

async fn reader(connection: Channel) -> Live<StreamBarsResponse> {
    let mut market = MarketServiceClient::new(connection);
    let mut live = Live::open(market.stream_bars(StreamBarsRequest::default()).await.unwrap()).await;
    live.snapshot().await;
    live
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_stalled_clients_move_neither_forecasts_nor_the_other_streams() {
    let folder = Mesh::builder().start().await.stop().await;
    let mesh = folder.speed(10.0).start().await;
    let mut stalls = Vec::new();
    for _ in 0..STALLED {
        stalls.push(stalled(&mesh).await);
    }
    let mut opening = JoinSet::new();
    for _ in 0..READERS / SHARED {
        let connection = mesh.connection(|endpoint| endpoint);
        for _ in 0..SHARED {
            opening.spawn(reader(connection.clone()));
        }
    }
    let readers = soon(opening.join_all()).await;
    assert_eq!(readers.len(), READERS);

    // From here on everybody must see everything up to the last session.
    let from = nanos(Some(&mesh.clock().await));
    let end = nanos(mesh.feed().await.replay_end_time.as_ref());
    let mut reading = JoinSet::new();
    for mut live in readers {
        reading.spawn(async move { live.up_to(end, SYMBOLS.len()).await });
    }
    let mut forecasts = BTreeSet::new();
    while *forecasts.last().unwrap_or(&0) < end {
        forecasts.insert(nanos(soon(mesh.forecast("AAPL")).await.as_of.as_ref()));
    }
    let bars = mesh.bars().await;
    let happened: BTreeSet<_> = keys(&bars).into_iter().filter(|(_, close)| *close > from).collect();
    let sessions = happened.len() / SYMBOLS.len();
    assert!(sessions > 10, "the replay was still going on: {sessions} sessions");
    assert!(forecasts.len() > sessions / 2, "forecasts went on: {} for {sessions} sessions", forecasts.len());
    for events in soon(reading.join_all()).await {
        let all = events.len();
        let seen: BTreeSet<_> = keys(&events).into_iter().collect();
        assert_eq!(seen.len(), all, "nothing twice");
        assert!(seen.is_superset(&happened), "nothing missing");
    }

    // Whoever stalled has lost nothing either: history at its own pace, then what happened meanwhile.
    let mut late = stalls.swap_remove(0);
    let mut caught_up = keys(&late.snapshot().await);
    let told = caught_up.last().map_or(i64::MIN, |(_, close)| *close);
    if told < end {
        caught_up.extend(late.up_to(end, SYMBOLS.len()).await.iter().map(|bar| bar.key()));
    }
    assert_eq!(caught_up, keys(&bars));
}
