//! What every store must do. A backend passes by `passes!(make)`, where `make` gives an empty store.

use tickmesh_proto::types::Timestamp;

use super::{
    Alias, AliasChange, Claim, ForecastQuery, LogMark, Moved, NewOperation, NewVersion, Outcome, RequestKey, State,
    Store, StoredForecast, VersionFacts,
};
use crate::live::{Archive, Engine, Event, Reign};
use crate::testing;
use crate::version::{Version, VersionName};

const RUN: &str = "epoch-1";
const NOW: Timestamp = Timestamp::from_nanos(1_700_000_000_000_000_000);

macro_rules! passes {
    ($make:ident) => {
        $crate::store::suite::passes!($make:
            versions_come_back_to_the_last_bit,
            the_first_version_serves_and_the_next_one_waits,
            a_champion_of_other_features_makes_way_for_the_next_version,
            an_alias_moves_and_its_past_is_kept,
            models_and_versions_come_in_pages,
            forecasts_and_outcomes_are_recorded_once,
            forecasts_come_newest_first_and_in_pages,
            what_was_recorded_after_a_place_is_found,
            a_new_run_begins_empty,
            a_move_is_made_once_however_often_its_request_comes,
            an_operation_ends_once,
            interrupted_operations_are_ended,
            a_request_has_one_operation,
        );
    };
    ($make:ident: $($name:ident),+ $(,)?) => {
        mod suite {
            $(#[tokio::test]
            async fn $name() {
                $crate::store::suite::$name(super::$make().await).await;
            })+
        }
    };
}
pub(crate) use passes;

fn new_versions() -> Vec<NewVersion> {
    let (_, trained) = testing::trained();
    let new = |trained| NewVersion { trained, owner: "anonymous".into(), time: NOW, newest_bar: testing::day(449) };
    trained.into_iter().map(new).collect()
}

/// Adds a first version of `symbol`.
pub(crate) async fn add_one(store: &impl Store, symbol: &str) -> VersionName {
    let mut new = new_versions().remove(0);
    new.trained.symbol = testing::symbol(symbol);
    store.add_version(new).await.unwrap().0.name
}

/// Adds versions; gives each with whether it became champion.
async fn add(store: &impl Store, new: Vec<NewVersion>) -> Vec<(Version, bool)> {
    let mut added = Vec::with_capacity(new.len());
    for one in new {
        added.push(store.add_version(one).await.unwrap());
    }
    added
}

fn name(symbol: &str, number: u32) -> VersionName {
    VersionName { symbol: testing::symbol(symbol), number }
}

/// Everything that 2 × 560 bars make of two champions.
fn events() -> Vec<Event> {
    let (histories, champions) = testing::small();
    Engine::new(crate::forecast::Rules::default(), champions, Archive::default())
        .take(testing::stream(&histories), "cursor")
}

fn query(limit: usize) -> ForecastQuery {
    ForecastQuery { limit, ..ForecastQuery::default() }
}

pub(crate) async fn versions_come_back_to_the_last_bit(store: impl Store) {
    let added = add(&store, new_versions()).await;
    for (version, _) in &added {
        assert_eq!(store.version(&version.name).await.unwrap().as_ref(), Some(version));
    }
    assert_eq!(store.version(&name("S0", 2)).await.unwrap(), None);
}

pub(crate) async fn the_first_version_serves_and_the_next_one_waits(store: impl Store) {
    let first = add(&store, new_versions()).await;
    let second = add(&store, new_versions()).await;
    let became = |added: &[(Version, bool)]| added.iter().map(|(_, champion)| *champion).collect::<Vec<_>>();
    assert_eq!((became(&first), became(&second)), (vec![true, true], vec![false, false]));
    let model = store.model(&testing::symbol("S0")).await.unwrap().unwrap();
    assert_eq!(model.aliases, [(Alias::Challenger, 2), (Alias::Champion, 1)]);
    assert_eq!(model.versions, 2);
    let reigns = store.reigns().await.unwrap();
    assert_eq!(reigns.len(), 2, "challengers do not serve");
    assert_eq!(reigns[0].reign, Reign { version: 1, after: testing::day(449) });
}

