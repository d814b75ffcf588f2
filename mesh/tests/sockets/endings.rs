//! How connections and streams end.

use std::time::Duration;

use tickmesh_mesh::serve::{Seconds, Settings};
use tickmesh_proto::portfolio::v1::StreamAllocationsResponse;
use tickmesh_proto::portfolio::v1::stream_allocations_response::Control;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tonic::{Code, Streaming};

use crate::harness::{Port, SOON, Tap, client, optimize, settings, stream};

const DATA: u8 = 0;
const GOAWAY: u8 = 7;

fn seconds(seconds: f64) -> Seconds {
    seconds.try_into().unwrap()
}

/// Reads a stream to its polite end.
async fn says_goodbye(mut messages: Streaming<StreamAllocationsResponse>) {
    let last = timeout(SOON, messages.message()).await.unwrap().unwrap().unwrap();
    assert!(matches!(last.control, Some(Control::EndOfStream(_))), "{last:?}");
    let status = timeout(SOON, messages.message()).await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
}

/// Opens a stream and reads its first message.
async fn opened(
    client: &mut tickmesh_proto::portfolio::v1::optimizer_service_client::OptimizerServiceClient<
        tonic::transport::Channel,
    >,
    symbol: &str,
) -> Streaming<StreamAllocationsResponse> {
    let mut messages = client.stream_allocations(stream(symbol)).await.unwrap().into_inner();
    assert_eq!(messages.message().await.unwrap().unwrap().sequence, 1);
    messages
}

/// The place of the first GOAWAY among the frames, and of the last DATA.
fn places(frames: &[u8]) -> (Option<usize>, Option<usize>) {
    (frames.iter().position(|kind| *kind == GOAWAY), frames.iter().rposition(|kind| *kind == DATA))
}

#[tokio::test]
async fn an_aged_connection_is_told_to_go_away_and_its_streams_say_goodbye() {
    let port = Port::start(settings(|s| s.max_age_seconds = seconds(0.4)));
    let tap = Tap::to(port.addr).await;
    let mut through_tap = client(tap.addr);
    let started = Instant::now();
    let messages = opened(&mut through_tap, "QUIET").await;
    says_goodbye(messages).await;
    assert!(started.elapsed() >= Duration::from_millis(300), "not before its age less the jitter");
    let frames = tap.frames();
    let (goaway, data) = places(&frames);
    assert!(goaway.is_some() && goaway < data, "GOAWAY comes before the goodbye: {frames:?}");
    port.client().optimize(optimize("AAPL")).await.expect("new connections are welcome");
}

#[tokio::test]
async fn a_stream_that_stays_is_cut_after_the_grace() {
    let short = settings(|s| (s.max_age_seconds, s.age_grace_seconds) = (seconds(0.2), seconds(0.2)));
    let port = Port::start(short);
    let mut messages = opened(&mut port.client(), "STUBBORN").await;
    let end = timeout(SOON, messages.message()).await.expect("it is cut");
    assert!(end.is_err(), "{end:?}");
}

#[tokio::test]
async fn a_drain_says_goodbye_finishes_calls_and_ends() {
    let port = Port::start(Settings::default());
    let mut calls = port.client();
    let tap = Tap::to(port.addr).await;
    let messages = opened(&mut client(tap.addr), "QUIET").await;
    calls.optimize(optimize("AAPL")).await.unwrap();
    let addr = port.addr;
    let started = Instant::now();
    let done = port.stop();
    says_goodbye(messages).await;
    timeout(SOON, done).await.unwrap().unwrap().unwrap();
    assert!(started.elapsed() < Duration::from_secs(5), "nobody waited for the hard stop");
    let (goaway, data) = places(&tap.frames());
    assert!(goaway.is_some() && goaway < data);
    assert!(TcpStream::connect(addr).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_drain_lets_a_call_under_way_finish() {
    let port = Port::start(settings(|s| s.default_deadline_seconds = seconds(0.5)));
    let mut calls = port.client();
    let call = tokio::spawn(async move { calls.optimize(optimize("SLEEP")).await });
    while port.desk.calls.load(std::sync::atomic::Ordering::SeqCst) == 0 {
        sleep(Duration::from_millis(5)).await;
    }
    let done = port.stop();
    let status = call.await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "it got its own answer and was not cut: {status}");
    timeout(SOON, done).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn the_hard_stop_cuts_what_does_not_end() {
    let port = Port::start(settings(|s| s.hard_stop_seconds = seconds(0.3)));
    let mut messages = opened(&mut port.client(), "STUBBORN").await;
    let started = Instant::now();
    timeout(SOON, port.stop()).await.unwrap().unwrap().unwrap();
    assert!((0.3..3.0).contains(&started.elapsed().as_secs_f64()), "{:?}", started.elapsed());
    assert!(messages.message().await.is_err());
}

#[tokio::test]
async fn a_connection_that_never_asks_is_closed() {
    let port = Port::start(settings(|s| s.first_request_seconds = seconds(0.2)));
    let mut silent = TcpStream::connect(port.addr).await.unwrap();
    let read = timeout(SOON, silent.read(&mut [0; 16])).await.expect("it is closed");
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
}

#[tokio::test]
async fn one_connection_too_many_is_closed_at_once() {
    let port = Port::start(settings(|s| s.max_connections = 1));
    let mut first = port.client();
    first.optimize(optimize("AAPL")).await.unwrap();
    let mut second = TcpStream::connect(port.addr).await.unwrap();
    let read = timeout(SOON, second.read(&mut [0; 16])).await.expect("it is closed");
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    first.optimize(optimize("AAPL")).await.expect("the first is undisturbed");
}
