use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tickmesh_mesh::readiness::Readiness;
use tickmesh_mesh::status::Fault;
use tickmesh_proto::types::{Calendar, Symbol, Timestamp};

use super::{Command, Latches, Parts, Pipeline, Signals};
use crate::feed::{FeedEvent, FeedPhase, Listed};
use crate::forecast::{Forecast, Rules};
use crate::history::{DailyBar, RawPrices};
use crate::live::{Engine, Event, LiveBar};
use crate::shared::Shared;
use crate::store::{ForecastQuery, LogMark, NewVersion, SqliteStore, Store, in_memory};
use crate::testing;

mod imports;

const RUN: &str = "epoch";
const RAW: RawPrices = RawPrices { open: 100.0, high: 101.0, low: 99.0, close: 100.0 };

/// A log that keeps forecasts, each with when it lapsed if it is of one that did, and refuses
/// as often as it is told to.
#[derive(Default)]
struct Kept {
    events: Mutex<Vec<(Forecast, Option<Timestamp>)>>,
    refusals: Mutex<u32>,
    restarts: Mutex<u32>,
}

impl Signals for Kept {
    fn position(&self) -> (String, u64) {
        let epoch = match *self.restarts.lock().unwrap() {
            0 => "log".to_owned(),
            again => format!("log {again}"),
        };
        (epoch, self.events.lock().unwrap().len() as u64)
    }

    fn append(&self, forecasts: &[Forecast]) -> Result<(), Fault> {
        let mut refusals = self.refusals.lock().unwrap();
        if *refusals > 0 && !forecasts.is_empty() {
            *refusals -= 1;
            return Err(Fault::internal("disk full"));
        }
        self.events.lock().unwrap().extend(forecasts.iter().map(|forecast| (forecast.clone(), None)));
        Ok(())
    }

    fn lapse(&self, forecasts: &[Forecast], time: Timestamp) -> Result<(), Fault> {
        self.events.lock().unwrap().extend(forecasts.iter().map(|forecast| (forecast.clone(), Some(time))));
        Ok(())
    }

    fn served_after(&self, position: u64) -> Vec<u64> {
        let events = self.events.lock().unwrap();
        let places = (1..).zip(events.iter()).filter(|(place, (_, lapsed))| *place > position && lapsed.is_none());
        places.map(|(place, _)| place).collect()
    }

    fn lapsed(&self) -> HashMap<Symbol, Timestamp> {
        let newest: HashMap<_, _> = self
            .events
            .lock()
            .unwrap()
            .iter()
            .map(|(forecast, lapsed)| (forecast.symbol.clone(), (forecast.as_of, *lapsed)))
            .collect();
        newest.into_iter().filter_map(|(symbol, (as_of, lapsed))| lapsed.map(|_| (symbol, as_of))).collect()
    }

    fn publish(&self) {}

    fn restart(&self) -> Result<(), Fault> {
        self.events.lock().unwrap().clear();
        *self.restarts.lock().unwrap() += 1;
        Ok(())
    }
}

struct House {
    store: SqliteStore,
    log: Arc<Kept>,
    shared: Arc<Shared>,
    readiness: Readiness,
    bars: Vec<LiveBar>,
}

impl House {
    /// A store with a champion for each of two symbols, and all their bars.
    async fn new() -> Self {
        let (histories, trained) = testing::trained();
        let store = in_memory().await;
        let new =
            |trained| NewVersion { trained, owner: "me".into(), time: Timestamp::MIN, newest_bar: testing::day(449) };
        for one in trained {
            store.add_version(new(one)).await.unwrap();
        }
        let (log, shared) = (Arc::default(), Arc::default());
        Self { store, log, shared, readiness: Readiness::new(), bars: testing::stream(&histories) }
    }

    async fn start(&self) -> Pipeline {
        let parts = Parts {
            store: Arc::new(self.store.clone()),
            signals: Arc::clone(&self.log) as Arc<dyn Signals>,
            shared: Arc::clone(&self.shared),
            rules: Rules::default(),
            latches: Latches::new(&self.readiness),
        };
        Pipeline::resume(parts).await.unwrap()
    }

