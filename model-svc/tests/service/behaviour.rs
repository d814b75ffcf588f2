use std::time::Duration;

use prost::Message as _;
use tickmesh_mesh::status::{Code, Fault};
use tickmesh_proto::google::longrunning::operation::Result as Ended;
use tickmesh_proto::model::v1 as wire;
use tickmesh_proto::model::v1::{Action, ForecastQuality, Reason};

use crate::harness::{House, small};

const CHAMPION: &str = "models/S0/versions/1";

#[tokio::test]
async fn a_symbol_without_a_model_is_held_and_readiness_waits_for_one() {
    let house = House::new().await;
    let forecast = house.predict("S0").await;
    assert_eq!(forecast.quality(), ForecastQuality::Unavailable);
    assert_eq!(forecast.signal.unwrap().reasons, [Reason::NoModel as i32]);
    let open: Vec<String> = house.service.readiness.open().into_iter().map(|latch| latch.name).collect();
    assert_eq!(open, ["model/forecasts", "model/train"]);
    let signals = house.service.forecasts().list_signals(wire::ListSignalsRequest::default()).await.unwrap();
    let actions: Vec<Action> = signals.get_ref().signals.iter().map(wire::Signal::action).collect();
    assert_eq!(actions, [Action::Hold, Action::Hold]);
}

#[tokio::test]
async fn training_makes_champions_with_figures_and_then_every_bar_a_scored_forecast() {
    let house = House::trained().await;
    tokio::time::timeout(Duration::from_secs(10), house.service.readiness.ready()).await.expect("both latches drop");
    let first = house.predict("S0").await;
    assert_eq!(first.quality(), ForecastQuality::Good, "it speaks of a bar that nobody has seen");
    assert!(!first.signal.unwrap().reasons.contains(&(Reason::InSample as i32)));

    let request = wire::GetModelVersionRequest { name: "models/S0/versions/champion".into() };
    let version = house.service.registry().get_model_version(request).await.unwrap().into_inner();
    assert_eq!(version.name, CHAMPION);
    let figures = version.evaluation.unwrap();
    assert!(figures.rows > 90 && figures.mse > 0.0 && figures.mse_ridge > 0.0 && figures.coverage.is_some());
    assert_eq!((version.data_digest.len(), version.artefact_digest.len()), (64, 64));

    house.replay(450, 490).await;
    let served = house.served().await;
    assert_eq!(served.len(), 2 * 41, "the bar at the end of training and 40 after it, of two symbols");
    let unscored = served.iter().filter(|forecast| forecast.outcome.is_none()).count();
    assert_eq!(unscored, 2, "the newest of each");
    let score = house.service.monitoring().get_live_score(wire::GetLiveScoreRequest::default()).await.unwrap();
    let score = score.into_inner();
    assert_eq!(score.scores.iter().map(|one| one.forecasts).collect::<Vec<_>>(), [40, 40]);
    assert_eq!(score.total.unwrap().forecasts, 80);
    check_figures(&score.scores[0], &served);
}

/// The live score against a second computation, from the served forecasts.
fn check_figures(score: &wire::LiveScore, served: &[wire::Forecast]) {
    let out_of_sample = served.iter().filter(|one| one.symbol == "S0" && one.quality() == ForecastQuality::Good);
    let pairs: Vec<(f64, f64, bool)> = out_of_sample
        .filter_map(|one| {
            let (realised, interval) = (one.outcome.as_ref()?.realised_return?, one.interval.as_ref()?);
            Some((one.expected_return?, realised, (interval.lower..=interval.upper).contains(&realised)))
        })
        .collect();
    let n = pairs.len() as f64;
    let mse = pairs.iter().map(|(f, r, _)| (r - f).powi(2)).sum::<f64>() / n;
    let persistence = pairs.iter().map(|(_, r, _)| r * r).sum::<f64>() / n;
    let coverage = pairs.iter().filter(|(_, _, covered)| *covered).count() as f64 / n;
    assert!((score.mse.unwrap() - mse).abs() < 1e-15 && (score.mse_persistence.unwrap() - persistence).abs() < 1e-15);
    assert!((score.coverage.unwrap() - coverage).abs() < 1e-12);
    assert_eq!(score.nominal_coverage, 0.9);
}

