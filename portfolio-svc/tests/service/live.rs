use portfolio_svc::Config;
use tickmesh_proto::portfolio::v1::{
    Allocation, Constraints, ExpectedReturns, Objective, OptimizeRequest, SolveStatus, StreamAllocationsRequest,
};
use tickmesh_proto::r#type::v1::Delivery;
use tonic::Code;

use crate::harness::Service;
use crate::peer::Peer;

pub(crate) const BEGIN: usize = 400;

pub(crate) fn days(peer: &Peer, allocations: &[Allocation]) -> Vec<usize> {
    let day = |a: &Allocation| (1..=505).find(|day| Some(peer.tape.close_time(*day)) == a.as_of).unwrap();
    allocations.iter().map(day).collect()
}

#[tokio::test]
async fn an_allocation_follows_each_round_of_signals() {
    let (peer, data) = (Peer::start(BEGIN).await, tempfile::tempdir().unwrap());
    let service = Service::start(&peer, data.path()).await;
    service.ready().await;
    let mut stream = service.all_after("").await;
    assert!(stream.ack().await.all_symbols);
    let first = stream.allocations(1).await;
    assert!(first[0].is_snapshot && first[0].turnover.is_none());
    peer.pass(5);
    let live = stream.allocations(5).await;
    assert_eq!(days(&peer, &live), [401, 402, 403, 404, 405]);
    for allocation in &live {
        assert_eq!((allocation.status(), allocation.objective()), (SolveStatus::Solved, Objective::MinVolatility));
        let turnover = allocation.turnover.unwrap();
        assert!(turnover <= 0.2 + 1e-8 && (allocation.cost.unwrap() - 0.001 * turnover).abs() < 1e-15);
    }
    service.stop().await;
}

#[tokio::test]
async fn the_first_allocation_is_not_of_a_close_long_ago() {
    let (peer, data) = (Peer::with_retired(BEGIN, 100).await, tempfile::tempdir().unwrap());
    let service = Service::start(&peer, data.path()).await;
    let mut stream = service.all_after("").await;
    stream.ack().await;
    let first = stream.allocations(1).await;
    assert_eq!((days(&peer, &first), first[0].turnover), (vec![BEGIN], None), "bars of one symbol ended on day 100");
    drop(stream);
    service.stop().await;
}

/// Equal risk under a cap: a portfolio of its own.
pub(crate) fn risk_parity(cap: f64) -> StreamAllocationsRequest {
    own(OptimizeRequest {
        objective: Objective::RiskParity.into(),
        constraints: Some(Constraints { max_weight: Some(cap), ..Default::default() }),
        ..Default::default()
    })
}

fn own(optimize: OptimizeRequest) -> StreamAllocationsRequest {
    StreamAllocationsRequest { optimize: Some(optimize), delivery: Delivery::All.into(), ..Default::default() }
}

/// A portfolio that hangs when the model does.
pub(crate) fn by_forecast() -> StreamAllocationsRequest {
    own(OptimizeRequest {
        symbols: ["AAPL", "AMZN"].map(String::from).to_vec(),
        expected_returns: ExpectedReturns::Forecast.into(),
        ..Default::default()
    })
}

#[tokio::test]
async fn a_new_run_of_the_feed_begins_every_portfolio_anew() {
    let (peer, data) = (Peer::start(BEGIN).await, tempfile::tempdir().unwrap());
    let service = Service::start(&peer, data.path()).await;
    service.ready().await;
    let mut cursors = Vec::new();
    for request in [StreamAllocationsRequest::default(), risk_parity(0.5)] {
        let mut stream = service.stream(request).await.begun().await;
        cursors.push(stream.message().await.cursor); // of the completed snapshot
    }
    service.stop().await;

    let again = Peer::run(BEGIN - 100, "second").await;
    let mut service = Service::start(&again, data.path()).await;
    for request in [StreamAllocationsRequest::default(), risk_parity(0.5)] {
        let resume_after = cursors.remove(0);
        let old = StreamAllocationsRequest { resume_after, ..request.clone() };
        let refused = service.client.stream_allocations(old).await.unwrap_err();
        assert_eq!(refused.code(), Code::OutOfRange, "a cursor of the run before is none of this one");
        let mut stream = service.stream(request).await;
        stream.ack().await;
        let first = stream.allocations(1).await;
        assert_eq!(days(&again, &first), [BEGIN - 100], "nothing of the run before is shown");
        assert_eq!(first[0].turnover, None, "nothing is held yet in the new run");
    }
    let mut stream = service.stream(risk_parity(0.5)).await.begun().await;
    again.pass(1);
    assert_eq!(days(&again, &stream.allocations(1).await), [BEGIN - 99]);
    drop(stream);
    service.stop().await;
}