    /// Starts and feeds the first bars.
    async fn feed(&self, bars: usize) -> Pipeline {
        let mut pipeline = self.start().await;
        pipeline.on_event(FeedEvent::Joined { epoch: RUN.to_owned() }).await;
        let bars = self.bars[..bars].to_vec();
        pipeline.on_event(FeedEvent::Bars { bars, cursor: String::new() }).await;
        pipeline
    }

    /// What one process makes of the first bars that nothing ever stopped.
    async fn unbroken(&self, bars: usize) -> Vec<Forecast> {
        let whole = Self::new().await;
        whole.feed(bars).await;
        let logged = whole.logged();
        assert!(!logged.is_empty());
        logged
    }

    fn logged(&self) -> Vec<Forecast> {
        let events = self.log.events.lock().unwrap();
        events.iter().filter(|(_, lapsed)| lapsed.is_none()).map(|(forecast, _)| forecast.clone()).collect()
    }

    /// The signals that have lapsed: whose, of which close, and when.
    fn lapsed(&self) -> Vec<(String, Timestamp, Timestamp)> {
        let events = self.log.events.lock().unwrap();
        let lapsed = |(forecast, lapsed): &(Forecast, Option<Timestamp>)| {
            lapsed.map(|time| (forecast.symbol.to_string(), forecast.as_of, time))
        };
        events.iter().filter_map(lapsed).collect()
    }

    /// The bars but for those of S0 after the first `bars` of both.
    fn halt(&mut self, bars: usize) {
        let halted = testing::symbol("S0");
        let mut place = 0..;
        self.bars.retain(|bar| place.next() < Some(bars) || bar.symbol != halted);
    }

    async fn stored(&self) -> usize {
        let query = ForecastQuery { limit: 10_000, ..ForecastQuery::default() };
        self.store.forecasts(RUN, &query).await.unwrap().len()
    }

    /// The events that the first bars make, as an engine in some process would hand them on.
    fn events(&self, bars: usize) -> Vec<Event> {
        let (_, champions) = testing::small();
        Engine::new(Rules::default(), champions, Default::default()).take(self.bars[..bars].to_vec(), "")
    }
}

fn forecasts(events: &[Event]) -> Vec<Forecast> {
    let issued = events.iter().filter_map(|event| match event {
        Event::Issued(issued) => Some(issued.forecast.clone()),
        Event::Scored(_) => None,
    });
    issued.collect()
}

fn mark(position: u64, place: u64) -> LogMark {
    LogMark { epoch: "log".into(), position, place }
}

#[tokio::test]
async fn killed_at_any_bar_and_started_again_it_logs_each_signal_once() {
    let house = House::new().await;
    let expected = house.unbroken(1_000).await;
    for bars in [899, 900, 901, 950, 1_000] {
        house.feed(bars).await;
    }
    assert_eq!(house.logged(), expected);
    assert_eq!(house.stored().await, expected.len());
}

#[tokio::test]
async fn killed_after_the_store_and_before_the_log_it_logs_on_the_next_start() {
    let house = House::new().await;
    let expected = house.unbroken(950).await;
    let events = house.events(950);
    house.store.begin_run(RUN, &mark(0, 0), Timestamp::MIN).await.unwrap();
    house.store.record(RUN, "me", &events, &mark(0, 0)).await.unwrap();
    house.start().await;
    assert_eq!(house.logged(), expected);
    house.feed(950).await;
    assert_eq!(house.logged(), expected, "and not again");
}

#[tokio::test]
async fn killed_after_the_log_and_before_its_mark_is_stored_it_repeats_nothing() {
    let house = House::new().await;
    let expected = house.unbroken(950).await;
    let events = house.events(950);
    house.store.begin_run(RUN, &mark(0, 0), Timestamp::MIN).await.unwrap();
    house.store.record(RUN, "me", &events, &mark(0, 0)).await.unwrap();
    // Half of it had reached the log.
    house.log.append(&forecasts(&events)[..50]).unwrap();
    house.feed(950).await;
    assert_eq!(house.logged(), expected);
}

