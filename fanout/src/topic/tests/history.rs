//! From stored events to live ones.

use super::*;

fn from(second: u64) -> Fields {
    Fields { start_time: Some(at(second).into()), ..Fields::default() }
}

impl Market {
    /// Stores events 1 to `events`, and says where each read of them joins the log.
    fn store(&self, events: u64, joins: &[(u64, u64)]) {
        let mut stored = self.source.stored.lock().unwrap();
        stored.events = (1..=events).collect();
        stored.joins = joins.iter().map(|(position, through)| (Position::new(*position), at(*through))).collect();
        stored.page = 7;
    }
}

#[tokio::test(start_paused = true)]
async fn history_goes_over_into_live_without_a_hole_or_a_repeat() {
    let market = Market::new();
    market.publish(40);
    market.store(45, &[(40, 40)]);
    let mut client = market.open(from(10)).unwrap();
    market.publish(5);
    let messages = client.drain();
    assert_eq!(client.events, (10..=45).collect::<Vec<_>>());
    let history = messages.iter().flat_map(|message| &message.bars).filter(|bar| bar.is_snapshot).count();
    let complete = messages.iter().find_map(|message| match &message.control {
        Some(Control::SnapshotComplete(complete)) => Some((complete.events, message.cursor.clone())),
        _ => None,
    });
    assert_eq!((complete, history), (Some((31, market.log.cursor(Position::new(40)))), 31));
}

#[tokio::test(start_paused = true)]
async fn history_is_read_on_when_its_end_has_left_the_window() {
    let market = Market::over(Log::memory(LogConfig { max_events: 80, ..LogConfig::default() }), |config| config);
    market.publish(20);
    market.store(220, &[(20, 20), (200, 200)]);
    let mut client = market.open(from(1)).unwrap();
    client.take().unwrap();
    client.take().unwrap();
    (0..200).for_each(|_| market.publish(1));
    assert!(market.log.oldest().get() > 20);
    client.drain();
    assert!(client.failed.is_none());
    assert_eq!(client.events, (1..=220).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn history_has_heartbeats_while_the_source_thinks() {
    let market = Market::new();
    let mut client = market.open(Fields::default()).unwrap();
    client.take().unwrap();
    let slow = Joined {
        position: Position::START,
        through: None,
        pages: stream::once(async {
            tokio::time::sleep(Duration::from_secs(40)).await;
            Ok(page(&[1]))
        })
        .boxed(),
    };
    let mut pages = pages::Pages::new(slow, None, 0);
    assert!(tokio::time::timeout(Duration::from_secs(15), pages.pull()).await.is_err());
    assert!(tokio::time::timeout(Duration::from_secs(15), pages.pull()).await.is_err());
    pages.pull().await.unwrap();
    assert_eq!(pages.cut(100).unwrap().events, 1, "what an interrupted wait had begun is not lost");
}

#[tokio::test(start_paused = true)]
async fn a_stream_without_history_refuses_a_start_time() {
    let market = Market::new();
    let mut client = market.open(from(10)).unwrap();
    client.drain();
    assert_eq!(client.failed.unwrap().code(), tonic::Code::InvalidArgument);
}
