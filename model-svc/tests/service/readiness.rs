use std::time::Duration;

use tickmesh_mesh::status::{Code, Fault};
use tickmesh_proto::google::longrunning::{CancelOperationRequest, Operation};
use tickmesh_proto::model::v1::{self as wire, TrainModelsRequest};

use crate::harness::{House, closed, small};
use crate::market::walk;

async fn soon_ready(house: &House) {
    let ready = house.service.readiness.ready();
    let waited = tokio::time::timeout(Duration::from_secs(20), ready).await;
    assert!(waited.is_ok(), "still open: {:?}", house.service.readiness.open());
}

#[tokio::test]
async fn a_symbol_that_cannot_be_trained_holds_no_first_start_back() {
    let house = House::new().await;
    house.market.publish(walk("TINY", 5, 420, 450));
    let house = house.restart().await;
    house.bars(450).await;
    house.train(TrainModelsRequest { missing_only: true, ..small() }).await;
    soon_ready(&house).await;
    assert_eq!(house.predict("TINY").await.quality(), wire::ForecastQuality::Unavailable);
}

/// A training that others wait behind until it is cancelled.
async fn long_training(house: &House) -> Operation {
    let forest = wire::ForestParams { trees: Some(2_000), depth: Some(12), ..Default::default() };
    let request =
        TrainModelsRequest { symbols: vec!["S0".into()], forest: Some(forest), folds: 20, ..Default::default() };
    house.service.training().train_models(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn a_symbol_that_is_imported_during_the_first_training_holds_nothing_back() {
    let house = House::new().await;
    let before = long_training(&house).await;
    let request = TrainModelsRequest { missing_only: true, ..small() };
    let first = house.service.training().train_models(request).await.unwrap().into_inner();
    house.market.import(walk("LATE", 5, 0, 450));
    house.until_known("LATE").await;
    house.service.operations().cancel_operation(CancelOperationRequest { name: before.name }).await.unwrap();
    house.wait(&first.name).await;
    soon_ready(&house).await;
    assert_eq!(house.predict("LATE").await.quality(), wire::ForecastQuality::Unavailable, "nobody has trained it");
}

#[tokio::test]
async fn a_symbol_that_came_without_a_training_holds_no_restart_back() {
    let house = House::trained().await;
    house.market.publish(walk("TINY", 5, 420, 450));
    let house = house.restart().await;
    soon_ready(&house).await;
    assert_ne!(house.predict("S0").await.quality(), wire::ForecastQuality::Unavailable, "ready means forecasts");
}

#[tokio::test]
async fn with_models_it_is_ready_without_its_market_and_says_what_is_missing() {
    let house = House::trained().await.restart_without_market().await;
    soon_ready(&house).await;
    let request = wire::PredictRequest { symbol: "S0".into(), ..Default::default() };
    let refused = house.service.forecasts().predict(request).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Unavailable, "{refused}");
    let request = TrainModelsRequest { train_end_time: closed(400), ..small() };
    let refused = house.service.training().train_models(request).await.unwrap_err();
    assert!(String::from_utf8_lossy(refused.details()).contains("google.rpc.RetryInfo"), "{refused}");
    let refused = Fault::from(refused);
    assert_eq!((refused.code(), refused.reason()), (Code::Unavailable, "NO_BARS_YET"), "it may well have come");
    let models = house.service.registry().list_models(wire::ListModelsRequest::default()).await.unwrap();
    assert_eq!(models.into_inner().models.len(), 2, "its own store answers");
}
