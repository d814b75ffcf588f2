//! ALL and LATEST, filters and views, batches.

use tickmesh_proto::market::v1::{StreamTicksResponse, Tick, tick};

use super::*;

#[tokio::test(start_paused = true)]
async fn all_delivers_every_selected_event_in_order() {
    let market = Market::new();
    let mut client = market.joined(listed(&["AAPL", "NVDA"]));
    for count in [1, 7, 30] {
        market.publish(count);
        tokio::time::advance(Duration::from_secs(1)).await;
        client.drain();
    }
    assert_eq!(client.events, (1..=38).filter(|n| n % 3 != 1).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn events_that_come_together_leave_together() {
    let market = Market::new();
    let mut client = market.joined(Fields::default());
    market.publish(1);
    assert_eq!(client.wait().await.unwrap().bars.len(), 1);
    let began = Instant::now();
    (0..20).for_each(|_| market.publish(1));
    assert!(client.take().is_none());
    assert_eq!(client.wait().await.unwrap().bars.len(), 20);
    assert_eq!(began.elapsed(), Duration::from_millis(5));
}

#[derive(Default)]
struct Wakes(std::sync::atomic::AtomicUsize);

impl std::task::Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn events_of_others_wake_a_stream_once_a_window() {
    let market = Market::new();
    let mut client = market.joined(listed(&["AAPL"]));
    let wakes = Arc::new(Wakes::default());
    let waker = Arc::clone(&wakes).into();
    for millisecond in 0..20 {
        for _ in 0..10 {
            market.log.publish(market.log.append(&[record(1, 0)]).unwrap());
            let polled = client.messages.poll_next_unpin(&mut std::task::Context::from_waker(&waker));
            assert!(polled.is_pending(), "at {millisecond} ms");
        }
        tokio::time::advance(Duration::from_millis(1)).await;
    }
    let wakes = wakes.0.load(Ordering::Relaxed);
    assert!((4..=12).contains(&wakes), "{wakes} for 200 events in four windows");
}

#[tokio::test(start_paused = true)]
async fn a_backlog_is_sent_at_once_in_messages_below_the_limit() {
    let market = Market::new();
    let mut client = market.joined(Fields::default());
    market.publish_padded(500, 1_000);
    let sizes: Vec<_> = client.drain().iter().map(|message| message.bars.len()).collect();
    assert_eq!(client.events, (1..=500).collect::<Vec<_>>());
    assert!(sizes.len() < 10 && sizes[..sizes.len() - 1].iter().all(|events| *events > 60), "{sizes:?}");
}

#[tokio::test(start_paused = true)]
async fn the_largest_event_fits_into_a_message() {
    let market = Market::new();
    let mut client = market.joined(Fields::default());
    market.publish_padded(3, crate::log::MAX_EVENT_BYTES - 30);
    assert_eq!(client.drain().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn latest_delivers_the_newest_of_each_key() {
    let market = Market::new();
    let mut client = market.joined(latest());
    market.publish(50);
    client.drain();
    assert_eq!(client.events, [48, 49, 50]);
    market.publish(1);
    client.drain_for(Duration::from_secs(1)).await;
    assert_eq!(client.events[3..], [51]);
}

#[tokio::test(start_paused = true)]
async fn latest_waits_for_its_interval() {
    let market = Market::new();
    let mut client = market.joined(Fields { min_interval: seconds(10), ..latest() });
    market.publish(3);
    assert_eq!(client.wait().await.unwrap().bars.len(), 3);
    let began = Instant::now();
    market.publish(30);
    assert_eq!(client.wait().await.unwrap().bars.len(), 3);
    assert_eq!(began.elapsed().as_secs(), 10);
    assert_eq!(client.events[3..], [31, 32, 33]);
}

#[tokio::test(start_paused = true)]
async fn latest_never_falls_out_of_the_window() {
    let market = Market::over(Log::memory(LogConfig { max_events: 80, ..LogConfig::default() }), |config| config);
    let mut client = market.joined(latest());
    market.publish(1);
    // Only NVDA and AAPL go on: the newest MSFT leaves the window unread.
    for _ in 0..200 {
        let n = market.log.head().get() + 1;
        let other = record(if n % 3 == 1 { n + 1 } else { n }, 0);
        market.log.publish(market.log.append(&[other]).unwrap());
    }
    assert!(market.log.oldest().get() > 1);
    client.drain();
    assert!(client.failed.is_none());
    assert!(client.events.contains(&1) && client.events.len() == 3, "{:?}", client.events);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_never_rests_is_not_put_off_by_others() {
    let market = Market::new();
    let mut client = market.joined(latest());
    // Each message has room for two of the three keys, and events come faster than messages are taken.
    market.publish_padded(3, 30_000);
    let mut of_symbol = [0; 3];
    for _ in 0..30 {
        market.publish_padded(30, 30_000);
        let message = client.take().unwrap();
        message.bars.iter().for_each(|bar| of_symbol[bar.volume as usize % 3] += 1);
    }
    assert!(of_symbol.iter().all(|count| *count >= 15), "{of_symbol:?}");
}

#[tokio::test(start_paused = true)]
async fn two_views_of_one_log_share_their_cursors() {
    let market = Market::over(Log::memory(LogConfig::default()), |config| config.view(View::Inner));
    let config = TopicConfig::new("ticks", || at(7), 1);
    let ticks = Topic::new(market.log.clone(), config, Arc::clone(&market.source) as Arc<dyn Source>);
    let mut bars = market.joined(listed(&["AAPL", "MSFT"]));
    let mut all = ticks
        .subscribe(Subscription::parse(Fields::default(), Delivery::All).unwrap(), std::future::pending::<()>())
        .unwrap();
    while all.next().now_or_never().is_some() {}
    for n in 1..=6 {
        publish_tick(&market.log, n);
    }
    let message = bars.drain().pop().unwrap();
    assert_eq!(bars.events, [3, 4], "the bars among the ticks, without those of NVDA");
    let mut sent = Vec::new();
    while let Some(bytes) = all.next().now_or_never().flatten() {
        sent.push(StreamTicksResponse::decode(bytes.unwrap()).unwrap());
    }
    let sent = sent.pop().unwrap();
    assert_eq!(sent.ticks.len(), 6);
    assert_eq!(sent.cursor, message.cursor);
}

/// Trades and, from the third on, bars inside of ticks.
fn publish_tick(log: &Log, n: u64) {
    let event = match n {
        3..=5 => tick::Event::Bar(bar(n)),
        _ => tick::Event::Trade(Default::default()),
    };
    let body = Tick { symbol: symbol(n).into(), event: Some(event), ..Tick::default() }.encode_to_vec();
    let inner = matches!(n, 3..=5).then(|| body.len() - bar(n).encoded_len()..body.len());
    log.publish(log.append(&[Record { body: body.into(), inner, ..record(n, 0) }]).unwrap());
}
