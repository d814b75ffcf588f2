//! A market without a feed: its clock is what clients import.

use market_svc::{Config, FeedKind};

use crate::harness::{Service, daily};

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
