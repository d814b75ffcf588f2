use std::time::Duration;

use tickmesh_proto::model::v1::{self as wire, TrainModelsRequest};

use crate::harness::{House, closed, small};
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

#[tokio::test]
async fn bars_that_are_imported_for_a_symbol_with_a_champion_are_forecast_from_without_a_restart() {
    let house = House::trained().await;
    house.market.import([walk("S0", 3, 450, 453), walk("S1", 4, 450, 453)].concat());
    house.bars(453).await;
    house.market.import(walk("S0", 3, 453, 454));
    let newest = |forecast: &wire::Forecast| forecast.as_of == closed(453) || forecast.symbol != "S0";
    house.until(newest).await;
    let served: Vec<_> = house.served().await.into_iter().filter(|one| one.symbol == "S0").collect();
    let days: Vec<_> = served.iter().map(|one| one.as_of).collect();
    assert_eq!(days, [453, 452, 451, 450, 449].map(closed), "newest first, each once");
    assert!(served[1..].iter().all(|one| one.outcome.is_some()), "the bars that followed decide them");
}
