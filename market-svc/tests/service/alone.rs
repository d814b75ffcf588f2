//! A market without a feed: its clock is what clients import.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use market_svc::{Config, FeedKind};
use tickmesh_proto::market::v1::{GetSnapshotRequest, ImportBarsRequest};

use crate::harness::{Service, daily, soon};

#[tokio::test(flavor = "multi_thread")]
async fn a_bar_of_the_future_is_refused_and_does_not_move_the_clock() {
    let config = Config { feed: FeedKind::None, ..Config::default() };
    let mut service = Service::opened(tempfile::tempdir().unwrap(), config).await;
    let clock = service.feed().await.market_time;
    let answer = service.import(vec![daily("XYZ", "2250-01-04", 9.0), daily("XYZ", "2020-01-06", 8.0)]).await;
    assert_eq!((answer.written, answer.rejected), (1, 1));
    let [refused] = answer.rejections.as_slice() else { panic!("{answer:?}") };
    let rule = &refused.error.as_ref().unwrap().message;
    assert!(refused.index == 0 && rule.starts_with("close_time must not be after the present, "), "{refused:?}");
    assert_eq!((service.closes("XYZ").await, service.feed().await.market_time), (vec![8.0], clock));
    drop(service.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_of_an_import_that_breaks_off_is_shown() {
    let config = Config { feed: FeedKind::None, ..Config::default() };
    let service = Service::opened(tempfile::tempdir().unwrap(), config).await;
    let bars = vec![daily("XYZ", "2020-01-06", 8.0), daily("XYZ", "2020-01-07", 9.0)];
    let first = ImportBarsRequest { bars, source: "test".into() };
    let mut ingest = service.ingest.clone();
    let call = tokio::spawn(async move {
        let unfinished = stream::iter([first]).chain(stream::pending());
        ingest.import_bars(unfinished).await
    });
    let known = async || service.market.clone().get_snapshot(GetSnapshotRequest { symbol: "XYZ".into() }).await;
    let pause = || tokio::time::sleep(Duration::from_millis(5));
    soon(async {
        while known().await.is_err_and(|refused| refused.message().starts_with("there is no symbol")) {
            pause().await;
        }
    })
    .await;
    assert!(known().await.is_err(), "the import is under way");
    call.abort();
    let seen = soon(async {
        loop {
            match known().await {
                Ok(snapshot) => return snapshot.into_inner(),
                Err(_) => pause().await,
            }
        }
    });
    let seen = seen.await;
    assert_eq!((seen.last_price, seen.previous_close), (9.0, Some(8.0)));
    drop(service.stop().await);
}
