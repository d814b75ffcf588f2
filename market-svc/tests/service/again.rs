//! A replay begun again: what was replayed comes anew, and what clients imported is not lost.

use market_svc::Config;
use tempfile::TempDir;
use tickmesh_proto::market::v1::{Bar, GetSnapshotRequest, Snapshot, StreamBarsRequest};
use tickmesh_proto::r#type::v1::TimeFrame;

use crate::harness::{Service, daily, soon};

const ROWS: &str = "symbol,date,open,high,low,close,volume
AAPL,2020-12-30,10,10,10,10,1
AAPL,2020-12-31,11,11,11,11,1
AAPL,2021-01-04,12,12,12,12,1
AAPL,2021-01-05,13,13,13,13,1
AAPL,2021-01-06,14,14,14,14,1
";

/// A folder with these rows, and the configuration that replays them in no time.
fn replay(rows: &str) -> (TempDir, Config) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("bars.csv");
    std::fs::write(&data, rows).unwrap();
    (folder, Config { data: Some(data), speed: 1000.0, ..Config::default() })
}

async fn snapshot(service: &mut Service, symbol: &str) -> Snapshot {
    let request = GetSnapshotRequest { symbol: symbol.into() };
    soon(service.market.get_snapshot(request)).await.unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_imported_is_there_again_when_the_clock_has_come_to_it() {
    let (folder, config) = replay(ROWS);
    let mut service = Service::opened(folder, config.clone()).await;
    service.play().await;
    let imported = service
        .import(vec![
            daily("XYZ", "2020-12-31", 50.0),
            daily("XYZ", "2021-01-05", 51.0),
            daily("AAPL", "2021-01-05", 13.5),
            daily("AAPL", "2020-12-29", 9.0),
        ])
        .await;
    assert_eq!((imported.written, imported.rejected), (4, 0));
    let folder = service.stop().await;

    let config = Config { replay_again: true, ..config };
    let mut service = Service::opened(folder, config.clone()).await;
    assert_eq!(service.closes("AAPL").await, [9.0, 10.0, 11.0], "nothing of what is to come is seen");
    assert_eq!(service.closes("XYZ").await, [50.0]);
    assert_eq!(snapshot(&mut service, "XYZ").await.last_price, 50.0);
    let late = service.import(vec![daily("AAPL", "2021-01-04", 1.0)]).await;
    assert_eq!((late.written, late.rejected), (0, 1));
    let folder = service.stop().await;

    let config = Config { replay_again: false, ..config };
    let mut service = Service::opened(folder, config).await;
    assert_eq!(service.closes("AAPL").await, [9.0, 10.0, 11.0], "nor after another start");
    service.play().await;
    assert_eq!(service.closes("AAPL").await, [9.0, 10.0, 11.0, 12.0, 13.5, 14.0]);
    assert_eq!(service.closes("XYZ").await, [50.0, 51.0]);
    let seen = snapshot(&mut service, "XYZ").await;
    assert_eq!((seen.last_price, seen.previous_close), (51.0, Some(50.0)), "it came as an event");
    drop(service.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_imported_comes_again_too_where_the_data_has_nothing_before_the_replay() {
    let later = ROWS.lines().filter(|row| !row.contains("2020"));
    let (folder, config) = replay(&later.collect::<Vec<_>>().join("\n"));
    let mut service = Service::opened(folder, config.clone()).await;
    service.play().await;
    service.import(vec![daily("XYZ", "2021-01-05", 51.0), daily("AAPL", "2021-01-05", 13.5)]).await;
    let folder = service.stop().await;

    let mut service = Service::opened(folder, Config { replay_again: true, ..config }).await;
    assert_eq!(service.closes("AAPL").await, [0.0; 0], "nothing is known before the first session");
    service.play().await;
    assert_eq!(service.closes("AAPL").await, [12.0, 13.5, 14.0]);
    assert_eq!(service.closes("XYZ").await, [51.0]);
    assert_eq!(snapshot(&mut service, "XYZ").await.last_price, 51.0, "it came as an event");
    drop(service.stop().await);
}

/// The first hours of a session of New York.
fn hourly(symbol: &str, date: &str, prices: &[f64]) -> Vec<Bar> {
    let at = |n: usize, price: &f64| {
        let mut bar = daily(symbol, date, *price);
        bar.time_frame = TimeFrame::TimeFrame1h.into();
        bar.open_time.as_mut().unwrap().seconds += 3600 * n as i64;
        bar
    };
    prices.iter().enumerate().map(|(n, price)| at(n, price)).collect()
}

/// The closes of hourly bars, from the first to the last of `count`, as one stream delivers them.
async fn streamed(service: &mut Service, from: &Bar, count: usize) -> Vec<f64> {
    let request = StreamBarsRequest {
        time_frame: TimeFrame::TimeFrame1h.into(),
        start_time: from.open_time,
        ..StreamBarsRequest::default()
    };
    let mut stream = soon(service.market.stream_bars(request)).await.unwrap().into_inner();
    soon(stream.message()).await.unwrap().unwrap().control.expect("an Ack comes first");
    service.gate.open();
    // Heartbeats come in between, so it is the whole that must happen soon.
    soon(async {
        let mut closes = Vec::new();
        while closes.len() < count {
            closes.extend(stream.message().await.unwrap().unwrap().bars.iter().map(|bar| bar.close));
        }
        closes
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn imported_hours_come_as_events_when_the_clock_has_come_to_them() {
    let (folder, config) = replay(ROWS);
    let mut service = Service::opened(folder, config.clone()).await;
    service.play().await;
    let before = hourly("AAPL", "2020-12-31", &[10.5, 10.6]);
    let later = [hourly("AAPL", "2021-01-05", &[12.1, 12.2, 12.3]), hourly("AAPL", "2021-01-06", &[13.1])].concat();
    let imported = service.import([before.clone(), later].concat()).await;
    assert_eq!((imported.written, imported.rejected), (6, 0), "{imported:?}");
    let folder = service.stop().await;

    let mut service = Service::opened(folder, Config { replay_again: true, ..config }).await;
    assert_eq!(streamed(&mut service, &before[0], 6).await, [10.5, 10.6, 12.1, 12.2, 12.3, 13.1]);
    service.play().await;
    assert_eq!(service.feed().await.sessions_total, 3, "hours belong to the sessions of their days");
    assert_eq!(service.closes("AAPL").await, [10.0, 11.0, 12.0, 13.0, 14.0]);
    drop(service.stop().await);
}