#[tokio::test]
async fn a_power_cut_that_took_forecasts_from_the_store_alone_repeats_no_signal() {
    let house = House::new().await;
    let expected = house.unbroken(1_000).await;
    let (early, all) = (house.events(950), house.events(1_000));
    house.store.begin_run(RUN, &mark(0, 0), Timestamp::MIN).await.unwrap();
    house.store.record(RUN, "me", &early, &mark(0, 0)).await.unwrap();
    house.log.append(&forecasts(&all)[..forecasts(&early).len() + 20]).unwrap();
    house.feed(1_000).await;
    assert_eq!(house.logged(), expected);
    house.feed(1_000).await;
    assert_eq!(house.logged(), expected, "the mark has caught up");
}

#[tokio::test]
async fn a_lost_log_is_filled_again() {
    let mut house = House::new().await;
    house.feed(950).await;
    let expected = house.logged();
    house.log = Arc::new(Kept::default());
    let stale = LogMark { epoch: "another".into(), position: 900, place: 90 };
    house.store.record(RUN, "me", &[], &stale).await.unwrap();
    house.feed(950).await;
    assert_eq!(house.logged(), expected);
}

#[tokio::test]
async fn while_the_disk_refuses_it_stands_still_and_loses_nothing() {
    let house = House::new().await;
    let expected = house.unbroken(950).await;
    *house.log.refusals.lock().unwrap() = 1;
    house.feed(950).await;
    assert_eq!(house.logged(), expected);
}

#[tokio::test]
async fn another_epoch_is_another_run() {
    let house = House::new().await;
    let mut pipeline = house.feed(950).await;
    let first = house.logged();
    pipeline.on_event(FeedEvent::Joined { epoch: "later".to_owned() }).await;
    assert!(house.shared.board.load().symbols.is_empty(), "no bar of the new run has come");
    let bars = house.bars[..950].to_vec();
    pipeline.on_event(FeedEvent::Bars { bars, cursor: String::new() }).await;
    assert_eq!(house.logged(), first, "the new log has the signals of the new run");
    assert_eq!(*house.log.restarts.lock().unwrap(), 1);
    assert_eq!(*house.shared.run.load_full(), "later");
}

/// The fourth session after a bar makes it too old.
#[tokio::test]
async fn a_signal_whose_bars_have_ended_lapses_once_and_not_again_after_a_restart() {
    let mut house = House::new().await;
    house.halt(910);
    let mut pipeline = house.feed(910).await;
    pipeline.on_event(FeedEvent::CaughtUp).await;
    assert_eq!(house.lapsed(), []);
    for bar in &house.bars[910..930] {
        pipeline.on_event(FeedEvent::Bars { bars: vec![bar.clone()], cursor: "live".into() }).await;
    }
    let told = house.lapsed();
    let [(symbol, as_of, time)] = told.as_slice() else { panic!("once: {told:?}") };
    assert_eq!((symbol.as_str(), *as_of), ("S0", testing::day(454)));
    assert_eq!(Calendar::NewYork.sessions_closed(*as_of, *time, 9), 4);
    let standing = house.shared.board.load().symbols["S0"].latest.clone().unwrap();
    assert_eq!((standing.as_of, standing.is_stale()), (*as_of, true));
    let served = house.logged();
    drop(pipeline);

    let mut pipeline = house.feed(930).await;
    pipeline.on_event(FeedEvent::CaughtUp).await;
    assert_eq!((house.lapsed(), house.logged()), (told.clone(), served), "it was told");
    let back = LiveBar { symbol: testing::symbol("S0"), bar: DailyBar::new(testing::day(475), RAW, 1e6, None) };
    pipeline.on_event(FeedEvent::Bars { bars: vec![back], cursor: "live".into() }).await;
    assert_eq!(house.lapsed(), told);
    assert!(!house.shared.board.load().symbols["S0"].latest.as_ref().unwrap().is_stale(), "its bars are back");
}