#[tokio::test]
async fn a_forecast_of_the_past_equals_the_one_that_was_served_then() {
    let house = House::trained().await;
    house.replay(450, 470).await;
    let served = house.served().await;
    for then in served.iter().filter(|one| one.quality() == ForecastQuality::Good).step_by(7) {
        let request = wire::PredictRequest { symbol: then.symbol.clone(), as_of: then.as_of, ..Default::default() };
        let again = house.service.forecasts().predict(request).await.unwrap().into_inner();
        let comparable = |one: &wire::Forecast| wire::Forecast {
            outcome: None,
            input_cursor: String::new(),
            age: None,
            ..one.clone()
        };
        assert_eq!(comparable(&again).encode_to_vec(), comparable(then).encode_to_vec(), "to the last bit");
    }
    let old = prost_types::Timestamp { seconds: 300 * 86_400, nanos: 0 };
    let request = wire::PredictRequest { symbol: "S0".into(), as_of: Some(old), ..Default::default() };
    let old = house.service.forecasts().predict(request).await.unwrap().into_inner();
    assert_eq!(old.quality(), ForecastQuality::InSample);
    assert_eq!(old.signal.unwrap().reasons[0], Reason::InSample as i32);
}

#[tokio::test]
async fn an_explanation_sums_to_the_raw_forecast() {
    let house = House::trained().await;
    let request = wire::PredictRequest { symbol: "S0".into(), explain: true, ..Default::default() };
    let forecast = house.service.forecasts().predict(request).await.unwrap().into_inner();
    let sum = forecast.bias.unwrap() + forecast.contributions.iter().map(wire::Contribution::contribution).sum::<f64>();
    assert_eq!(forecast.contributions.len(), 26);
    assert!((sum - forecast.raw_forecast.unwrap()).abs() < 1e-12);
}

