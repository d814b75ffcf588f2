//! What survives restarts, crashes, and services and disks that fail.

use tickmesh_proto::portfolio::v1::{Allocation, StreamAllocationsRequest};
use tonic::Code;

use crate::harness::Service;
use crate::live::{BEGIN, by_forecast, days, risk_parity};
use crate::peer::Peer;

#[tokio::test]
async fn a_restart_neither_loses_nor_repeats_an_allocation() {
    let (peer, data) = (Peer::start(BEGIN).await, tempfile::tempdir().unwrap());
    let mut seen = Vec::new();
    let mut cursor = String::new();
    for restart in 0..4 {
        let service = Service::start(&peer, data.path()).await;
        service.ready().await;
        let mut stream = service.all_after(&cursor).await;
        stream.ack().await;
        if restart == 0 {
            seen.extend(stream.allocations(1).await);
        } else {
            seen.extend(stream.allocations(3).await); // what passed while it was down
        }
        peer.pass(2);
        seen.extend(stream.allocations(2).await);
        cursor = stream.cursor.clone();
        drop(stream);
        service.stop().await;
        peer.pass(3);
    }
    assert_eq!(days(&peer, &seen), (BEGIN..BEGIN + seen.len()).collect::<Vec<_>>());
    for pair in seen.windows(2) {
        let weights = |a: &Allocation| a.weights.iter().map(|w| w.weight.unwrap()).collect::<Vec<_>>();
        let moved: f64 = weights(&pair[0]).iter().zip(weights(&pair[1])).map(|(a, b)| (a - b).abs() / 2.0).sum();
        assert!((pair[1].turnover.unwrap() - moved).abs() < 1e-12, "turnover is counted from the weights before");
    }
}

#[tokio::test]
async fn what_the_log_has_beyond_the_stored_state_is_taken_over() {
    let (peer, data) = (Peer::start(BEGIN).await, tempfile::tempdir().unwrap());
    let service = Service::start(&peer, data.path()).await;
    service.ready().await;
    service.stop().await;
    let before = std::fs::read(data.path().join("portfolio.db")).unwrap();

    peer.pass(2);
    let service = Service::start(&peer, data.path()).await;
    let mut stream = service.all_after("").await;
    stream.ack().await;
    while days(&peer, &stream.allocations(1).await) != [BEGIN + 2] {}
    drop(stream);
    service.stop().await;
    for file in ["portfolio.db-wal", "portfolio.db-shm"] {
        assert!(!data.path().join(file).exists(), "closed in good order");
    }
    std::fs::write(data.path().join("portfolio.db"), before).unwrap();

    let service = Service::start(&peer, data.path()).await;
    let mut stream = service.all_after("").await;
    stream.ack().await;
    let newest = stream.allocations(1).await;
    assert_eq!(days(&peer, &newest), [BEGIN + 2]);
    peer.pass(1);
    let next = stream.allocations(1).await;
    assert_eq!(days(&peer, &next), [BEGIN + 3], "the days in between are not done again");
    assert!(next[0].turnover.unwrap() < 0.05, "turnover is counted from the newest weights");
    drop(stream);
    service.stop().await;
}

#[tokio::test]
async fn a_disk_that_refuses_when_a_run_begins_holds_up_its_portfolio_alone_and_not_for_ever() {
    let (peer, data) = (Peer::start(BEGIN).await, tempfile::tempdir().unwrap());
    let service = Service::start(&peer, data.path()).await;
    service.ready().await;
    let mut own = service.stream(risk_parity(0.5)).await.begun().await;
    let books = data.path().join("log/books");
    let log = books.read_dir().unwrap().next().unwrap().unwrap().path();
    std::fs::rename(&log, books.join("aside")).unwrap();
    std::fs::write(&log, "a file where a directory is wanted").unwrap();

    let mut before = service.all_after("").await;
    peer.begin_again(BEGIN - 100, "second");
    before.ends().await;
    let mut stream = service.all_after("").await;
    stream.ack().await;
    assert_eq!(days(&peer, &stream.allocations(1).await), [BEGIN - 100]);
    std::fs::remove_file(&log).unwrap();
    own.ends().await;
    let mut own = service.stream(risk_parity(0.5)).await;
    own.ack().await;
    assert_eq!(days(&peer, &own.allocations(1).await), [BEGIN - 100]);
    drop((own, stream));
    service.stop().await;
}

#[tokio::test]
async fn a_portfolio_of_its_own_goes_on_after_a_restart_without_being_asked_for() {
    let (peer, data) = (Peer::start(BEGIN).await, tempfile::tempdir().unwrap());
    let service = Service::start(&peer, data.path()).await;
    service.ready().await;
    let mut own = service.stream(risk_parity(0.5)).await.begun().await;
    let cursor = own.message().await.cursor;
    drop(own);
    service.stop().await;

    let service = Service::start(&peer, data.path()).await;
    let mut stream = service.all_after("").await.begun().await;
    peer.pass(2);
    assert_eq!(days(&peer, &stream.allocations(2).await), [BEGIN + 1, BEGIN + 2]);
    let resumed = StreamAllocationsRequest { resume_after: cursor, ..risk_parity(0.5) };
    let mut own = service.stream(resumed).await;
    own.ack().await;
    assert_eq!(days(&peer, &own.allocations(2).await), [BEGIN + 1, BEGIN + 2]);
    drop((own, stream));
    service.stop().await;
}