pub(crate) async fn a_champion_of_other_features_makes_way_for_the_next_version(store: impl Store) {
    let mut others = new_versions();
    others.iter_mut().for_each(|new| new.trained.facts.feature_set = "of long ago".to_owned());
    add(&store, others).await;
    let became = |added: Vec<(Version, bool)>| added.into_iter().map(|(_, champion)| champion);
    assert!(became(add(&store, new_versions()).await).all(|champion| champion), "nothing else serves");
    assert!(became(add(&store, new_versions()).await).all(|champion| !champion));
    let model = store.model(&testing::symbol("S0")).await.unwrap().unwrap();
    assert_eq!(model.aliases, [(Alias::Challenger, 3), (Alias::Champion, 2)]);
}

pub(crate) async fn an_alias_moves_and_its_past_is_kept(store: impl Store) {
    add_one(&store, "AAPL").await;
    add_one(&store, "AAPL").await;
    let to = |number, day| AliasChange {
        alias: Alias::Champion,
        version: name("AAPL", number),
        newest_bar: testing::day(day),
        time: NOW,
        owner: "anonymous".into(),
        request: None,
    };
    assert!(moved(&store.set_alias(&to(2, 500)).await.unwrap()));
    assert!(moved(&store.set_alias(&to(2, 501)).await.unwrap()), "where it points already");
    assert!(moved(&store.set_alias(&to(1, 502)).await.unwrap()));
    assert_eq!(store.set_alias(&to(3, 503)).await.unwrap(), Moved::NoSuchVersion);
    let past: Vec<_> = store.reigns().await.unwrap().into_iter().map(|r| (r.reign.version, r.reign.after)).collect();
    assert_eq!(past, [(1, testing::day(449)), (2, testing::day(500)), (1, testing::day(502))]);
}

fn moved(moved: &Moved) -> bool {
    matches!(moved, Moved::Claimed(Claim::Done(_)))
}

fn key(method: &'static str, digest: &str) -> RequestKey {
    RequestKey { method, id: "one".into(), digest: digest.into() }
}

pub(crate) async fn a_move_is_made_once_however_often_its_request_comes(store: impl Store) {
    add_one(&store, "AAPL").await;
    add_one(&store, "AAPL").await;
    let to = |number, owner: &str, request| AliasChange {
        alias: Alias::Champion,
        version: name("AAPL", number),
        newest_bar: testing::day(500),
        time: NOW,
        owner: owner.into(),
        request,
    };
    let first = to(2, "me", Some(key("SetAlias", "to 2")));
    let aapl = testing::symbol("AAPL");
    assert_eq!(store.known_move("me", &aapl, &key("SetAlias", "to 2")).await.unwrap(), None);
    let Moved::Claimed(Claim::Done(answer)) = store.set_alias(&first).await.unwrap() else { panic!("it is new") };
    assert!(moved(&store.set_alias(&to(1, "me", None)).await.unwrap()), "somebody moves it back");
    let known = store.known_move("me", &aapl, &key("SetAlias", "to 2")).await.unwrap().unwrap();
    assert_eq!(known, Claim::Known(answer), "the answer of then");
    assert_eq!(store.set_alias(&first).await.unwrap(), Moved::Claimed(known));
    assert_eq!(store.reigns().await.unwrap().last().unwrap().reign.version, 1, "and nothing moves");
    let other = key("SetAlias", "to 1");
    let reused = to(1, "me", Some(other.clone()));
    assert_eq!(store.set_alias(&reused).await.unwrap(), Moved::Claimed(Claim::Taken(other.clone())));
    assert_eq!(store.known_move("me", &aapl, &other).await.unwrap(), Some(Claim::Taken(other.clone())));
    assert!(moved(&store.set_alias(&to(1, "you", Some(other))).await.unwrap()), "another owner's id is another id");
}

pub(crate) async fn models_and_versions_come_in_pages(store: impl Store) {
    for symbol in ["MSFT", "AAPL", "NVDA", "AAPL"] {
        add_one(&store, symbol).await;
    }
    let symbols = |models: Vec<super::ModelFacts>| models.into_iter().map(|m| m.symbol.to_string()).collect::<Vec<_>>();
    assert_eq!(symbols(store.models(None, 2).await.unwrap()), ["AAPL", "MSFT"]);
    assert_eq!(symbols(store.models(Some(&testing::symbol("MSFT")), 2).await.unwrap()), ["NVDA"]);
    assert_eq!(store.model(&testing::symbol("TSLA")).await.unwrap(), None);
    let numbers = |versions: Vec<VersionFacts>| versions.into_iter().map(|v| v.name.number).collect::<Vec<_>>();
    let aapl = testing::symbol("AAPL");
    assert_eq!(numbers(store.versions(&aapl, u32::MAX, 10).await.unwrap()), [2, 1]);
    assert_eq!(numbers(store.versions(&aapl, 2, 10).await.unwrap()), [1]);
    let newest = store.versions(&aapl, u32::MAX, 1).await.unwrap().remove(0);
    assert_eq!(newest.aliases, [Alias::Challenger]);
}

