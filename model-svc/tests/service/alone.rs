use std::time::Duration;

use tickmesh_proto::google::longrunning::ListOperationsRequest;
use tickmesh_proto::model::v1 as wire;

use crate::harness::{House, day_by_day};
use crate::market::{FakeMarket, walk};

async fn ready(house: &House) {
    let ready = house.service.readiness.ready();
    let waited = tokio::time::timeout(Duration::from_secs(60), ready).await;
    assert!(waited.is_ok(), "still open: {:?}", house.service.readiness.open());
}

async fn operations(house: &House) -> usize {
    let request = ListOperationsRequest { name: "operations/model".into(), ..Default::default() };
    house.service.operations().list_operations(request).await.unwrap().into_inner().operations.len()
}

/// The day of the last bar that a symbol's champion has learned from.
async fn train_end(house: &House, symbol: &str) -> i64 {
    let request = wire::GetModelVersionRequest { name: format!("models/{symbol}/versions/champion") };
    let version = house.service.registry().get_model_version(request).await.unwrap().into_inner();
    version.train_end_time.unwrap().seconds / 86_400
}

#[tokio::test]
async fn alone_it_trains_on_what_came_before_the_replay_however_far_that_is() {
    let market = FakeMarket::new();
    market.publish(day_by_day(0, 470));
    market.publish(walk("TINY", 5, 420, 470));
    market.replays_from(450);
    let house = House::alone(market).await;
    ready(&house).await;
    assert_eq!(
        [train_end(&house, "S0").await, train_end(&house, "S1").await],
        [449; 2],
        "days of the replay are unseen"
    );
    assert_eq!(house.predict("S0").await.quality(), wire::ForecastQuality::Good, "so this is out of sample");
    house.replay(470, 472).await;
    assert_eq!(house.served().await.len(), 2 * 3);
    assert_eq!(operations(&house).await, 1);
}

#[tokio::test]
async fn alone_without_a_replay_it_trains_on_all_bars_and_only_once() {
    let market = FakeMarket::new();
    market.publish(day_by_day(0, 450));
    let house = House::alone(market).await;
    ready(&house).await;
    assert_eq!(train_end(&house, "S0").await, 449);
    let house = house.restart().await;
    ready(&house).await;
    assert_eq!(operations(&house).await, 1, "the second start found champions");
}
