//! When a mesh says that it is ready.

use std::time::{Duration, Instant};

use futures_util::stream;
use tickmesh_proto::market::v1::{Bar, ImportBarsRequest};
use tickmesh_proto::model::v1::ForecastQuality;

use crate::harness::{Mesh, SYMBOLS, until};

/// A symbol with too few bars to train holds back neither the mesh that it is imported into nor one that starts with
/// it.
#[tokio::test(flavor = "multi_thread")]
async fn a_mesh_with_a_symbol_that_cannot_be_trained_becomes_ready() {
    let mesh = Mesh::builder().start().await;
    let apple: Vec<Bar> = mesh.bars().await.into_iter().filter(|bar| bar.symbol == SYMBOLS[0]).collect();
    let young = apple.iter().rev().take(40).map(|bar| Bar { symbol: "YOUNG".into(), ..bar.clone() });
    let bars = ImportBarsRequest { bars: young.collect(), source: "a test".into() };
    let answer = mesh.ingest().import_bars(stream::iter([bars])).await.unwrap().into_inner();
    assert_eq!((answer.written, answer.rejected), (40, 0), "{answer:?}");
    let again = mesh.stop().await.start().await;
    assert_eq!(again.forecast("YOUNG").await.quality(), ForecastQuality::Unavailable);
    assert_ne!(again.forecast(SYMBOLS[0]).await.quality(), ForecastQuality::Unavailable);
}

/// A replay that begins before there is enough to train on waits for nothing, and trains once it has brought enough.
#[tokio::test(flavor = "multi_thread")]
async fn a_mesh_with_too_little_history_is_ready_at_once_and_trains_when_the_replay_has_brought_more() {
    let begun = Instant::now();
    let mesh = Mesh::builder().replay_from("2013-06-01").start().await;
    assert!(begun.elapsed() < Duration::from_secs(10), "ready after {:?}", begun.elapsed());
    assert_eq!(mesh.forecast(SYMBOLS[0]).await.quality(), ForecastQuality::Unavailable);
    let mesh = mesh.stop().await.speed(200.0).start().await;
    until(async || (mesh.forecast(SYMBOLS[0]).await.quality() != ForecastQuality::Unavailable).then_some(())).await;
}