pub(crate) async fn forecasts_and_outcomes_are_recorded_once(store: impl Store) {
    let events = events();
    let issued = events.iter().filter(|event| matches!(event, Event::Issued(_))).count();
    store.record(RUN, "anonymous", &events, &mark(0)).await.unwrap();
    store.record(RUN, "anonymous", &events[..50], &mark(0)).await.unwrap();
    let stored = store.forecasts(RUN, &query(10_000)).await.unwrap();
    assert_eq!(stored.len(), issued);
    assert_eq!(stored.iter().filter(|stored| stored.outcome.is_some()).count(), events.len() - issued);
    let archive = store.archive(RUN).await.unwrap();
    let (histories, champions) = testing::small();
    let mut engine = Engine::new(crate::forecast::Rules::default(), champions, archive);
    assert_eq!(engine.take(testing::stream(&histories), ""), [], "all of it was served and scored");
}

pub(crate) async fn forecasts_come_newest_first_and_in_pages(store: impl Store) {
    let events = events();
    store.record(RUN, "anonymous", &events, &mark(0)).await.unwrap();
    let all = store.forecasts(RUN, &query(10_000)).await.unwrap();
    assert!(all.windows(2).all(|pair| {
        let (one, next) = (pair[0].key(), pair[1].key());
        one.as_of > next.as_of || one.as_of == next.as_of && one.symbol < next.symbol
    }));
    let first = store.forecasts(RUN, &query(3)).await.unwrap();
    let second = ForecastQuery { after: first.last().map(StoredForecast::key), ..query(3) };
    let second = store.forecasts(RUN, &second).await.unwrap();
    assert_eq!([first, second].concat(), all[..6]);

    let narrow = ForecastQuery {
        symbols: vec![testing::symbol("S1")],
        version: Some(name("S1", 1)),
        start: Some(testing::day(500)),
        end: Some(testing::day(503)),
        ..query(100)
    };
    let days: Vec<_> = store.forecasts(RUN, &narrow).await.unwrap().iter().map(|f| f.key().as_of).collect();
    assert_eq!(days, [testing::day(502), testing::day(501), testing::day(500)]);
    let Some(Event::Issued(newest)) =
        events.iter().rfind(|e| matches!(e, Event::Issued(i) if i.forecast.symbol.as_str() == "S0"))
    else {
        panic!("S0 has forecasts")
    };
    assert_eq!(all[0].issued, **newest, "to the last bit");
}

pub(crate) async fn what_was_recorded_after_a_place_is_found(store: impl Store) {
    let events = events();
    let place = store.record(RUN, "anonymous", &events[..40], &mark(0)).await.unwrap();
    let before = store.recorded_after(RUN, 0, 1_000).await.unwrap();
    assert_eq!(before.len() as u64, place);
    assert_eq!(store.record(RUN, "anonymous", &events[..40], &mark(0)).await.unwrap(), place, "nothing new");
    let last = store.record(RUN, "anonymous", &events[40..60], &mark(0)).await.unwrap();
    let after = store.recorded_after(RUN, place, 1_000).await.unwrap();
    assert_eq!(after.len() as u64, last - place);
    let all = store.recorded_after(RUN, 0, 1_000).await.unwrap();
    let issued = |stored: &[StoredForecast]| stored.iter().map(|s| s.issued.clone()).collect::<Vec<_>>();
    assert_eq!([issued(&before), issued(&after)].concat(), issued(&all));
    let newest = store.recorded_after(RUN, 0, 2).await.unwrap();
    assert_eq!(issued(&newest), issued(&all[all.len() - 2..]), "the newest ones, oldest first");
}

fn mark(place: u64) -> LogMark {
    LogMark { epoch: "log".into(), position: place + 7, place }
}