#[tokio::test]
async fn a_lapsed_signal_is_no_served_one_when_a_crash_left_the_store_behind_the_log() {
    let house = House::new().await;
    let expected = house.unbroken(1_000).await;
    let (early, all) = (house.events(950), house.events(1_000));
    house.store.begin_run(RUN, &mark(0, 0), Timestamp::MIN).await.unwrap();
    house.store.record(RUN, "me", &early, &mark(0, 0)).await.unwrap();
    let (all, stored) = (forecasts(&all), forecasts(&early).len());
    house.log.append(&all[..stored - 5]).unwrap();
    house.log.lapse(&all[..1], testing::day(500)).unwrap();
    house.log.append(&all[stored - 5..stored + 10]).unwrap();
    house.log.lapse(&all[..2], testing::day(501)).unwrap();
    house.log.append(&all[stored + 10..stored + 20]).unwrap();
    house.feed(1_000).await;
    assert_eq!(house.logged(), expected);
    house.feed(1_000).await;
    assert_eq!(house.logged(), expected, "the mark has caught up");
}

fn listed(symbols: &[&str]) -> FeedEvent {
    let one = |symbol: &&str| Listed { symbol: testing::symbol(symbol), calendar: Calendar::NewYork, daily_bars: 451 };
    FeedEvent::Listed(symbols.iter().map(one).collect())
}

#[tokio::test]
async fn on_a_first_start_readiness_waits_until_each_symbol_has_spoken_or_was_skipped() {
    let house = House::new().await;
    let mut pipeline = house.feed(902).await;
    pipeline.on_event(FeedEvent::CaughtUp).await;
    assert!(!house.readiness.is_ready(), "the market has listed nothing yet");
    pipeline.on_event(listed(&["S0", "S1", "TINY"])).await;
    let train = house.readiness.open().into_iter().find(|latch| latch.name == "model/train").unwrap();
    assert_eq!((train.done, train.total), (2, 3));
    pipeline.on_event(FeedEvent::Lost).await;
    assert!(!house.readiness.is_ready(), "a first training is not made up for by a lost market");
    let (answer, _) = tokio::sync::oneshot::channel();
    pipeline.on_command(Command::Skip { symbols: vec![testing::symbol("TINY")], answer }).await;
    assert!(house.readiness.is_ready());
}

#[tokio::test]
async fn a_start_with_champions_waits_for_the_markets_history_and_not_for_untrained_symbols() {
    let mut house = House::new().await;
    house.feed(902).await;
    house.readiness = Readiness::new();
    let mut pipeline = house.feed(904).await;
    pipeline.on_event(listed(&["S0", "S1", "TINY"])).await;
    assert!(!house.readiness.is_ready(), "history is on its way");
    pipeline.on_event(FeedEvent::CaughtUp).await;
    assert!(house.readiness.is_ready());
}

#[tokio::test]
async fn a_start_with_champions_is_ready_without_its_market() {
    let mut house = House::new().await;
    house.feed(902).await;
    house.readiness = Readiness::new();
    let mut pipeline = house.start().await;
    assert!(!house.readiness.is_ready());
    pipeline.on_event(FeedEvent::Lost).await;
    assert!(house.readiness.is_ready());
    assert_eq!(**house.shared.feed.load(), FeedPhase::Silent);
}

#[tokio::test]
async fn a_market_without_instruments_holds_nothing_back() {
    let house = House { bars: Vec::new(), store: in_memory().await, ..House::new().await };
    let mut pipeline = house.feed(0).await;
    pipeline.on_event(listed(&[])).await;
    pipeline.on_event(FeedEvent::CaughtUp).await;
    assert!(house.readiness.is_ready());
}
