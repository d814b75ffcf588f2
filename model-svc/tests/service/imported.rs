use std::time::Duration;

use tickmesh_proto::model::v1::{self as wire, TrainModelsRequest};

use crate::harness::{House, small};
use crate::market::walk;

/// Days of 1970 that are Fridays are those that leave 1 when divided by 7.
#[tokio::test]
async fn a_symbol_trained_as_soon_as_it_is_imported_has_its_own_calendar() {
    let house = House::new().await;
    assert_eq!(449 % 7, 1, "the last bar is a Friday's");
    house.market.publish(walk("BTC-USD", 9, 0, 450));
    let request = TrainModelsRequest { symbols: vec!["BTC-USD".into()], ..small() };
    tokio::time::timeout(Duration::from_secs(20), house.train(request)).await.unwrap();
    let forecast = house.predict("BTC-USD").await;
    assert_eq!(forecast.target_time.unwrap().seconds / 86_400, 450, "Saturday: it is traded every day");
    let served = house.served().await;
    let served = served.iter().find(|one| one.symbol == "BTC-USD").unwrap();
    assert_eq!(served.target_time, forecast.target_time);
    let signals = wire::ListSignalsRequest { symbols: vec!["BTC-USD".into()] };
    let signals = house.service.forecasts().list_signals(signals).await.unwrap().into_inner().signals;
    assert_eq!(signals[0].target_time, forecast.target_time);
}
