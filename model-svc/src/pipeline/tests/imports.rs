//! Bars that come beside the market's stream.

use super::*;
use crate::decision::Action;

/// What a training asks the market for may overtake the stream after a restart.
#[tokio::test]
async fn a_history_that_overtakes_the_stream_loses_no_signal() {
    let house = House::new().await;
    let expected = house.unbroken(1_000).await;
    drop(house.feed(950).await);
    let mut pipeline = house.start().await;
    pipeline.on_event(FeedEvent::Joined { epoch: RUN.to_owned() }).await;
    let bars = house.bars[..1_000].iter().filter(|one| one.symbol.as_str() == "S0").map(|one| one.bar).collect();
    let (answer, _) = tokio::sync::oneshot::channel();
    pipeline.on_command(Command::Backfill { symbol: testing::symbol("S0"), bars, answer }).await;
    pipeline.on_event(FeedEvent::Bars { bars: house.bars[..1_000].to_vec(), cursor: String::new() }).await;
    assert_eq!(house.logged(), expected);
    assert_eq!(house.stored().await, expected.len());
}

/// Their outcomes came with them: that is no forecast that anybody could have followed.
#[tokio::test]
async fn a_long_import_is_held_but_for_its_last_sessions() {
    let house = House::new().await;
    let mut pipeline = house.feed(900).await;
    pipeline.on_event(FeedEvent::CaughtUp).await;
    let before = house.logged().len();
    let bars = house.bars[..1_000].iter().filter(|one| one.symbol.as_str() == "S0").map(|one| one.bar).collect();
    pipeline.on_event(FeedEvent::Imported { symbol: testing::symbol("S0"), bars }).await;
    let imported = &house.logged()[before..];
    let is_held = |forecast: &Forecast| forecast.is_stale() && forecast.decision.action == Action::Hold;
    let last = imported.iter().rposition(is_held).unwrap();
    assert_eq!(imported.len(), 50);
    assert!(imported[..=last].iter().all(is_held) && imported.len() - 1 - last <= 4, "{last}");
}

#[tokio::test]
async fn imported_bars_are_taken_once_the_history_is_in() {
    let house = House::new().await;
    let expected = house.unbroken(904).await;
    let mut pipeline = house.feed(900).await;
    let imported = |symbol: &str| {
        let of_symbol = house.bars[..904].iter().filter(|one| one.symbol.as_str() == symbol);
        FeedEvent::Imported { symbol: testing::symbol(symbol), bars: of_symbol.map(|one| one.bar).collect() }
    };
    let before = house.logged();
    pipeline.on_event(imported("S0")).await;
    assert_eq!(house.logged(), before, "the history has them");
    pipeline.on_event(FeedEvent::CaughtUp).await;
    pipeline.on_event(imported("S0")).await;
    pipeline.on_event(imported("S1")).await;
    let place = |forecast: &Forecast| (forecast.as_of, forecast.symbol.clone());
    let (mut logged, mut expected) = (house.logged(), expected);
    logged.sort_by_key(place);
    expected.sort_by_key(place);
    assert_eq!(logged, expected);
}
