//! Several clients on several threads, against one writer that does not wait for them.

use super::*;

const EVENTS: u64 = 20_000;
const KINDS: u64 = 5;

/// Symbols appear all the time, so that readers meet keys that they have not seen.
fn busy(n: u64) -> Record<'static> {
    let symbol = Box::leak(format!("S{}", n * n % 97 + n / 400).into_boxed_str());
    Record { symbol, kind: (n % KINDS) as u8, ..record(n, 0) }
}

async fn read(topic: Topic, delivery: Delivery, kind: Option<u8>) -> Vec<u64> {
    let fields = Fields { delivery: delivery.into(), ..Fields::default() };
    let subscription = Subscription::parse(fields, delivery).unwrap().filter(Filter { kind, time_frame: None });
    let mut client = Client::new(topic.subscribe(subscription, std::future::pending::<()>()).unwrap());
    while client.events.last().is_none_or(|last| *last <= EVENTS - KINDS) {
        client.wait().await.unwrap_or_else(|| panic!("{:?}", client.failed));
    }
    client.events
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_reader_misses_or_repeats_what_is_written_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let config = LogConfig { segment_bytes: 20_000, ..LogConfig::default() };
    let market = Market::over(Log::open(dir.path(), config).unwrap(), |config| TopicConfig {
        batch_window: Duration::from_micros(50),
        ..config
    });
    let everything = (0..4).map(|_| (Delivery::All, None));
    let one_kind = (0..KINDS).map(|kind| (Delivery::All, Some(kind as u8)));
    let readers: Vec<_> = everything
        .chain(one_kind)
        .chain([(Delivery::Latest, None)])
        .map(|(delivery, kind)| (delivery, kind, tokio::spawn(read(market.topic.clone(), delivery, kind))))
        .collect();
    // They begin with an empty snapshot.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let log = market.log.clone();
    let writer = tokio::task::spawn_blocking(move || {
        for first in (1..=EVENTS).step_by(10) {
            let records: Vec<_> = (first..first + 10).map(busy).collect();
            log.publish(log.append(&records).unwrap());
        }
    });
    writer.await.unwrap();
    for (delivery, kind, reader) in readers {
        let events = tokio::time::timeout(Duration::from_secs(30), reader).await.unwrap().unwrap();
        let wanted = (1..=EVENTS).filter(|n| kind.is_none_or(|kind| n % KINDS == u64::from(kind)));
        match delivery {
            Delivery::All => assert!(wanted.eq(events.iter().copied()), "kind {kind:?}: {} events", events.len()),
            _ => assert!(events.windows(2).all(|pair| pair[0] < pair[1]) && events.last() == Some(&EVENTS)),
        }
    }
}