#[tokio::test]
async fn a_run_that_begins_meanwhile_ends_the_streams_of_the_one_before() {
    let (peer, data) = (Peer::start(BEGIN).await, tempfile::tempdir().unwrap());
    let service = Service::start(&peer, data.path()).await;
    service.ready().await;
    let mut own = service.stream(risk_parity(0.5)).await;
    own.ack().await;
    assert_eq!(days(&peer, &own.allocations(1).await), [BEGIN]);
    peer.begin_again(BEGIN - 100, "second");
    own.ends().await;
    let mut own = service.stream(risk_parity(0.5)).await;
    own.ack().await;
    assert_eq!(days(&peer, &own.allocations(1).await), [BEGIN - 100]);
    drop(own);
    service.stop().await;
}

#[tokio::test]
async fn a_portfolio_that_hangs_holds_up_no_other() {
    let (peer, data) = (Peer::start(BEGIN).await, tempfile::tempdir().unwrap());
    let service = Service::start(&peer, data.path()).await;
    service.ready().await;
    let by_forecast = by_forecast();
    let hangs = service.stream(by_forecast.clone()).await.begun().await;
    let mut stream = service.all_after("").await.begun().await;
    peer.mute_model();
    peer.pass(2);
    assert_eq!(days(&peer, &stream.allocations(2).await), [BEGIN + 1, BEGIN + 2]);

    let optimize = OptimizeRequest { lookback: 100, ..by_forecast.optimize.unwrap() };
    let mut client = service.client.clone();
    let opening = tokio::spawn(async move { client.stream_allocations(own(optimize)).await.map(drop) });
    let mut other = service.stream(risk_parity(0.5)).await;
    other.ack().await;
    assert_eq!(days(&peer, &other.allocations(1).await), [BEGIN + 2]);
    peer.pass(1);
    assert_eq!(days(&peer, &other.allocations(1).await), [BEGIN + 3]);
    assert_eq!(days(&peer, &stream.allocations(1).await), [BEGIN + 3]);
    opening.abort();
    drop((hangs, stream, other));
    service.stop().await;
}

#[tokio::test]
async fn a_round_that_cannot_be_optimised_is_told_on_the_stream_with_its_reason() {
    let (peer, data) = (Peer::with_newcomer(BEGIN, BEGIN - 59).await, tempfile::tempdir().unwrap());
    let service = Service::start(&peer, data.path()).await;
    service.ready().await;
    let request =
        own(OptimizeRequest { expected_returns: ExpectedReturns::Forecast.into(), ..OptimizeRequest::default() });
    let mut stream = service.stream(request.clone()).await;
    stream.ack().await;
    assert_eq!(stream.allocations(1).await[0].status(), SolveStatus::Solved);
    peer.pass(2); // the newcomer has history enough now, and no model
    let told = stream.allocations(2).await;
    assert_eq!(days(&peer, &told), [BEGIN + 1, BEGIN + 2]);
    for allocation in &told {
        assert_eq!((allocation.status(), allocation.weights.len()), (SolveStatus::Unspecified, 0));
        assert!(allocation.note.contains(peer.tape.symbols.last().unwrap()), "{}", allocation.note);
    }
    let cursor = stream.cursor.clone();
    drop(stream);
    service.stop().await;

    let service = Service::start(&peer, data.path()).await;
    let mut stream = service.stream(StreamAllocationsRequest { resume_after: cursor, ..request }).await;
    stream.ack().await;
    peer.pass(1);
    assert_eq!(days(&peer, &stream.allocations(1).await), [BEGIN + 3], "what was told is not told again");
    drop(stream);
    service.stop().await;
}

#[tokio::test]
async fn a_first_start_without_a_model_is_ready() {
    let data = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{free}");
    let service =
        Service::with(Config { market_url: url.clone(), model_url: url, ..Config::default() }, data.path()).await;
    service.ready().await;
    service.stop().await;
}

#[tokio::test]
async fn a_first_start_whose_symbols_have_too_little_history_is_ready() {
    let (peer, data) = (Peer::start(30).await, tempfile::tempdir().unwrap());
    let service = Service::start(&peer, data.path()).await;
    service.ready().await;
    service.stop().await;
}

