//! Ack, snapshot, resume, heartbeat.

use super::*;

#[tokio::test(start_paused = true)]
async fn the_ack_says_what_is_in_force() {
    let market = Market::new();
    let mut client = market
        .open(Fields {
            min_interval: seconds(2),
            heartbeat_interval: seconds(9),
            ..Fields { symbols: listed(&["NVDA", "nvda", "ZZZ", "AAPL"]).symbols, ..latest() }
        })
        .unwrap();
    let message = client.take().unwrap();
    let Control::Ack(ack) = control(&message) else { panic!("{message:?}") };
    assert_eq!((ack.accepted_symbols.as_slice(), ack.all_symbols), (["AAPL".into(), "NVDA".into()].as_slice(), false));
    let refused: Vec<_> = ack.rejected_symbols.iter().map(|r| (r.symbol.as_str(), r.reason.as_str())).collect();
    assert_eq!(refused, [("nvda", "SYMBOL_MALFORMED"), ("ZZZ", "SYMBOL_UNKNOWN")]);
    assert_eq!((ack.delivery(), ack.min_interval, ack.heartbeat_interval), (Delivery::Latest, seconds(2), seconds(9)));
    assert_eq!((ack.epoch.as_str(), ack.resume_after.as_str()), (market.log.epoch().as_str(), ""));
    let limits = ack.limits.unwrap();
    assert_eq!((limits.max_symbols, limits.max_message_bytes, limits.max_stall), (500, 65_536, seconds(30)));
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_nothing_but_unknown_symbols_stays_open() {
    let market = Market::new();
    let mut client = market.joined(listed(&["ZZZ"]));
    market.publish(10);
    let messages = client.drain_for(Duration::from_secs(16)).await;
    assert!(client.failed.is_none() && client.events.is_empty());
    assert!(matches!(control(&messages[0]), Control::Heartbeat(_)));
}

#[tokio::test(start_paused = true)]
async fn the_snapshot_has_the_newest_of_each_and_updates_follow() {
    let market = Market::new();
    market.publish(10);
    let mut client = market.open(Fields::default()).unwrap();
    let messages = client.drain();
    assert!(messages[1].bars.iter().all(|bar| bar.is_snapshot));
    let Control::SnapshotComplete(complete) = control(&messages[2]) else { panic!("{messages:?}") };
    assert_eq!((complete.events, messages[2].cursor.as_str()), (3, market.log.cursor(Position::new(10)).as_str()));
    client.events.sort_unstable();
    assert_eq!(client.events, [8, 9, 10]);
    market.publish(2);
    let update = client.take().unwrap();
    assert!(update.bars.iter().all(|bar| !bar.is_snapshot));
    assert_eq!(client.events[3..], [11, 12]);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_leaves_out_what_an_update_brings() {
    let market = Market::new();
    market.publish(3);
    let mut client = market.open(Fields::default()).unwrap();
    client.take().unwrap();
    // The source has been asked by the time that the first page is made; the newest AAPL comes in between.
    let joined = market.log.snapshot(&Wanted::everything());
    market.publish(1);
    let pages: Vec<_> = joined.pages.collect().await;
    assert_eq!(pages.iter().map(|page| page.as_ref().unwrap().len()).sum::<usize>(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_resumed_stream_goes_on_without_a_snapshot() {
    let market = Market::new();
    let mut client = market.joined(Fields::default());
    market.publish(5);
    client.drain();
    let cursor = client.cursor.clone();
    drop(client);
    market.publish(3);
    let mut client = market.open(after(&cursor)).unwrap();
    let message = client.take().unwrap();
    let Control::Ack(ack) = control(&message) else { panic!("{message:?}") };
    assert_eq!((&ack.resume_after, &message.cursor), (&cursor, &cursor));
    client.drain();
    assert_eq!(client.events, [6, 7, 8]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_goes_on_over_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let open = || Market::over(Log::open(dir.path(), LogConfig::default()).unwrap(), |config| config);
    let market = open();
    let mut client = market.joined(Fields::default());
    market.publish(5);
    client.drain();
    let cursor = client.cursor.clone();
    drop((client, market));
    let market = open();
    market.publish(2);
    let mut client = market.open(after(&cursor)).unwrap();
    client.drain();
    assert_eq!(client.events, [6, 7]);
}

/// A log whose window has dropped its first events.
fn short_window() -> Market {
    let config = LogConfig { max_events: 80, ..LogConfig::default() };
    let market = Market::over(Log::memory(config), |config| config);
    (0..100).for_each(|_| market.publish(1));
    assert!(market.log.oldest().get() >= 20);
    market
}

#[tokio::test(start_paused = true)]
async fn an_old_cursor_is_out_of_range_and_the_oldest_is_named() {
    let market = short_window();
    let oldest = market.log.oldest();
    let fault = market.open(after(&market.log.cursor(Position::new(oldest.get() - 1)))).err().unwrap();
    assert_eq!((fault.code(), fault.reason()), (tickmesh_mesh::status::Code::OutOfRange, "CURSOR_EXPIRED"));
    let named = fault.metadata("oldest_cursor").unwrap().to_owned();
    let mut client = market.open(after(&named)).unwrap();
    client.drain();
    assert_eq!(client.events, (oldest.get() + 1..=100).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn another_epoch_is_out_of_range() {
    let (one, other) = (Market::new(), Market::new());
    let fault = other.open(after(&one.log.cursor(Position::START))).err().unwrap();
    assert_eq!(fault.reason(), "EPOCH_CHANGED");
    let fault = other.open(after("rubbish")).err().unwrap();
    assert_eq!(fault.violations()[0].0, "resume_after");
}

#[tokio::test(start_paused = true)]
async fn best_effort_gets_a_gap_and_a_fresh_snapshot() {
    let market = short_window();
    let cursor = market.log.cursor(Position::new(3));
    let mut client = market.open(Fields { best_effort: true, ..after(&cursor) }).unwrap();
    let messages = client.drain();
    assert!(matches!(control(&messages[0]), Control::Ack(ack) if ack.resume_after == cursor));
    let Control::Gap(gap) = control(&messages[1]) else { panic!("{messages:?}") };
    assert_eq!((gap.from.as_str(), gap.reason.as_str()), (cursor.as_str(), "CURSOR_EXPIRED"));
    assert!(matches!(control(&messages[3]), Control::SnapshotComplete(_)));
    assert_eq!(gap.to, messages[3].cursor);
    market.publish(1);
    client.drain();
    assert_eq!(client.events.last(), Some(&101));
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_comes_after_each_silent_interval() {
    let market = Market::new();
    let mut client = market.joined(Fields { heartbeat_interval: seconds(4), ..listed(&["AAPL"]) });
    let began = Instant::now();
    let message = client.wait().await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 4);
    let Control::Heartbeat(heartbeat) = control(&message) else { panic!("{message:?}") };
    assert_eq!((heartbeat.lag, heartbeat.feed_state()), (0, FeedState::Live));
    assert_eq!(heartbeat.market_time, Some(at(99).into()));
    // Events of other symbols move the cursor, and an own event puts the heartbeat off.
    market.publish(2);
    tokio::time::advance(Duration::from_secs(2)).await;
    assert!(client.take().is_none());
    market.publish(1);
    assert_eq!(client.wait().await.unwrap().bars.len(), 1);
    let message = client.wait().await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 4 + 2 + 4);
    assert_eq!(message.cursor, market.log.cursor(Position::new(3)));
}