pub(crate) async fn a_new_run_begins_empty(store: impl Store) {
    assert_eq!(store.run().await.unwrap(), None);
    store.begin_run(RUN, &mark(0), NOW).await.unwrap();
    store.record(RUN, "anonymous", &events()[..10], &mark(5)).await.unwrap();
    assert_eq!(store.run().await.unwrap(), Some((RUN.to_owned(), mark(5))));
    store.begin_run("epoch-2", &mark(0), NOW).await.unwrap();
    store.begin_run("epoch-2", &mark(9), NOW).await.unwrap();
    assert_eq!(store.run().await.unwrap(), Some(("epoch-2".to_owned(), mark(0))), "it goes on where it was");
    assert_eq!(store.forecasts("epoch-2", &query(10)).await.unwrap(), []);
    assert!(!store.forecasts(RUN, &query(10)).await.unwrap().is_empty(), "the old run is kept");
}

fn operation(id: &str, request: Option<RequestKey>) -> NewOperation {
    NewOperation { id: id.into(), owner: "anonymous".into(), request, metadata: vec![1], time: NOW }
}

pub(crate) async fn an_operation_ends_once(store: impl Store) {
    store.add_operation(&operation("a", None)).await.unwrap();
    store.update_operation("a", &[2], None, NOW).await.unwrap();
    let running = store.operation("a").await.unwrap().unwrap();
    assert_eq!((running.metadata, running.state), (vec![2], State::Running));
    store.update_operation("a", &[3], Some(&Outcome::Response(vec![9])), NOW).await.unwrap();
    store.update_operation("a", &[4], Some(&Outcome::Failure(vec![8])), NOW).await.unwrap();
    let ended = store.operation("a").await.unwrap().unwrap();
    assert_eq!((ended.metadata, ended.state), (vec![3], State::Ended(Outcome::Response(vec![9]))));
    assert!(store.delete_operation("a").await.unwrap());
    assert!(!store.delete_operation("a").await.unwrap());
    assert_eq!(store.operation("a").await.unwrap(), None);
}

pub(crate) async fn interrupted_operations_are_ended(store: impl Store) {
    for id in ["a", "b", "c"] {
        store.add_operation(&operation(id, None)).await.unwrap();
    }
    store.update_operation("b", &[2], Some(&Outcome::Response(vec![9])), NOW).await.unwrap();
    assert_eq!(store.interrupt_operations(&[7], NOW).await.unwrap(), 2);
    let states: Vec<State> = store.operations("", 10).await.unwrap().into_iter().map(|o| o.state).collect();
    let aborted = || State::Ended(Outcome::Failure(vec![7]));
    assert_eq!(states, [aborted(), State::Ended(Outcome::Response(vec![9])), aborted()]);
    assert_eq!(store.operations("a", 1).await.unwrap()[0].id, "b");
}

pub(crate) async fn a_request_has_one_operation(store: impl Store) {
    let done = |id: &str| Claim::Done(id.to_owned());
    let train = || Some(key("TrainModels", "all"));
    assert_eq!(store.known_operation("anonymous", &train().unwrap()).await.unwrap(), None);
    assert_eq!(store.add_operation(&operation("a", train())).await.unwrap(), done("a"));
    let known = store.known_operation("anonymous", &train().unwrap()).await.unwrap().unwrap();
    assert_eq!(known, Claim::Known("a".to_owned()));
    assert_eq!(store.add_operation(&operation("b", train())).await.unwrap(), known);
    let other = key("TrainModels", "AAPL");
    let reused = operation("c", Some(other.clone()));
    let taken = Claim::Taken(other.clone());
    assert_eq!(store.add_operation(&reused).await.unwrap(), taken, "the same id, another request");
    assert_eq!(store.known_operation("anonymous", &other).await.unwrap(), Some(taken));
    let evaluate = operation("d", Some(key("EvaluateModel", "all")));
    assert_eq!(store.add_operation(&evaluate).await.unwrap(), done("d"), "an id counts within a method");
    let theirs = NewOperation { owner: "you".into(), ..operation("e", train()) };
    assert_eq!(store.add_operation(&theirs).await.unwrap(), done("e"), "and an owner");
    assert_eq!(store.add_operation(&operation("f", None)).await.unwrap(), done("f"));
    assert_eq!(store.add_operation(&operation("g", None)).await.unwrap(), done("g"));
}
