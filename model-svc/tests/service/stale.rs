use std::time::Duration;

use tickmesh_proto::model::v1::{self as wire, Action, ForecastQuality, Reason, Signal};
use tonic::Streaming;

use crate::harness::House;
use crate::market::walk;

/// The newest signal of S0 and the forecast of now.
async fn asked(house: &House) -> (Signal, wire::Forecast) {
    let request = wire::ListSignalsRequest { symbols: vec!["S0".into()] };
    let listed = house.service.forecasts().list_signals(request).await.unwrap().into_inner().signals.remove(0);
    (listed, house.predict("S0").await)
}

async fn stream(house: &House) -> Streaming<wire::StreamSignalsResponse> {
    let request = wire::StreamSignalsRequest { symbols: vec!["S0".into()], ..Default::default() };
    house.service.forecasts().stream_signals(request).await.unwrap().into_inner()
}

/// The next signals that a stream tells.
async fn next(stream: &mut Streaming<wire::StreamSignalsResponse>) -> Vec<Signal> {
    loop {
        let message = tokio::time::timeout(Duration::from_secs(20), stream.message()).await;
        let signals = message.expect("it is told in time").unwrap().unwrap().signals;
        if !signals.is_empty() {
            return signals;
        }
    }
}

fn standing(signal: &Signal) -> (Action, ForecastQuality, &[i32]) {
    (signal.action(), signal.quality(), &signal.reasons)
}

const HELD: (Action, ForecastQuality, &[i32]) = (Action::Hold, ForecastQuality::Stale, &[Reason::StaleData as i32]);

#[tokio::test]
async fn a_signal_whose_bars_have_ended_is_held_by_whatever_way_it_is_heard() {
    let house = House::trained().await;
    house.replay(450, 455).await;
    let mut live = stream(&house).await;
    assert_eq!(next(&mut live).await[0].quality(), ForecastQuality::Good, "the snapshot");
    for day in 455..465 {
        house.market.publish(walk("S1", 4, day, day + 1));
    }
    let lapsed = next(&mut live).await;
    assert_eq!((lapsed.len(), standing(&lapsed[0])), (1, HELD));
    let (listed, now) = asked(&house).await;
    assert_eq!((standing(&listed), listed.as_of), (HELD, now.as_of));
    let decision = now.signal.as_ref().unwrap();
    assert_eq!((decision.action(), now.quality(), decision.reasons.as_slice()), HELD);

    let house = house.restart().await;
    tokio::time::timeout(Duration::from_secs(20), house.service.readiness.ready()).await.unwrap();
    assert_eq!(standing(&asked(&house).await.0), HELD);
    let mut live = stream(&house).await;
    assert_eq!(standing(&next(&mut live).await[0]), HELD, "the snapshot");
    house.market.publish(walk("S0", 3, 465, 466));
    let back = next(&mut live).await;
    assert_eq!((back.len(), back[0].quality()), (1, ForecastQuality::Good), "told once, and its bars are back");
}
