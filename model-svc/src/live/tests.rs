use std::collections::BTreeMap;
use std::sync::Arc;

use tickmesh_proto::types::{Calendar, Symbol, Timestamp, utc_date};

use super::*;
use crate::decision::{Action, Reason};
use crate::family::{ForestSpec, Spec};
use crate::forecast::{Quality, Rules};
use crate::history::History;
use crate::testing;
use crate::training::{Order, Plan};
use crate::version::Version;

const SPLIT: &str = "2021-01-01";

/// Trains one version per symbol on the bars before the split.
fn train(histories: &BTreeMap<Symbol, History>, trees: usize) -> Vec<Install> {
    let order = Order { spec: Spec::Forest(ForestSpec { trees, ..ForestSpec::default() }), ..Order::default() };
    let past = histories.iter().map(|(symbol, bars)| (symbol.clone(), bars.until(testing::date(SPLIT)).to_vec()));
    let (plan, skipped) = Plan::new(order, past.collect());
    assert_eq!(skipped, []);
    let done = plan.units().into_iter().map(|unit| plan.run(unit, &|| false).unwrap()).collect();
    let (trained, skipped) = plan.finish(done, &[], &|_| 1);
    assert_eq!(skipped, []);
    trained.into_iter().map(|trained| testing::install(trained, 1)).collect()
}

fn issued(events: &[Event]) -> Vec<&Issued> {
    let issued = events.iter().filter_map(|event| match event {
        Event::Issued(issued) => Some(issued.as_ref()),
        Event::Scored(_) => None,
    });
    issued.collect()
}

/// The calendar knew the date of the bar that came next, over all weekends and holidays.
fn assert_each_targets_the_next_bar(histories: &BTreeMap<Symbol, History>, events: &[Event]) {
    for Issued { forecast, .. } in issued(events) {
        let bars = histories[&forecast.symbol].bars();
        if let Some(next) = bars.get(bars.partition_point(|bar| bar.time() <= forecast.as_of)) {
            assert_eq!(utc_date(forecast.target_time), utc_date(next.time()), "{}", forecast.symbol);
        }
    }
}

/// The expectation that the bundled replay has to meet, with fewer trees than are served, so that the test is fast.
#[test]
fn the_bundled_replay_keeps_its_coverage_and_stays_near_persistence() {
    let histories = testing::bundled();
    let champions = train(&histories, 40);
    for install in &champions {
        let figures = &install.version.facts.evaluation;
        assert!(figures.mse < 1.1 * figures.mse_persistence, "{}: {figures:?}", install.version.name);
        assert!(figures.information_coefficient.is_none_or(|ic| ic.abs() < 0.2), "a leak: {figures:?}");
    }
    let mut engine = Engine::new(Rules::default(), champions, Archive::default());
    let events = engine.take(testing::stream(&histories), "");
    assert_each_targets_the_next_bar(&histories, &events);
    for (symbol, standing) in engine.board().symbols {
        let score = standing.scores[0].1.read().unwrap();
        let (coverage, ratio) = (score.coverage().unwrap(), score.mse().unwrap() / score.mse_persistence().unwrap());
        println!(
            "{symbol}: n {} coverage {coverage:.4} mse/persistence {ratio:.4} ± {:.4} hits {:?} ic {:?} clamps {}",
            score.count(),
            score.errors().error().unwrap(),
            score.hits().rate(),
            score.information_coefficient(),
            score.clamps(),
        );
        assert!(score.count() > 600, "{symbol}");
        assert!((coverage - 0.90).abs() < 0.02, "{symbol}: coverage {coverage}");
        assert!(ratio < 1.1, "{symbol}: {ratio}");
    }
}

fn run(champions: &[Install], archive: Archive, bars: &[LiveBar]) -> (Engine, Vec<Event>) {
    let mut engine = Engine::new(Rules::default(), champions.to_vec(), archive);
    let events = engine.take(bars.to_vec(), "");
    (engine, events)
}