#[tokio::test]
async fn features_have_parity_and_a_definition() {
    let house = House::trained().await;
    house.replay(450, 460).await;
    let request = wire::VerifyParityRequest { symbol: "S1".into(), ..Default::default() };
    let parity = house.service.features().verify_parity(request).await.unwrap().into_inner();
    assert_eq!((parity.max_abs_difference, parity.features), (Some(0.0), 26));
    assert_eq!(parity.served_rows, 11, "each served forecast was made from what its bars give today");
    assert!(parity.rows > 300);
    let features = house.service.features().list_features(wire::ListFeaturesRequest {}).await.unwrap().into_inner();
    let request = wire::GetFeaturesRequest { symbol: "S1".into(), as_of: None };
    let now = house.service.features().get_features(request).await.unwrap().into_inner();
    let names: Vec<&str> = now.values.iter().map(|value| value.name.as_str()).collect();
    assert_eq!(names, features.features.iter().map(|one| one.name.as_str()).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_batch_answers_each_symbol_and_a_portfolio_is_their_whole() {
    let house = House::trained().await;
    let request =
        wire::BatchPredictRequest { symbols: ["S0", "ZZZZ", "S1", "zzz"].map(Into::into).to_vec(), as_of: None };
    let results = house.service.forecasts().batch_predict(request).await.unwrap().into_inner().results;
    let kinds: Vec<bool> =
        results.iter().map(|one| matches!(one.result, Some(wire::forecast_result::Result::Forecast(_)))).collect();
    assert_eq!(kinds, [true, false, true, false]);
    let codes: Vec<i32> = results
        .iter()
        .filter_map(|one| match &one.result {
            Some(wire::forecast_result::Result::Error(status)) => Some(status.code),
            _ => None,
        })
        .collect();
    assert_eq!(codes, [tonic::Code::NotFound as i32, tonic::Code::InvalidArgument as i32], "malformed is not unknown");
    let holding =
        |symbol: &str| wire::Holding { symbol: symbol.into(), size: Some(wire::holding::Size::Quantity(2.0)) };
    let request = wire::PredictPortfolioRequest { holdings: vec![holding("S0"), holding("S1")] };
    let whole = house.service.forecasts().predict_portfolio(request).await.unwrap().into_inner();
    assert!((whole.weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    let expected: f64 = whole.weights.iter().zip(&whole.forecasts).map(|(w, f)| w * f.expected_return.unwrap()).sum();
    assert!((whole.expected_return - expected).abs() < 1e-15);
    assert_eq!((whole.correlation[0].values[0], whole.common_returns), (1.0, 252));
    assert_eq!(whole.forecasts[0], house.predict("S0").await, "the same forecast, its place in the stream too");
}

#[tokio::test]
async fn a_second_version_challenges_and_an_alias_makes_it_serve_from_the_next_bar() {
    let house = House::trained().await;
    house.replay(450, 460).await;
    let done = house.train(small()).await;
    let Some(Ended::Response(response)) = done.result else { panic!("{done:?}") };
    let response = wire::TrainModelsResponse::decode(response.value.as_slice()).unwrap();
    let second = response.versions[0].clone();
    assert_eq!(
        (second.name.as_str(), second.aliases.as_slice()),
        ("models/S0/versions/2", &["challenger".to_owned()][..])
    );
    assert_eq!(second.evaluation.unwrap().trials, 2);
    let request = wire::SetAliasRequest {
        name: "models/S0".into(),
        alias: "champion".into(),
        version: second.name.clone(),
        request_id: "5f0c8f0e-9f5b-4a3c-9d4f-0d2f3b1c7a11".into(),
    };
    let model = house.service.registry().set_alias(request.clone()).await.unwrap().into_inner();
    assert_eq!(model.versions, 2);
    assert_eq!(house.predict("S0").await.model_version, CHAMPION, "until the next bar");
    house.replay(460, 461).await;
    assert_eq!(house.predict("S0").await.model_version, second.name);
    assert_eq!(house.predict("S1").await.model_version, "models/S1/versions/1");

    let evaluate = wire::EvaluateModelRequest { name: CHAMPION.into(), ..Default::default() };
    let few = house.service.training().evaluate_model(evaluate.clone()).await.unwrap_err();
    assert_eq!(few.code(), tonic::Code::FailedPrecondition);
    house.replay(461, 500).await;
    let started = house.service.training().evaluate_model(evaluate).await.unwrap().into_inner();
    let done = house.wait(&started.name).await;
    let Some(Ended::Response(response)) = done.result else { panic!("{done:?}") };
    let found = wire::EvaluateModelResponse::decode(response.value.as_slice()).unwrap();
    assert_eq!(found.evaluation.unwrap().rows, 50);
    let again = house.service.registry().set_alias(request).await.unwrap().into_inner();
    assert_eq!(again, model, "the same request id gives the first answer");
}

#[tokio::test]
async fn a_version_of_other_features_is_refused_wherever_it_is_used() {
    let house = House::trained().await;
    house.train(small()).await;
    house.forget_features(2).await;
    let version = "models/S0/versions/2".to_owned();
    let alias = wire::SetAliasRequest {
        name: "models/S0".into(),
        alias: "champion".into(),
        version: version.clone(),
        request_id: String::new(),
    };
    let predict = wire::PredictRequest { symbol: "S0".into(), model_version: version.clone(), ..Default::default() };
    let evaluate = wire::EvaluateModelRequest { name: version, ..Default::default() };
    let refused = [
        house.service.registry().set_alias(alias).await.unwrap_err(),
        house.service.forecasts().predict(predict).await.unwrap_err(),
        house.service.training().evaluate_model(evaluate).await.unwrap_err(),
    ];
    for fault in refused.map(Fault::from) {
        assert_eq!((fault.code(), fault.reason()), (Code::FailedPrecondition, "FEATURE_SET_MISMATCH"), "{fault}");
    }
    assert_eq!(house.predict("S0").await.model_version, CHAMPION);
}

#[tokio::test]
async fn a_training_can_be_cancelled_and_its_end_is_kept() {
    let house = House::new().await;
    let forest = wire::ForestParams { trees: Some(2_000), depth: Some(12), ..Default::default() };
    let request = wire::TrainModelsRequest { forest: Some(forest), folds: 20, ..Default::default() };
    let started = house.service.training().train_models(request).await.unwrap().into_inner();
    let name = started.name.clone();
    let cancel = tickmesh_proto::google::longrunning::CancelOperationRequest { name: name.clone() };
    house.service.operations().cancel_operation(cancel).await.unwrap();
    let done = house.wait(&name).await;
    let Some(Ended::Error(status)) = done.result else { panic!("{done:?}") };
    assert_eq!(status.code, tonic::Code::Cancelled as i32);
    let delete = tickmesh_proto::google::longrunning::DeleteOperationRequest { name };
    house.service.operations().delete_operation(delete).await.unwrap();
    let list = tickmesh_proto::google::longrunning::ListOperationsRequest {
        name: "operations/model".into(),
        ..Default::default()
    };
    assert_eq!(house.service.operations().list_operations(list).await.unwrap().into_inner().operations, []);
}

#[tokio::test]
async fn a_training_asked_for_twice_is_one_and_has_champions_left_alone() {
    let house = House::trained().await;
    let request = wire::TrainModelsRequest {
        missing_only: true,
        request_id: "5f0c8f0e-9f5b-4a3c-9d4f-0d2f3b1c7a22".into(),
        ..small()
    };
    let first = house.train(request.clone()).await;
    let again = house.service.training().train_models(request.clone()).await.unwrap().into_inner();
    assert_eq!(again, first);
    let other = wire::TrainModelsRequest { symbols: vec!["S0".into()], ..request.clone() };
    let refused = Fault::from(house.service.training().train_models(other).await.unwrap_err());
    assert_eq!((refused.code(), refused.reason()), (Code::AlreadyExists, "REQUEST_ID_REUSED"), "another request");
    let alias = wire::SetAliasRequest {
        name: "models/S0".into(),
        alias: "challenger".into(),
        version: CHAMPION.into(),
        request_id: request.request_id,
    };
    house.service.registry().set_alias(alias).await.expect("an id counts within its method");
    let Some(Ended::Response(response)) = first.result else { panic!("{first:?}") };
    let response = wire::TrainModelsResponse::decode(response.value.as_slice()).unwrap();
    let skipped: Vec<(&str, &str)> =
        response.skipped.iter().map(|one| (one.symbol.as_str(), one.reason.as_str())).collect();
    assert_eq!((skipped, response.versions), (vec![("S0", "HAS_CHAMPION"), ("S1", "HAS_CHAMPION")], vec![]));
}

#[tokio::test]
async fn strangers_are_told_what_is_known_and_bad_requests_every_field() {
    let house = House::new().await;
    let request = wire::PredictRequest { symbol: "ZZZZ".into(), ..Default::default() };
    let status = house.service.forecasts().predict(request).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::NotFound);
    assert!(status.message().contains("S0, S1") && status.message().contains("tickmesh import"), "{status}");
    let request = wire::PredictRequest { symbol: "x".into(), model_version: "y".into(), ..Default::default() };
    let fault = Fault::from(house.service.forecasts().predict(request).await.unwrap_err());
    let fields: Vec<&str> = fault.violations().iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["symbol", "model_version"]);
    let ahead = prost_types::Timestamp { seconds: 4_000_000_000, nanos: 0 };
    let request = wire::PredictRequest { symbol: "S0".into(), as_of: Some(ahead), ..Default::default() };
    assert_eq!(house.service.forecasts().predict(request).await.unwrap_err().code(), tonic::Code::OutOfRange);
    let request = wire::TrainModelsRequest { train_end_time: Some(ahead), ..small() };
    let fault = Fault::from(house.service.training().train_models(request).await.unwrap_err());
    assert_eq!((fault.code(), fault.reason()), (Code::OutOfRange, "BEYOND_CLOCK"));
    let request = wire::ListForecastsRequest { symbols: vec!["S0".into(), "ZZZ".into()], ..Default::default() };
    let fault = Fault::from(house.service.forecasts().list_forecasts(request).await.unwrap_err());
    assert_eq!((fault.code(), fault.reason()), (Code::NotFound, "SYMBOL_UNKNOWN"));
}

#[tokio::test]
async fn an_alias_that_names_no_version_is_not_found_by_its_name() {
    let house = House::trained().await;
    let request = wire::GetModelVersionRequest { name: "models/S0/versions/challenger".into() };
    let status = house.service.registry().get_model_version(request).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::NotFound);
    let details = String::from_utf8_lossy(status.details()).into_owned();
    assert!(details.contains("google.rpc.ResourceInfo") && details.contains("models/S0/versions/challenger"));
}
