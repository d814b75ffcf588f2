//! Draining, age, what remains afterwards.

use tokio::sync::oneshot;
use tonic_types::StatusExt;

use super::*;

/// An ending that shows whether it is still held after it has resolved.
struct Held {
    drained: oneshot::Receiver<()>,
    _held: oneshot::Sender<()>,
}

impl Future for Held {
    type Output = ();

    fn poll(mut self: std::pin::Pin<&mut Self>, context: &mut std::task::Context<'_>) -> std::task::Poll<()> {
        self.drained.poll_unpin(context).map(|_| ())
    }
}

#[tokio::test(start_paused = true)]
async fn a_drained_stream_says_where_to_go_on() {
    let market = Market::new();
    let (drain, drained) = oneshot::channel::<()>();
    let mut client = market.open_until(Fields::default(), async { drop(drained.await) }).unwrap();
    client.drain();
    market.publish(4);
    client.drain();
    drop(drain);
    let message = client.wait().await.unwrap();
    let Control::EndOfStream(end) = control(&message) else { panic!("{message:?}") };
    assert_eq!((end.reason().as_str_name(), end.cursor.as_str()), ("REASON_DRAINING", client.cursor.as_str()));
    assert_eq!(end.cursor, market.log.cursor(Position::new(4)));
    assert!(client.wait().await.is_none());
    let status = client.failed.take().unwrap();
    assert_eq!(status.code(), tonic::Code::Unavailable);
    let retry_delay = status.get_details_retry_info().unwrap().retry_delay.unwrap();
    assert!(retry_delay <= RETRY_WITHIN);
    let fault = Fault::from(status);
    assert_eq!((fault.reason(), fault.metadata("cursor")), ("DRAINING", Some(client.cursor.as_str())));
    assert!(client.wait().await.is_none() && client.failed.is_none(), "and then nothing");
}

#[tokio::test(start_paused = true)]
async fn the_ending_is_held_until_goodbye_is_said() {
    let market = Market::new();
    let (drain, drained) = oneshot::channel::<()>();
    let (held, mut freed) = oneshot::channel::<()>();
    let mut client = market.open_until(Fields::default(), Held { drained, _held: held }).unwrap();
    client.drain();
    drop(drain);
    assert!(matches!(control(&client.wait().await.unwrap()), Control::EndOfStream(_)));
    assert_eq!(freed.try_recv(), Err(oneshot::error::TryRecvError::Empty));
    assert!(client.wait().await.is_none());
    assert!(client.wait().await.is_none());
    assert_eq!(freed.try_recv(), Err(oneshot::error::TryRecvError::Closed));
}

/// A call with so much time.
fn call(left: Duration) -> context::RequestContext {
    let (trace_id, span_id) = (String::new(), String::new());
    context::RequestContext {
        request_id: "r-1".into(),
        caller: Arc::new(context::Caller::anonymous()),
        deadline: Some(Instant::now() + left),
        trace: Arc::new(context::Trace { trace_id, span_id, sampled: false, state: None }),
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_says_goodbye_before_the_deadline_of_its_call() {
    for (left, kept) in [(10_000, 100), (200, 50)].map(|(l, k)| (Duration::from_millis(l), Duration::from_millis(k))) {
        let market = Market::new();
        let (call, started) = (call(left), Instant::now());
        let mut client = context::scope(call, async { market.joined(Fields::default()) }).await;
        let message = client.wait().await.unwrap();
        let Control::EndOfStream(end) = control(&message) else { panic!("{message:?}") };
        assert_eq!(end.reason(), tickmesh_proto::r#type::v1::end_of_stream::Reason::Deadline);
        let after = started.elapsed();
        // Timers are of a millisecond.
        assert!(after >= left - kept && after <= left - kept + Duration::from_millis(2), "after {after:?} of {left:?}");
        client.wait().await;
        let fault = Fault::from(client.failed.unwrap());
        assert_eq!(
            (fault.code(), fault.metadata("request_id")),
            (tickmesh_mesh::status::Code::DeadlineExceeded, Some("r-1"))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_backlog_does_not_put_the_end_off() {
    let market = Market::new();
    let (drain, drained) = oneshot::channel::<()>();
    let mut client = market.open_until(Fields::default(), async { drop(drained.await) }).unwrap();
    client.drain();
    market.publish_padded(2_000, 1_000);
    client.take().unwrap();
    drop(drain);
    let message = client.take().unwrap();
    assert!(matches!(control(&message), Control::EndOfStream(_)));
}

#[tokio::test(start_paused = true)]
async fn streams_end_at_their_age_each_at_its_own_time() {
    let market = Market::new();
    let began = Instant::now();
    let mut ages = Vec::new();
    for _ in 0..5 {
        let mut client = market.joined(Fields::default());
        let opened = Instant::now();
        while !matches!(control(&client.wait().await.unwrap()), Control::EndOfStream(_)) {}
        ages.push(opened.elapsed());
    }
    assert!(ages.iter().all(|age| (27 * 60..=33 * 60).contains(&age.as_secs())), "{ages:?}");
    assert!(ages.windows(2).any(|pair| pair[0] != pair[1]));
    assert!(began.elapsed() > Duration::from_secs(5 * 27 * 60));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_when_topic_and_streams_are_gone() {
    let market = Market::new();
    let client = market.joined(Fields::default());
    let weak = Arc::downgrade(&market.topic.shared);
    drop(market);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(weak.upgrade().is_some(), "the stream holds it");
    drop(client);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!((weak.strong_count(), tokio::runtime::Handle::current().metrics().num_alive_tasks()), (0, 0));
}

#[test]
fn an_idle_stream_is_small() {
    let bytes = size_of::<Subscriber>();
    assert!(bytes <= 1024, "{bytes}");
}
