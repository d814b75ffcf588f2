//! Clients that do not read.

use tokio::sync::oneshot;
use tokio::time::{advance, sleep};

use super::*;

/// A client, and what tells that its stream's memory is gone.
fn probed(market: &Market, fields: Fields) -> (Client, oneshot::Receiver<()>) {
    let (held, freed) = oneshot::channel::<()>();
    let ending = async move {
        let _held = held;
        std::future::pending::<()>().await;
    };
    let mut client = market.open_until(fields, ending).unwrap();
    client.drain();
    (client, freed)
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_for_30_seconds_is_ended_and_freed() {
    let market = Market::new();
    let (mut client, mut freed) = probed(&market, Fields::default());
    let mut other = market.joined(Fields::default());
    market.publish(5);
    assert_eq!(client.drain().len(), 1);
    market.publish(5);
    sleep(Duration::from_secs(29)).await;
    assert!(freed.try_recv() == Err(oneshot::error::TryRecvError::Empty));
    other.drain();
    sleep(Duration::from_secs(3)).await;
    assert!(freed.try_recv() == Err(oneshot::error::TryRecvError::Closed), "freed although nobody polls it");
    assert!(client.take().is_none());
    let fault = Fault::from(client.failed.take().unwrap());
    assert_eq!((fault.reason(), fault.code()), ("SLOW_CONSUMER", tickmesh_mesh::status::Code::ResourceExhausted));
    assert_eq!(fault.metadata("cursor"), Some(market.log.cursor(Position::new(5)).as_str()));
    let mut resumed = market.open(after(&client.cursor)).unwrap();
    resumed.drain();
    assert_eq!((resumed.events, other.events.len()), ((6..=10).collect(), 10));
}

#[tokio::test(start_paused = true)]
async fn who_takes_something_now_and_then_is_not_ended() {
    let market = Market::new();
    let mut client = market.joined(Fields::default());
    for _ in 0..10 {
        market.publish_padded(200, 1_000);
        sleep(Duration::from_secs(28)).await;
        assert!(client.take().is_some());
    }
    assert!(client.failed.is_none());
}

#[tokio::test(start_paused = true)]
async fn silence_is_no_stall() {
    let market = Market::new();
    let mut client = market.joined(listed(&["AAPL"]));
    // Nobody polls, but nothing is there to be taken either: events of others do not count.
    for _ in 0..60 {
        sleep(Duration::from_secs(10)).await;
        publish_other(&market);
    }
    market.log.publish(market.log.append(&[record(3, 0)]).unwrap());
    assert_eq!(client.wait().await.unwrap().bars.len(), 1);
}

fn publish_other(market: &Market) {
    market.log.publish(market.log.append(&[record(1, 0)]).unwrap());
}

#[tokio::test(start_paused = true)]
async fn holding_back_for_the_interval_is_no_stall() {
    let market = Market::new();
    let mut client = market.joined(Fields { min_interval: seconds(60), heartbeat_interval: seconds(60), ..latest() });
    market.publish(3);
    client.wait().await.unwrap();
    market.publish(3);
    let message = client.wait().await.unwrap();
    assert_eq!(message.bars.len() + usize::from(message.control.is_some()), 3, "{message:?}");
    assert!(client.failed.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_nobody_takes_is_a_stall() {
    let market = Market::new();
    market.publish(3);
    let mut client = market.open(Fields::default()).unwrap();
    client.take().unwrap();
    sleep(Duration::from_secs(32)).await;
    assert!(client.take().is_none());
    let fault = Fault::from(client.failed.unwrap());
    assert_eq!((fault.reason(), fault.metadata("cursor")), ("SLOW_CONSUMER", None));
}

/// A stream that is polled no more although it has been woken: its connection has no room for it.
#[tokio::test(start_paused = true)]
async fn a_page_that_comes_late_to_a_full_connection_is_a_stall() {
    let market = Market::new();
    let mut client = market.open(Fields { heartbeat_interval: seconds(60), ..Fields::default() }).unwrap();
    client.take().unwrap();
    market.source.delay(Duration::from_secs(45));
    assert!(client.take().is_none(), "the source is asked");
    sleep(Duration::from_secs(44)).await;
    let turns = || market.topic.shared.watched.stalled();
    assert_eq!(turns(), 0, "the stream waits for its source");
    sleep(Duration::from_secs(3)).await;
    assert_eq!(turns(), 1, "the client could go on");
    sleep(Duration::from_secs(30)).await;
    assert!(client.take().is_none());
    assert_eq!(Fault::from(client.failed.unwrap()).reason(), "SLOW_CONSUMER");
}

#[tokio::test(start_paused = true)]
async fn all_is_ended_when_its_next_event_has_left_the_window() {
    let market = Market::over(Log::memory(LogConfig { max_events: 80, ..LogConfig::default() }), |config| config);
    let mut client = market.joined(Fields::default());
    market.publish(1);
    client.take().unwrap();
    advance(Duration::from_millis(10)).await;
    (0..100).for_each(|_| market.publish(1));
    assert!(client.take().is_none());
    let fault = Fault::from(client.failed.unwrap());
    assert_eq!((fault.reason(), fault.metadata("cursor")), ("SLOW_CONSUMER", Some(client.cursor.as_str())));
}

#[tokio::test(start_paused = true)]
async fn figures_say_what_happened() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let _guard = ::metrics::set_default_local_recorder(&recorder);
    let market = Market::new();
    let client = market.joined(Fields::default());
    market.publish(2);
    assert!(handle.render().contains("tickmesh_streams_active{topic=\"bars\"} 1"));
    sleep(Duration::from_secs(32)).await;
    drop(client);
    drop(
        market.open(Fields { best_effort: true, ..after(&Market::new().log.cursor(Position::START)) }).unwrap().drain(),
    );
    let text = handle.render();
    for line in [
        "tickmesh_streams_active{topic=\"bars\"} 0",
        "tickmesh_events_appended_total{log=\"events\"} 2",
        "tickmesh_slow_consumers_ended_total{topic=\"bars\",cause=\"stalled\"} 1",
        "tickmesh_stream_resumes_total{topic=\"bars\",result=\"gap\"} 1",
        "tickmesh_stream_gaps_total{topic=\"bars\",reason=\"EPOCH_CHANGED\"} 1",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}
