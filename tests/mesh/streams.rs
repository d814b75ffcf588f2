//! The four live streams keep one set of rules.

use std::collections::BTreeSet;

use tickmesh_proto::market::v1::{Bar, StreamBarsRequest, StreamTicksRequest};
use tickmesh_proto::model::v1::StreamSignalsRequest;
use tickmesh_proto::portfolio::v1::StreamAllocationsRequest;
use tickmesh_proto::r#type::v1::Delivery;
use tonic::Code;

use crate::harness::{Mesh, SYMBOLS, nanos};
use crate::live::{Content, Envelope, Event, Live, keys};

/// Snapshot, then updates of later times, each once.
async fn is_a_snapshot_and_then_updates<R: Envelope>(mut live: Live<R>, events_at_a_time: usize) {
    assert!(live.ack.all_symbols && live.ack.rejected_symbols.is_empty());
    assert!(!live.ack.epoch.is_empty() && live.ack.limits.is_some() && live.ack.heartbeat_interval.is_some());
    assert_ne!(live.ack.delivery(), Delivery::Unspecified);
    let snapshot = live.snapshot().await;
    assert_eq!(snapshot.len(), events_at_a_time);
    let updates = live.at_least(3 * events_at_a_time).await;
    let mut seen = BTreeSet::new();
    for event in snapshot.iter().chain(&updates) {
        let (symbol, time) = event.key();
        let newest = seen.iter().filter(|(known, _)| *known == symbol).map(|(_, time)| *time).max();
        assert!(newest.is_none_or(|newest| time > newest), "{symbol} goes forward, without overlap");
        seen.insert((symbol, time));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_live_stream_gives_its_terms_then_its_snapshot_then_what_happens() {
    let mesh = Mesh::builder().speed(20.0).start().await;
    let ticks = mesh.market().stream_ticks(StreamTicksRequest::default()).await.unwrap();
    is_a_snapshot_and_then_updates(Live::open(ticks).await, SYMBOLS.len()).await;
    let bars = mesh.market().stream_bars(StreamBarsRequest::default()).await.unwrap();
    is_a_snapshot_and_then_updates(Live::open(bars).await, SYMBOLS.len()).await;
    let signals = mesh.forecasts().stream_signals(StreamSignalsRequest::default()).await.unwrap();
    is_a_snapshot_and_then_updates(Live::open(signals).await, SYMBOLS.len()).await;
    let allocations = mesh.optimizer().stream_allocations(StreamAllocationsRequest::default()).await.unwrap();
    is_a_snapshot_and_then_updates(Live::open(allocations).await, 1).await;
}

async fn goes_on_without_the_unknown<R: Envelope>(mut live: Live<R>) {
    assert_eq!(live.ack.accepted_symbols, ["AAPL", "NVDA"]);
    let rejected: Vec<_> = live.ack.rejected_symbols.iter().map(|r| (r.symbol.as_str(), r.reason.as_str())).collect();
    assert_eq!(rejected, [("NOSUCH", "SYMBOL_UNKNOWN")]);
    assert!(!live.snapshot().await.is_empty());
    let symbol = live.update().await[0].symbol().to_owned();
    assert!(["", "AAPL", "NVDA"].contains(&symbol.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_symbol_is_refused_in_the_ack_and_ends_nothing() {
    let mesh = Mesh::builder().speed(20.0).start().await;
    let symbols = || vec!["NVDA".to_owned(), "NOSUCH".into(), "AAPL".into()];
    let ticks = StreamTicksRequest { symbols: symbols(), ..StreamTicksRequest::default() };
    goes_on_without_the_unknown(Live::open(mesh.market().stream_ticks(ticks).await.unwrap()).await).await;
    let bars = StreamBarsRequest { symbols: symbols(), ..StreamBarsRequest::default() };
    goes_on_without_the_unknown(Live::open(mesh.market().stream_bars(bars).await.unwrap()).await).await;
    let signals = StreamSignalsRequest { symbols: symbols(), ..StreamSignalsRequest::default() };
    goes_on_without_the_unknown(Live::open(mesh.forecasts().stream_signals(signals).await.unwrap()).await).await;
    let allocations = StreamAllocationsRequest { symbols: symbols(), ..StreamAllocationsRequest::default() };
    let allocations = mesh.optimizer().stream_allocations(allocations).await.unwrap();
    goes_on_without_the_unknown(Live::open(allocations).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn latest_skips_what_is_old_and_ends_at_the_newest() {
    let mesh = Mesh::builder().speed(50.0).start().await;
    let request = StreamTicksRequest {
        delivery: Delivery::Latest.into(),
        min_interval: Some(prost_types::Duration { seconds: 0, nanos: 500_000_000 }),
        ..StreamTicksRequest::default()
    };
    let mut latest = Live::open(mesh.market().stream_ticks(request).await.unwrap()).await;
    assert_eq!(latest.ack.delivery(), Delivery::Latest);
    latest.snapshot().await;
    let end = nanos(mesh.feed().await.replay_end_time.as_ref());
    let mut received = 0;
    loop {
        let events = latest.update().await;
        let symbols: BTreeSet<_> = events.iter().map(Event::symbol).collect();
        assert_eq!(symbols.len(), events.len(), "one value for each symbol");
        received += events.iter().filter(|event| event.symbol() == "AAPL").count();
        if events.iter().any(|event| event.time() == end) {
            break;
        }
    }
    let sessions = mesh.replay_ended().await.sessions_total as usize;
    assert!(received * 2 < sessions, "25 sessions an interval become one value: {received} of {sessions}");
}

/// The bars that were replayed, by symbol and close.
async fn replayed(mesh: &Mesh) -> BTreeSet<(String, i64)> {
    let start = nanos(mesh.feed().await.replay_start_time.as_ref());
    let bars = mesh.bars().await;
    keys(&bars).into_iter().filter(|(_, close)| *close > start).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_resume_after_a_restart_without_repeat_and_without_hole() {
    let mesh = Mesh::builder().start().await;
    let mut bars = Live::open(mesh.market().stream_bars(StreamBarsRequest::default()).await.unwrap()).await;
    let signals = mesh.forecasts().stream_signals(StreamSignalsRequest::default()).await.unwrap();
    let mut signals = Live::open(signals).await;
    bars.snapshot().await;
    let mut all_signals = keys(&signals.snapshot().await);
    let first_close = nanos(Some(&mesh.clock().await));
    let (mut bar_cursor, mut signal_cursor) = (bars.cursor.clone(), signals.cursor.clone());
    let mut all_bars: Vec<(String, i64)> = Vec::new();

    let mut folder = mesh.stop().await;
    for _ in 0..2 {
        let mesh = folder.speed(20.0).start().await;
        let (mut bars, mut signals) = resumed(&mesh, &bar_cursor, &signal_cursor).await;
        all_bars.extend(keys(&bars.at_least(20).await));
        all_signals.extend(keys(&signals.at_least(20).await));
        (bar_cursor, signal_cursor) = (bars.cursor.clone(), signals.cursor.clone());
        folder = mesh.stop().await;
    }
    let mesh = folder.speed(1000.0).start().await;
    let (mut bars, mut signals) = resumed(&mesh, &bar_cursor, &signal_cursor).await;
    let end = nanos(mesh.feed().await.replay_end_time.as_ref());
    all_bars.extend(keys(&bars.up_to(end, SYMBOLS.len()).await));
    all_signals.extend(keys(&signals.up_to(end, SYMBOLS.len()).await));

    let happened = replayed(&mesh).await;
    assert_eq!(all_bars.len(), happened.len(), "no bar twice");
    assert_eq!(all_bars.into_iter().collect::<BTreeSet<_>>(), happened, "no bar missing");
    let decided: BTreeSet<_> =
        SYMBOLS.iter().map(|symbol| ((*symbol).to_owned(), first_close)).chain(happened).collect();
    assert_eq!(all_signals.len(), decided.len(), "no signal twice");
    assert_eq!(all_signals.into_iter().collect::<BTreeSet<_>>(), decided, "no signal missing");
}

async fn resumed(
    mesh: &Mesh,
    bars: &str,
    signals: &str,
) -> (Live<impl Envelope<Event = Bar> + use<>>, Live<impl Envelope<Event: Event> + use<>>) {
    let request = StreamBarsRequest { resume_after: bars.to_owned(), ..StreamBarsRequest::default() };
    let resumed_bars = Live::open(mesh.market().stream_bars(request).await.unwrap()).await;
    assert_eq!(resumed_bars.ack.resume_after, bars);
    let request = StreamSignalsRequest { resume_after: signals.to_owned(), ..StreamSignalsRequest::default() };
    let resumed_signals = Live::open(mesh.forecasts().stream_signals(request).await.unwrap()).await;
    assert_eq!(resumed_signals.ack.resume_after, signals);
    (resumed_bars, resumed_signals)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_an_earlier_run_is_out_of_range_or_on_request_a_gap() {
    let mesh = Mesh::builder().speed(50.0).start().await;
    let mut bars = Live::open(mesh.market().stream_bars(StreamBarsRequest::default()).await.unwrap()).await;
    bars.snapshot().await;
    bars.update().await;
    let old = bars.cursor.clone();

    let mesh = mesh.stop().await.replay_again().start().await;
    let request = StreamBarsRequest { resume_after: old.clone(), ..StreamBarsRequest::default() };
    let refused = mesh.market().stream_bars(request.clone()).await.unwrap_err();
    assert_eq!(refused.code(), Code::OutOfRange, "{refused:?}");

    let best_effort = StreamBarsRequest { best_effort: true, ..request };
    let mut live = Live::open(mesh.market().stream_bars(best_effort).await.unwrap()).await;
    assert_ne!(live.ack.epoch, bars.ack.epoch);
    match live.next().await.content {
        Content::Gap(gap) => assert_eq!((gap.from, gap.reason.as_str()), (old, "EPOCH_CHANGED")),
        other => panic!("the loss is told, not {other:?}"),
    }
    assert_eq!(live.snapshot().await.len(), SYMBOLS.len(), "and a new snapshot follows");
}
