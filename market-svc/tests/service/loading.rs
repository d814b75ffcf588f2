//! A client that comes while history is imported waits for all of it.

use std::time::Duration;

use market_svc::Synthetic;
use tickmesh_proto::market::v1::stream_bars_response::Control;
use tickmesh_proto::market::v1::{Bar, GetReplayWindowRequest, ListBarsRequest, StreamBarsRequest};
use tonic::Code;

use crate::harness::{Service, daily, soon};

/// Long enough that a client can come before it is imported.
const HISTORY: Synthetic = Synthetic { symbols: 200, ticks: 1, history: 500, seed: 7 };

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_opened_during_the_import_begins_with_all_of_history() {
    let mut service = Service::starting(HISTORY).await;
    let request = StreamBarsRequest {
        symbols: vec!["SYN0001".into(), "SYN0200".into()],
        start_time: Some(prost_types::Timestamp::default()),
        ..StreamBarsRequest::default()
    };
    assert!(!service.readiness.open().is_empty(), "the import is under way");
    let mut stream = soon(service.market.stream_bars(request)).await.unwrap().into_inner();
    let mut bars: Vec<Bar> = Vec::new();
    loop {
        let message = soon(stream.message()).await.unwrap().unwrap();
        match message.control {
            Some(Control::Ack(ack)) => assert_eq!(ack.accepted_symbols, ["SYN0001", "SYN0200"]),
            Some(Control::SnapshotComplete(_)) => break,
            other => assert!(other.is_none(), "{other:?}"),
        }
        bars.extend(message.bars);
    }
    for symbol in ["SYN0001", "SYN0200"] {
        let times: Vec<_> =
            bars.iter().filter(|bar| bar.symbol == symbol).map(|bar| bar.open_time.unwrap().seconds).collect();
        assert_eq!(times.len(), HISTORY.history as usize, "all of {symbol}");
        assert!(times.is_sorted_by(|a, b| a < b), "{symbol} once and in order");
    }
    drop(stream);
    drop(service.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_asked_for_during_the_import_is_whole() {
    let mut service = Service::starting(HISTORY).await;
    let request = ListBarsRequest { symbol: "SYN0200".into(), page_size: 1000, ..ListBarsRequest::default() };
    assert!(!service.readiness.open().is_empty(), "the import is under way");
    let mut call = tonic::Request::new(request);
    call.set_timeout(Duration::from_secs(60));
    let page = soon(service.market.list_bars(call)).await.unwrap().into_inner();
    assert_eq!(page.bars.len(), HISTORY.history as usize);
    drop(service.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_during_the_import_of_history_waits_for_the_clock() {
    let mut service = Service::starting(HISTORY).await;
    assert!(!service.readiness.open().is_empty(), "the import is under way");
    let answer = service.import(vec![daily("XYZ", "2021-01-04", 9.0)]).await;
    assert_eq!((answer.written, answer.rejected), (1, 0), "{answer:?}");
    drop(service.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_waits_for_history_does_not_hold_up_the_end() {
    let mut service = Service::starting(Synthetic { symbols: 1_000, ..HISTORY }).await;
    let mut market = service.market.clone();
    let waiting = tokio::spawn(async move { market.stream_bars(StreamBarsRequest::default()).await });
    // Answered at once, and after the stream's call on the same connection.
    soon(service.market.get_replay_window(GetReplayWindowRequest {})).await.unwrap();
    drop(service.stop().await);
    let refused = soon(waiting).await.unwrap().unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable, "{refused}");
    assert!(refused.message().contains("before history is in place"), "{refused}");
}