#[tokio::test]
async fn a_round_that_waits_for_the_model_when_the_service_stops_is_done_after_the_next_start() {
    let (peer, data) = (Peer::start(BEGIN).await, tempfile::tempdir().unwrap());
    let service = Service::start(&peer, data.path()).await;
    service.ready().await;
    let mut own = service.stream(by_forecast()).await.begun().await;
    let cursor = own.message().await.cursor;
    let mut stream = service.all_after("").await.begun().await;
    peer.mute_model();
    peer.pass(3);
    assert_eq!(days(&peer, &stream.allocations(3).await), [BEGIN + 1, BEGIN + 2, BEGIN + 3]);
    tokio::time::sleep(std::time::Duration::from_millis(200)).await; // for the place in the signals to be stored
    drop((own, stream));
    service.stop().await;

    peer.unmute_model();
    let service = Service::start(&peer, data.path()).await;
    let mut own = service.stream(StreamAllocationsRequest { resume_after: cursor, ..by_forecast() }).await;
    own.ack().await;
    peer.pass(1);
    assert_eq!(days(&peer, &own.allocations(4).await), (BEGIN + 1..=BEGIN + 4).collect::<Vec<_>>());
    drop(own);
    service.stop().await;
}

#[tokio::test]
async fn rounds_of_a_run_that_has_just_begun_are_done_after_the_next_start_too() {
    let (peer, data) = (Peer::start(BEGIN).await, tempfile::tempdir().unwrap());
    let service = Service::start(&peer, data.path()).await;
    service.ready().await;
    let mut own = service.stream(by_forecast()).await.begun().await;
    peer.mute_model();
    peer.begin_again(BEGIN - 100, "second");
    own.ends().await;
    let mut own = service.stream(by_forecast()).await;
    own.ack().await;
    let cursor = own.message().await.cursor; // of an empty snapshot
    let mut stream = service.all_after("").await.begun().await;
    peer.pass(3);
    stream.allocations(3).await;
    tokio::time::sleep(std::time::Duration::from_millis(200)).await; // for the place in the signals to be stored
    drop((own, stream));
    service.stop().await;

    peer.unmute_model();
    let service = Service::start(&peer, data.path()).await;
    let mut own = service.stream(StreamAllocationsRequest { resume_after: cursor, ..by_forecast() }).await;
    own.ack().await;
    peer.pass(1);
    assert_eq!(days(&peer, &own.allocations(5).await), (BEGIN - 100..=BEGIN - 96).collect::<Vec<_>>());
    drop(own);
    service.stop().await;
}

/// More rounds than wait for a portfolio.
const MANY: usize = 270;

#[tokio::test]
async fn a_portfolio_that_is_too_far_behind_says_so_by_a_log_that_begins_anew() {
    let (peer, data) = (Peer::start(200).await, tempfile::tempdir().unwrap());
    let service = Service::start(&peer, data.path()).await;
    service.ready().await;
    let mut own = service.stream(by_forecast()).await.begun().await;
    let cursor = own.message().await.cursor;
    let mut stream = service.all_after("").await.begun().await;
    peer.mute_model();
    for _ in 0..MANY / 30 {
        peer.pass(30);
        stream.allocations(30).await;
    }
    peer.unmute_model();
    own.ends().await;
    let lost = StreamAllocationsRequest { resume_after: cursor, ..by_forecast() };
    let refused = service.client.clone().stream_allocations(lost).await.unwrap_err();
    assert_eq!(refused.code(), Code::OutOfRange, "what lies in between is gone, and nobody is told otherwise");
    let mut own = service.stream(by_forecast()).await;
    own.ack().await;
    while days(&peer, &own.message().await.allocations).last() != Some(&(200 + MANY)) {}
    drop((own, stream));
    service.stop().await;
}

#[tokio::test]
async fn a_damaged_log_is_its_portfolios_end_and_nobody_elses() {
    let (peer, data) = (Peer::start(BEGIN).await, tempfile::tempdir().unwrap());
    let service = Service::start(&peer, data.path()).await;
    service.ready().await;
    let own = service.stream(risk_parity(0.5)).await.begun().await;
    drop(own);
    service.stop().await;
    let books = data.path().join("log/books");
    let log = books.read_dir().unwrap().next().unwrap().unwrap().path();
    std::fs::write(log.join("identity"), "nonsense").unwrap();
    let left = books.join("left by a crash");
    std::fs::create_dir(&left).unwrap();
    std::fs::write(left.join("segment"), "half of one").unwrap();

    let service = Service::start(&peer, data.path()).await;
    assert!(!left.exists() && !log.exists());
    let mut own = service.stream(risk_parity(0.5)).await;
    own.ack().await;
    assert_eq!(days(&peer, &own.allocations(1).await), [BEGIN]);
    drop(own);
    service.stop().await;
}
