//! What single calls answer and refuse.

use market_svc::{Config, FeedKind};
use prost_types::Timestamp;
use tickmesh_proto::market::v1::snapshot_result::Result as Outcome;
use tickmesh_proto::market::v1::{BatchGetSnapshotsRequest, ListBarsRequest, StreamBarsRequest};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::harness::{Service, soon};

async fn service() -> Service {
    let config = Config { feed: FeedKind::None, ..Config::default() };
    Service::opened(tempfile::tempdir().unwrap(), config).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_symbol_of_a_batch_has_its_own_error() {
    let mut service = service().await;
    let symbols: Vec<String> = ["AAPL", "a b", "ZZZZ"].map(String::from).into();
    let request = BatchGetSnapshotsRequest { symbols: symbols.clone() };
    let answer = soon(service.market.batch_get_snapshots(request)).await.unwrap().into_inner();
    let (names, outcomes): (Vec<_>, Vec<_>) = answer.results.into_iter().map(|r| (r.symbol, r.result)).unzip();
    assert_eq!(names, symbols);
    let codes = outcomes.iter().map(|outcome| match outcome {
        Some(Outcome::Error(error)) => Code::from(error.code),
        _ => Code::Ok,
    });
    assert_eq!(codes.collect::<Vec<_>>(), [Code::Ok, Code::InvalidArgument, Code::NotFound]);
    let many = BatchGetSnapshotsRequest { symbols: vec!["AAPL".into(); 1_001] };
    assert_eq!(soon(service.market.batch_get_snapshots(many)).await.unwrap_err().code(), Code::InvalidArgument);
    drop(service.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn history_that_has_yet_to_come_is_out_of_range() {
    let mut service = service().await;
    let clock = service.feed().await.market_time.unwrap();
    let from = |seconds| {
        let start_time = Some(Timestamp { seconds: clock.seconds + seconds, ..clock });
        StreamBarsRequest { start_time, ..StreamBarsRequest::default() }
    };
    drop(soon(service.market.stream_bars(from(0))).await.unwrap());
    let refused = soon(service.market.stream_bars(from(1))).await.unwrap_err();
    assert_eq!(refused.code(), Code::OutOfRange, "{refused}");
    assert_eq!(refused.get_details_error_info().unwrap().reason, "BEYOND_CLOCK");
    drop(service.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_asked_to_be_too_large_is_cut() {
    let mut service = service().await;
    let request = ListBarsRequest { symbol: "AAPL".into(), page_size: 100_000, ..ListBarsRequest::default() };
    let page = soon(service.market.list_bars(request)).await.unwrap().into_inner();
    assert_eq!(page.bars.len(), 1_000);
    assert!(!page.next_page_token.is_empty());
    drop(service.stop().await);
}
