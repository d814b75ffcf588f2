//! Nothing that a client can ask reaches past the market clock.

use std::time::Duration;

use futures_util::stream;
use prost_types::Timestamp;
use tickmesh_proto::market::v1::{
    Bar, BatchGetSnapshotsRequest, BatchListBarsRequest, GetSnapshotRequest, ImportBarsRequest, ListBarsRequest,
    StreamBarsRequest, snapshot_result,
};
use tickmesh_proto::model::v1::{
    BatchPredictRequest, GetFeaturesRequest, GetFeaturesResponse, PredictRequest, VerifyParityRequest, forecast_result,
};
use tickmesh_proto::portfolio::v1::OptimizeRequest;
use tickmesh_proto::r#type::v1::TimeFrame;
use tonic::Code;

use crate::harness::{Mesh, SYMBOLS, nanos, soon, until};
use crate::live::Event as _;

const DAY: i64 = 86_400;

fn later(time: Timestamp, seconds: i64) -> Timestamp {
    Timestamp { seconds: time.seconds + seconds, ..time }
}

#[tokio::test(flavor = "multi_thread")]
async fn bars_and_snapshots_end_at_the_clock_though_more_is_asked_for() {
    let mesh = Mesh::builder().start().await;
    let clock = mesh.clock().await;
    let (far, end) = (Some(later(clock, 10_000 * DAY)), nanos(Some(&clock)));

    let newest =
        ListBarsRequest { symbol: "AAPL".into(), end_time: far, descending: true, ..ListBarsRequest::default() };
    let page = mesh.market().list_bars(newest).await.unwrap().into_inner();
    assert_eq!(page.bars[0].time(), end, "the newest bar is the one at the clock");

    let all = BatchListBarsRequest { end_time: far, ..BatchListBarsRequest::default() };
    let mut pages = mesh.market().batch_list_bars(all).await.unwrap().into_inner();
    let mut latest = i64::MIN;
    while let Some(page) = soon(pages.message()).await.unwrap() {
        latest = page.bars.iter().map(Bar::time).fold(latest, i64::max);
    }
    assert_eq!(latest, end);

    let one = mesh.market().get_snapshot(GetSnapshotRequest { symbol: "AAPL".into() }).await.unwrap().into_inner();
    assert_eq!(nanos(one.event_time.as_ref()), end);
    let many = mesh.market().batch_get_snapshots(BatchGetSnapshotsRequest::default()).await.unwrap().into_inner();
    assert_eq!(many.results.len(), SYMBOLS.len());
    for result in many.results {
        let Some(snapshot_result::Result::Snapshot(snapshot)) = result.result else { panic!("no snapshot") };
        assert_eq!(nanos(snapshot.event_time.as_ref()), end);
    }

    let from_tomorrow = StreamBarsRequest { start_time: Some(later(clock, 1)), ..StreamBarsRequest::default() };
    let beyond = mesh.market().stream_bars(from_tomorrow).await.unwrap_err();
    assert_eq!(beyond.code(), Code::OutOfRange, "tomorrow has no history: {beyond:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_forecast_feature_or_portfolio_is_of_a_time_beyond_the_clock() {
    let mesh = Mesh::builder().start().await;
    let clock = mesh.clock().await;
    let at = |seconds| Some(later(clock, seconds));
    let symbol = || "AAPL".to_owned();

    let predict = |as_of| PredictRequest { symbol: symbol(), as_of, ..PredictRequest::default() };
    let now = mesh.forecasts().predict(predict(at(0))).await.unwrap().into_inner();
    assert_eq!(now.as_of, Some(clock));
    let beyond = mesh.forecasts().predict(predict(at(1))).await.unwrap_err();
    assert_eq!(beyond.code(), Code::OutOfRange, "{beyond:?}");

    let batch = BatchPredictRequest { symbols: vec![symbol()], as_of: at(DAY) };
    match mesh.forecasts().batch_predict(batch).await {
        Err(status) => assert_eq!(status.code(), Code::OutOfRange, "{status:?}"),
        Ok(answer) => {
            let result = answer.into_inner().results.remove(0).result;
            let refused =
                matches!(&result, Some(forecast_result::Result::Error(e)) if e.code == Code::OutOfRange as i32);
            assert!(refused, "{result:?}");
        }
    }
    let features = GetFeaturesRequest { symbol: symbol(), as_of: at(DAY) };
    let beyond = mesh.features().get_features(features).await.unwrap_err();
    assert_eq!(beyond.code(), Code::OutOfRange, "{beyond:?}");
    let weights = OptimizeRequest { as_of: at(DAY), ..OptimizeRequest::default() };
    let beyond = mesh.optimizer().optimize(weights).await.unwrap_err();
    assert_eq!(beyond.code(), Code::OutOfRange, "{beyond:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bar_from_beyond_the_clock_is_not_imported() {
    let mesh = Mesh::builder().start().await;
    let clock = mesh.clock().await;
    let known = mesh.bars().await;
    let newest = known.last().unwrap().clone();
    let tomorrow = Bar {
        open_time: newest.open_time.map(|open| later(open, DAY)),
        close_time: Some(later(clock, DAY)),
        time_frame: TimeFrame::TimeFrame1d.into(),
        ..newest.clone()
    };
    let bars = ImportBarsRequest { bars: vec![newest, tomorrow], source: "a test".into() };
    let answer = mesh.ingest().import_bars(stream::iter([bars])).await.unwrap().into_inner();
    assert_eq!((answer.written, answer.unchanged, answer.rejected), (0, 1, 1), "{answer:?}");
    assert_eq!(answer.rejections[0].index, 1);
    assert_eq!(mesh.bars().await, known);
}

#[tokio::test(flavor = "multi_thread")]
async fn streamed_and_batch_features_are_equal_to_the_last_bit_over_the_whole_history() {
    let mesh = Mesh::builder().speed(1000.0).start().await;
    mesh.replay_ended().await;
    let bars = mesh.bars().await;
    for symbol in SYMBOLS {
        let request = VerifyParityRequest { symbol: symbol.into(), ..VerifyParityRequest::default() };
        let parity = mesh.features().verify_parity(request).await.unwrap().into_inner();
        let stored = bars.iter().filter(|bar| bar.symbol == symbol).count() as u64;
        assert!(parity.rows > stored - 100 && parity.rows <= stored, "all but the warm-up: {parity:?} of {stored}");
        assert!(parity.features > 10);
        assert_eq!(parity.max_abs_difference, Some(0.0), "{symbol}");
    }
}

/// What the live loop held when a bar was the newest is what is computed of that day afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn features_that_were_live_are_computed_again_to_the_last_bit() {
    let mesh = Mesh::builder().speed(20.0).start().await;
    let ask = |as_of| GetFeaturesRequest { symbol: "AAPL".into(), as_of };
    let mut live = Vec::new();
    while live.len() < 10 {
        let newest = soon(mesh.features().get_features(ask(None))).await.unwrap().into_inner();
        if live.last() != Some(&newest) {
            live.push(newest);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let last = nanos(live.last().unwrap().as_of.as_ref());
    until(|| async { (nanos(Some(&mesh.clock().await)) > last).then_some(()) }).await;
    for then in live {
        let again = mesh.features().get_features(ask(then.as_of)).await.unwrap().into_inner();
        let bits =
            |found: &GetFeaturesResponse| -> Vec<_> { found.values.iter().map(|v| v.value().to_bits()).collect() };
        assert!(!then.values.is_empty());
        assert_eq!((again.as_of, bits(&again)), (then.as_of, bits(&then)));
    }
}