#[test]
fn every_bar_after_training_gets_one_forecast_and_its_outcome() {
    let (histories, champions) = testing::small();
    let (engine, events) = run(&champions, Archive::default(), &testing::stream(&histories));
    let issued = issued(&events);
    assert_eq!(issued.len(), 2 * (560 - 449), "the bar at the end of the training range and all after it");
    assert_eq!(events.len() - issued.len(), 2 * (560 - 450), "all but the newest have their outcome");
    let first = &issued[0].forecast;
    assert_eq!((first.as_of, first.quality()), (testing::day(449), Quality::Good), "nobody has seen what it speaks of");
    assert_ne!(first.decision.reasons, [Reason::InSample]);
    let score = engine.board().symbols.values().next().unwrap().scores[0].1.clone();
    assert_eq!(score.read().unwrap().count(), 560 - 450, "all that have their outcome");
}

/// Bar by bar, in batches or all at once; and cut off at any bar with what was served so far in the archive.
#[test]
fn the_same_bars_give_the_same_events_however_they_come() {
    let (histories, champions) = testing::small();
    let bars = testing::stream(&histories);
    let (_, whole) = run(&champions, Archive::default(), &bars);
    let mut engine = Engine::new(Rules::default(), champions.clone(), Archive::default());
    let single: Vec<Event> = bars.iter().flat_map(|bar| engine.take(vec![bar.clone()], "")).collect();
    assert_eq!(single, whole);
    for cut in [900, 901, 950, 1111] {
        let (_, before) = run(&champions, Archive::default(), &bars[..cut]);
        let (_, after) = run(&champions, archive(&before), &bars);
        assert_eq!([before, after].concat(), whole, "cut at {cut}: nothing lost, nothing doubled");
    }
}

fn archive(events: &[Event]) -> Archive {
    let mut archive = Archive::default();
    for issued in issued(events) {
        let Issued { forecast, .. } = issued;
        let of_forecast = |one: &Scored| one.symbol == forecast.symbol && one.as_of == forecast.as_of;
        let scored = |event: &Event| matches!(event, Event::Scored(one) if of_forecast(one));
        let served = Served { scored: events.iter().any(scored), ..Served::from(forecast) };
        archive.insert(forecast.symbol.clone(), forecast.as_of, served);
    }
    archive
}

#[test]
fn tomorrows_bar_changes_no_forecast_of_today() {
    let (histories, champions) = testing::small();
    let bars = testing::stream(&histories);
    let cut = 1000;
    let mut changed = bars.clone();
    for LiveBar { bar, .. } in &mut changed[cut..] {
        bar.adjusted.close *= 1.5;
        bar.adjusted.high *= 1.5;
        bar.adjusted.volume *= 3.0;
    }
    let until = |bars: &[LiveBar]| {
        let (_, events) = run(&champions, Archive::default(), bars);
        let last = bars[cut - 1].bar.time();
        issued(&events).into_iter().filter(|issued| issued.forecast.as_of <= last).cloned().collect::<Vec<_>>()
    };
    assert_eq!(until(&bars), until(&changed));
}

#[test]
fn a_served_forecast_is_what_the_board_computes() {
    let (histories, champions) = testing::small();
    let (engine, events) = run(&champions, Archive::default(), &testing::stream(&histories));
    for standing in engine.board().symbols.values() {
        let newest = standing.newest.as_ref().unwrap();
        let now = standing.forecaster.as_ref().unwrap().forecast(&newest.moment(false).unwrap(), &Rules::default());
        let all = issued(&events);
        let served = all.iter().rfind(|issued| issued.forecast.symbol == standing.symbol).unwrap();
        assert_eq!(served.forecast, now);
    }
}

#[test]
fn a_new_champion_serves_from_the_next_bar_and_the_old_one_is_still_scored() {
    let (histories, champions) = testing::small();
    let bars = testing::stream(&histories);
    let mut engine = Engine::new(Rules::default(), champions.clone(), Archive::default());
    engine.take(bars[..1000].to_vec(), "");
    let symbol = testing::symbol("S0");
    let now = bars[999].bar.time();
    let mut second = (*champions[0].version).clone();
    second.name.number = 2;
    let reign = Reign { version: 2, after: now };
    assert_eq!(engine.install(Install { version: Arc::new(second), reign }), None, "it has served this bar already");
    let events = engine.take(bars[1000..1002].to_vec(), "");
    let scored = events.iter().find_map(|event| match event {
        Event::Scored(scored) if scored.symbol == symbol => Some(scored.version),
        _ => None,
    });
    assert_eq!(scored, Some(1));
    assert_eq!(issued(&events)[0].forecast.version.number, 2);
    // The same fold as that of a process that starts now and knows both reigns.
    let both: Vec<Install> =
        [champions.clone(), vec![Install { version: engine_version(&engine, &symbol), reign }]].concat();
    let (_, again) = run(&both, Archive::default(), &bars[..1002]);
    let last = |events: &[Event]| issued(events).into_iter().rfind(|i| i.forecast.symbol == symbol).unwrap().clone();
    assert_eq!(last(&again), last(&events));
}