#[tokio::test]
async fn it_starts_before_the_services_that_it_needs_and_finds_them_later() {
    let data = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{free}");
    let mut service =
        Service::with(Config { market_url: url.clone(), model_url: url, ..Config::default() }, data.path()).await;
    let status = service.client.optimize(OptimizeRequest::default()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    let _peer = Peer::at(free, BEGIN).await;
    let _stream = service.all_after("").await.begun().await;
    service.client.optimize(OptimizeRequest::default()).await.unwrap();
    service.stop().await;
}

#[tokio::test]
async fn listed_symbols_have_a_portfolio_of_their_own_and_unknown_ones_are_refused_in_the_ack() {
    let (peer, data) = (Peer::start(BEGIN).await, tempfile::tempdir().unwrap());
    let service = Service::start(&peer, data.path()).await;
    service.ready().await;
    let symbols = ["NVDA", "ZZZZ", "AAPL"].map(String::from).to_vec();
    let mut stream = service.stream(StreamAllocationsRequest { symbols, ..Default::default() }).await;
    let ack = stream.ack().await;
    assert_eq!(ack.accepted_symbols, ["AAPL", "NVDA"]);
    assert_eq!(ack.rejected_symbols[0].reason, "SYMBOL_UNKNOWN");
    let snapshot = stream.allocations(1).await;
    let names: Vec<&str> = snapshot[0].weights.iter().map(|w| w.symbol.as_str()).collect();
    assert_eq!(names, ["AAPL", "NVDA"]);
    peer.pass(1);
    assert_eq!(days(&peer, &stream.allocations(1).await), [BEGIN + 1]);
    drop(stream);
    service.stop().await;
}

#[tokio::test]
async fn a_request_of_its_own_is_streamed_and_the_number_of_such_is_bounded() {
    let (peer, data) = (Peer::start(BEGIN).await, tempfile::tempdir().unwrap());
    let mut service = Service::with(Config { idle_seconds: 0, ..one_book(&peer) }, data.path()).await;
    service.ready().await;
    let mut stream = service.stream(risk_parity(0.5)).await;
    stream.ack().await;
    let snapshot = stream.allocations(1).await;
    assert!(snapshot[0].weights.iter().all(|w| (w.risk_contribution.unwrap() - 1.0 / 6.0).abs() < 1e-9));
    let refused = service.client.stream_allocations(risk_parity(0.6)).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    drop(stream);
    // The server learns of the reset soon after; then the idle portfolio makes way.
    let mut taken = service.client.stream_allocations(risk_parity(0.6)).await;
    for _ in 0..200 {
        if taken.is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        taken = service.client.stream_allocations(risk_parity(0.6)).await;
    }
    drop(taken.unwrap());
    service.stop().await;
}

fn one_book(peer: &Peer) -> Config {
    Config { market_url: peer.url.clone(), model_url: peer.url.clone(), max_books: 1, ..Config::default() }
}

#[tokio::test]
async fn a_portfolio_whose_stream_broke_a_moment_ago_keeps_its_place() {
    let (peer, data) = (Peer::start(BEGIN).await, tempfile::tempdir().unwrap());
    for restart in 0..2 {
        let mut service = Service::with(one_book(&peer), data.path()).await;
        service.ready().await;
        if restart == 0 {
            drop(service.stream(risk_parity(0.5)).await.begun().await);
        }
        for _ in 0..10 {
            let refused = service.client.stream_allocations(risk_parity(0.6)).await.unwrap_err();
            let reason = tonic_types::StatusExt::get_details_error_info(&refused).unwrap().reason;
            assert_eq!(reason, "TOO_MANY_PORTFOLIOS");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        service.stop().await;
    }
}

#[tokio::test]
async fn a_cursor_that_cannot_be_resumed_opens_no_portfolio_and_none_makes_way() {
    let (peer, data) = (Peer::start(BEGIN).await, tempfile::tempdir().unwrap());
    let mut service = Service::with(Config { idle_seconds: 0, ..one_book(&peer) }, data.path()).await;
    service.ready().await;
    let mut stream = service.stream(risk_parity(0.5)).await.begun().await;
    let resume_after = stream.message().await.cursor;
    drop(stream);
    tokio::time::sleep(std::time::Duration::from_millis(200)).await; // for the server to learn of it
    let foreign = StreamAllocationsRequest { resume_after: resume_after.clone(), ..risk_parity(0.6) };
    let refused = service.client.stream_allocations(foreign).await.unwrap_err();
    assert_eq!(refused.code(), Code::OutOfRange);
    let own = StreamAllocationsRequest { resume_after, ..risk_parity(0.5) };
    service.stream(own).await.ack().await;
    service.stop().await;
}

#[tokio::test]
async fn bad_streams_are_refused_with_every_bad_field() {
    let (peer, data) = (Peer::start(BEGIN).await, tempfile::tempdir().unwrap());
    let mut service = Service::start(&peer, data.path()).await;
    let optimize = OptimizeRequest { lookback: 1, as_of: Some(peer.tape.close_time(1)), ..Default::default() };
    let symbols = vec!["AAPL".into()];
    let request = StreamAllocationsRequest { symbols, optimize: Some(optimize), delivery: 9, ..Default::default() };
    let status = service.client.stream_allocations(request).await.unwrap_err();
    let named = tonic_types::StatusExt::get_details_bad_request(&status).unwrap().field_violations;
    let fields: Vec<&str> = named.iter().map(|v| v.field.as_str()).collect();
    assert_eq!(fields, ["symbols", "optimize.as_of", "optimize.lookback", "delivery"]);
    service.stop().await;
}
