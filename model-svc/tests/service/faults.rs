use std::time::Duration;

use tickmesh_proto::model::v1 as wire;
use tickmesh_proto::model::v1::stream_signals_response::Control;

use tickmesh_proto::google::longrunning::operation::Result as Ended;

use crate::harness::{House, small};

/// Reads signals after a cursor, or from the snapshot on, until `count` live ones have come;
/// gives them with the cursor.
async fn signals(house: &House, resume_after: &str, count: usize) -> (Vec<wire::Signal>, String) {
    let request = wire::StreamSignalsRequest { resume_after: resume_after.into(), ..Default::default() };
    let mut stream = house.service.forecasts().stream_signals(request).await.unwrap().into_inner();
    let (mut live, mut cursor) = (Vec::new(), String::new());
    while live.len() < count || cursor.is_empty() {
        let message = tokio::time::timeout(Duration::from_secs(20), stream.message()).await.unwrap().unwrap().unwrap();
        if matches!(message.control, Some(Control::Ack(_))) {
            assert_eq!(message.sequence, 1);
        }
        live.extend(message.signals.into_iter().filter(|signal| !signal.is_snapshot));
        if !message.cursor.is_empty() {
            cursor = message.cursor;
        }
    }
    (live, cursor)
}

fn places(signals: &[wire::Signal]) -> Vec<(String, i64)> {
    signals.iter().map(|signal| (signal.symbol.clone(), signal.as_of.unwrap().seconds / 86_400)).collect()
}

#[tokio::test]
async fn a_restart_goes_on_without_loss_or_repeat_and_to_the_same_bits() {
    let house = House::trained().await;
    let (_, cursor) = signals(&house, "", 0).await;
    house.replay(450, 465).await;
    let before = house.served().await;
    let house = house.restart().await;
    house.bars(465).await;
    let again = house.served().await;
    assert_eq!(strip(&again), strip(&before), "what was served stands");
    house.replay(465, 470).await;

    let unbroken = House::trained().await;
    unbroken.replay(450, 470).await;
    assert_eq!(strip(&house.served().await), strip(&unbroken.served().await), "as if it had never stopped");

    let (resumed, _) = signals(&house, &cursor, 40).await;
    let expected: Vec<(String, i64)> =
        (450..470).flat_map(|day| [("S0".to_owned(), day), ("S1".to_owned(), day)]).collect();
    assert_eq!(places(&resumed), expected, "each signal once, in order, across the restart");
    let score = |house: &House| {
        let mut client = house.service.monitoring();
        async move { client.get_live_score(wire::GetLiveScoreRequest::default()).await.unwrap().into_inner() }
    };
    assert_eq!(score(&house).await, score(&unbroken).await);
}

/// Without what depends on the moment of the question or on how bars shared messages.
fn strip(forecasts: &[wire::Forecast]) -> Vec<wire::Forecast> {
    let strip = |one: &wire::Forecast| wire::Forecast { age: None, input_cursor: String::new(), ..one.clone() };
    forecasts.iter().map(strip).collect()
}

#[tokio::test]
async fn bars_that_came_while_it_was_away_are_forecast_from_in_order() {
    let house = House::trained().await;
    house.replay(450, 452).await;
    house.market.publish(crate::harness::day_by_day(452, 460));
    let house = house.restart().await;
    house.bars(460).await;
    let served = house.served().await;
    assert_eq!(served.len(), 2 * 11);
    assert_eq!(served.iter().filter(|one| one.outcome.is_some()).count(), 2 * 10);
}

#[tokio::test]
async fn a_new_epoch_of_the_market_is_a_new_run_with_the_same_models() {
    let house = House::trained().await;
    house.replay(450, 460).await;
    let first = house.served().await;
    let (_, old) = signals(&house, "", 0).await;
    house.market.rewind(900, "second");
    let house = house.restart().await;
    house.bars(450).await;
    house.replay(450, 460).await;
    assert_eq!(strip(&house.served().await), strip(&first), "the same bars give the same forecasts");
    let request = wire::StreamSignalsRequest { resume_after: old, ..Default::default() };
    let refused = house.service.forecasts().stream_signals(request).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::OutOfRange, "a cursor of the run before");
}

#[tokio::test]
async fn a_stream_of_signals_ends_with_its_run_and_the_next_one_begins() {
    let house = House::trained().await;
    house.replay(450, 455).await;
    let request = wire::StreamSignalsRequest::default();
    let mut stream = house.service.forecasts().stream_signals(request).await.unwrap().into_inner();
    house.market.rewind(900, "second");
    let end = async {
        loop {
            let message = stream.message().await.unwrap().unwrap();
            if let Some(Control::EndOfStream(end)) = message.control {
                break end;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), end).await.expect("the stream says goodbye");
    assert_eq!(stream.message().await.unwrap_err().code(), tonic::Code::Unavailable);
    house.market.publish(crate::harness::day_by_day(450, 452));
    house.bars(452).await;
    let (resumed, _) = signals(&house, "", 0).await;
    assert_eq!(resumed, [], "the snapshot has them");
    assert_eq!(house.served().await.len(), 2 * 3, "of the new run");
}

#[tokio::test]
async fn a_training_that_the_service_did_not_live_to_end_is_aborted_with_a_reason() {
    let house = House::new().await;
    let forest = wire::ForestParams { trees: Some(2_000), depth: Some(12), ..Default::default() };
    let request = wire::TrainModelsRequest { forest: Some(forest), folds: 20, ..small() };
    let started = house.service.training().train_models(request).await.unwrap().into_inner();
    let house = house.restart().await;
    let done = house.wait(&started.name).await;
    let Some(Ended::Error(status)) = done.result else { panic!("{done:?}") };
    assert_eq!(status.code, tonic::Code::Aborted as i32);
    assert!(status.message.contains("start it again"), "{}", status.message);
}