fn engine_version(engine: &Engine, symbol: &Symbol) -> Arc<Version> {
    Arc::clone(engine.board().symbols[symbol].forecaster.as_ref().unwrap().version())
}

#[test]
fn history_may_come_late_until_a_champion_serves() {
    let (histories, champions) = testing::small();
    let symbol = testing::symbol("S0");
    let bars = histories[&symbol].bars();
    let mut engine = Engine::new(Rules::default(), Vec::new(), Archive::default());
    engine.take(bars[500..].iter().map(|bar| LiveBar { symbol: symbol.clone(), bar: *bar }).collect(), "");
    engine.backfill(&symbol, bars.to_vec());
    assert_eq!(engine.board().symbols[&symbol].bars_until(Timestamp::MAX).len(), 560);
    let reign = Reign { version: 1, after: bars[559].time() };
    let event = engine.install(Install { version: champions[0].version.clone(), reign });
    assert!(matches!(event, Some(Event::Issued(_))), "the first champion serves at once");
    assert_eq!(engine.board().clock, Some(bars[559].time()));
}

#[test]
fn what_is_made_from_a_bar_long_past_is_held_and_does_not_count() {
    let (histories, champions) = testing::small();
    let (stopped, goes_on) = (testing::symbol("S0"), testing::symbol("S1"));
    let of = |symbol: &Symbol, bars: &[crate::history::DailyBar]| -> Vec<LiveBar> {
        bars.iter().map(|bar| LiveBar { symbol: symbol.clone(), bar: *bar }).collect()
    };
    let mut engine = Engine::new(Rules::default(), Vec::new(), Archive::default());
    engine.take(of(&goes_on, histories[&goes_on].bars()), "");
    engine.take(of(&stopped, &histories[&stopped].bars()[..500]), "");
    let reign = Reign { version: 1, after: testing::day(499) };
    let event = engine.install(Install { version: champions[0].version.clone(), reign });
    let Some(Event::Issued(issued)) = event else { panic!("the first champion serves at once") };
    assert_eq!((issued.forecast.quality(), issued.forecast.decision.action), (Quality::Stale, Action::Hold));
    assert_eq!(engine.lapse(), [], "it has nothing to lapse from");
    assert!(!Served::from(&issued.forecast).counts);
}

/// Day 2 is a Saturday of 1970.
#[test]
fn a_calendar_that_comes_after_the_bars_puts_the_next_close_right() {
    let (histories, champions) = testing::small();
    let symbol = testing::symbol("S0");
    let saturday = (400..).find(|day| day % 7 == 2).unwrap();
    let bars = &histories[&symbol].bars()[..=saturday];
    let mut engine = Engine::new(Rules::default(), Vec::new(), Archive::default());
    engine.take(bars.iter().map(|bar| LiveBar { symbol: symbol.clone(), bar: *bar }).collect(), "");
    let weekend = engine.board().symbols[&symbol].newest.as_ref().unwrap().target_time;
    engine.calendar(symbol.clone(), Calendar::Always);
    let standing = engine.board().symbols[&symbol].clone();
    assert_eq!(
        (standing.calendar, standing.newest.as_ref().unwrap().target_time),
        (Calendar::Always, testing::day(saturday as i64 + 1))
    );
    assert!(weekend > testing::day(saturday as i64 + 1), "a stock's next session is another");
    let reign = Reign { version: 1, after: testing::day(saturday as i64) };
    let event = engine.install(Install { version: champions[0].version.clone(), reign });
    let Some(Event::Issued(issued)) = event else { panic!("the first champion serves at once") };
    assert_eq!(issued.forecast.target_time, testing::day(saturday as i64 + 1));
}
