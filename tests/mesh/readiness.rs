//! When a mesh says that it is ready.

use futures_util::stream;
use tickmesh_proto::market::v1::{Bar, ImportBarsRequest};
use tickmesh_proto::model::v1::ForecastQuality;

use crate::harness::{Mesh, SYMBOLS};

/// A symbol with too few bars to train holds back neither the mesh that it is imported into nor one that starts with it.
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
