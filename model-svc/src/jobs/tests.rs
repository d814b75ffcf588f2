use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::poll;
use tickmesh_mesh::cpu::CpuPool;
use tickmesh_mesh::status::Fault;
use tickmesh_mesh::store::sqlite;
use tickmesh_proto::types::{Calendar, Symbol, Timestamp};
use tokio::sync::{mpsc, oneshot};

use super::{Jobs, Launch, Tools, TrainRequest, View};
use crate::family::{ForestSpec, Spec};
use crate::feed::{Listed, Market};
use crate::grpc::ProtoWire;
use crate::history::DailyBar;
use crate::pipeline::{Command, Commands};
use crate::store::{NewVersion, Outcome, SqliteStore, State, Store, in_memory};
use crate::testing;
use crate::training::{Order, Trained};
use crate::version::VersionName;

/// No wait for an event lasts longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A market of symbols with so many bars, S0 and S1 unless a test says otherwise.
struct Few {
    symbols: Vec<(&'static str, usize)>,
    /// How often it still refuses to give bars.
    refusals: AtomicU32,
}

impl Default for Few {
    fn default() -> Self {
        Self { symbols: vec![("S0", 450), ("S1", 450)], refusals: AtomicU32::new(0) }
    }
}

impl Market for Few {
    fn listed(&self) -> BoxFuture<'_, Result<Vec<Listed>, Fault>> {
        let one = |(name, bars): &(&str, usize)| Listed {
            symbol: testing::symbol(name),
            calendar: Calendar::NewYork,
            daily_bars: *bars as u64,
        };
        Box::pin(async move { Ok(self.symbols.iter().map(one).collect()) })
    }

    fn replay_start(&self) -> BoxFuture<'_, Result<Option<Timestamp>, Fault>> {
        Box::pin(async { Ok(None) })
    }

    fn history<'a>(&'a self, symbol: &'a Symbol) -> BoxFuture<'a, Result<Vec<DailyBar>, Fault>> {
        let refused = self.refusals.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        let at = self.symbols.iter().position(|(name, _)| *name == symbol.as_str()).unwrap();
        Box::pin(async move {
            match refused {
                Ok(_) => Err(Fault::unavailable("CONNECTION_LOST", "it restarts", Duration::ZERO)),
                Err(_) => Ok(testing::walk(at as u64, self.symbols[at].1)),
            }
        })
    }
}

/// Jobs over an empty store; the test stands in for the live loop.
struct House {
    jobs: Jobs,
    store: SqliteStore,
    commands: mpsc::Receiver<Command>,
}

impl House {
    async fn new() -> Self {
        Self::over(in_memory().await).await
    }

    async fn over(store: SqliteStore) -> Self {
        Self::behind(Few::default(), store).await
    }

    async fn behind(market: Few, store: SqliteStore) -> Self {
        let (commands, received) = Commands::new();
        let tools = Tools {
            store: Arc::new(store.clone()),
            shared: Arc::default(),
            commands,
            market: Arc::new(market),
            cpu: CpuPool::new(2, 64).unwrap(),
            wire: Arc::new(ProtoWire),
        };
        Self { jobs: Jobs::open(tools).await.unwrap(), store, commands: received }
    }

    async fn train(&self) -> View {
        self.jobs.train(launch(), small()).await.unwrap()
    }

    /// The next request to keep a model; what else is asked meanwhile is granted.
    async fn asked_to_keep(&mut self) -> (Trained, oneshot::Sender<Result<VersionName, Fault>>) {
        let next = async {
            loop {
                match self.commands.recv().await.unwrap() {
                    Command::Keep { trained, answer, .. } => return (*trained, answer),
                    Command::Backfill { answer, .. }
                    | Command::List { answer, .. }
                    | Command::Begun { answer, .. }
                    | Command::Skip { answer, .. } => answer.send(Ok(())).unwrap(),
                    Command::Promote { .. } => panic!("nobody moves an alias"),
                }
            }
        };
        tokio::time::timeout(PATIENCE, next).await.expect("the training asks")
    }

    async fn keep(&self, trained: Trained) -> VersionName {
        self.store.add_version(new(trained)).await.unwrap().0.name
    }

    async fn all_end(&self) {
        let end = async {
            while self.jobs.list("", 100).await.unwrap().iter().any(|view| view.state == State::Running) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(2), end).await.expect("no operation stays that never runs");
    }
}

/// A training of both symbols that takes no time.
fn small() -> TrainRequest {
    let spec = Spec::Forest(ForestSpec { trees: 4, depth: 4, ..ForestSpec::default() });
    let order = Order { spec, folds: 3, ..Order::default() };
    TrainRequest { symbols: Vec::new(), order, until: None, missing_only: false }
}

fn new(trained: Trained) -> NewVersion {
    NewVersion { trained, owner: "me".into(), time: Timestamp::MIN, newest_bar: Timestamp::MIN }
}

fn launch() -> Launch {
    Launch { owner: "me".into(), request: None }
}

#[tokio::test]
async fn a_caller_that_goes_away_at_any_moment_leaves_no_operation_that_never_runs() {
    // On a disk, where a commit takes long enough to go away in the midst of it; again and again, since when is chance.
    let dir = tempfile::tempdir().unwrap();
    for attempt in 0..16 {
        let path = dir.path().join(format!("{attempt}.db"));
        let database = sqlite::open(&path, SqliteStore::MIGRATIONS).await.unwrap();
        let house = House::over(SqliteStore::new(database.readers.clone(), database.writer.clone())).await;
        let mut began = Box::pin(house.jobs.launch(launch(), vec![1], |_| async { Ok(vec![2]) }));
        for _ in 0..=attempt % 4 {
            if poll!(began.as_mut()).is_ready() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        drop(began);
        tokio::time::sleep(Duration::from_millis(10)).await;
        house.all_end().await;
    }
}

#[tokio::test]
async fn a_training_that_is_being_kept_can_no_longer_be_cancelled() {
    let mut house = House::new().await;
    let id = house.train().await.id;
    let (first, answer) = house.asked_to_keep().await;
    answer.send(Ok(house.keep(first).await)).unwrap();
    let (last, answer) = house.asked_to_keep().await;
    house.jobs.cancel(&id).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    let name = house.keep(last).await;
    answer.send(Ok(name)).expect("the training still waits for it");
    let ended = house.jobs.wait(&id, PATIENCE).await.unwrap();
    assert!(matches!(ended.state, State::Ended(Outcome::Response(_))), "what was kept is not called cancelled");
}

#[tokio::test]
async fn a_training_that_is_cancelled_keeps_the_models_that_it_has_and_says_how_many() {
    let mut house = House::new().await;
    let id = house.train().await.id;
    let (first, answer) = house.asked_to_keep().await;
    assert_eq!(first.symbol.as_str(), "S0", "symbol by symbol");
    house.jobs.cancel(&id).await.unwrap();
    answer.send(Ok(house.keep(first).await)).expect("the training still waits for it");
    let ended = house.jobs.wait(&id, PATIENCE).await.unwrap();
    let State::Ended(Outcome::Failure(status)) = ended.state else { panic!("{ended:?}") };
    assert!(String::from_utf8_lossy(&status).contains("1 of 2 models were kept"));
    assert!(house.store.version(&VersionName { symbol: testing::symbol("S0"), number: 1 }).await.unwrap().is_some());
}

#[tokio::test]
async fn champions_of_other_features_are_missing_ones_and_their_successors_serve() {
    let store = in_memory().await;
    let (_, mut trained) = testing::trained();
    trained[0].facts.feature_set = "of long ago".to_owned();
    for one in trained {
        store.add_version(new(one)).await.unwrap();
    }
    let mut house = House::over(store).await;
    let missing = TrainRequest { missing_only: true, ..small() };
    let id = house.jobs.train(launch(), missing).await.unwrap().id;
    let (kept, answer) = house.asked_to_keep().await;
    assert_eq!(kept.symbol.as_str(), "S0");
    answer.send(Ok(house.keep(kept).await)).unwrap();
    house.jobs.wait(&id, PATIENCE).await.unwrap();
    assert!(house.commands.try_recv().is_err(), "whoever has a champion is waited for, and not called skipped");
}

#[tokio::test]
async fn whom_a_training_skips_it_tells_before_it_learns() {
    let market = Few { symbols: vec![("S0", 450), ("TINY", 40)], ..Few::default() };
    let mut house = House::behind(market, in_memory().await).await;
    house.train().await;
    let next = async {
        loop {
            match house.commands.recv().await.unwrap() {
                Command::Skip { symbols, .. } => return symbols,
                Command::Backfill { answer, .. } | Command::List { answer, .. } | Command::Begun { answer, .. } => {
                    answer.send(Ok(())).unwrap();
                }
                other => panic!("too early: {other:?}"),
            }
        }
    };
    assert_eq!(tokio::time::timeout(PATIENCE, next).await.unwrap(), [testing::symbol("TINY")]);
}

#[tokio::test]
async fn the_first_training_is_tried_again_when_it_fails_and_not_when_it_was_cancelled() {
    let market = Few { refusals: AtomicU32::new(1), ..Few::default() };
    let mut house = House::behind(market, in_memory().await).await;
    house.jobs.tools.shared.loaded.send_replace(true);
    let first = tokio::spawn(house.jobs.clone().train_missing());
    let (kept, answer) = house.asked_to_keep().await;
    let operations = house.jobs.list("", 9).await.unwrap();
    assert_eq!(operations.len(), 2, "one that failed and one that works");
    house.jobs.cancel(&operations[1].id).await.unwrap();
    answer.send(Ok(house.keep(kept).await)).unwrap();
    tokio::time::timeout(PATIENCE, first).await.expect("it is the last one").unwrap();
    assert_eq!(house.jobs.list("", 9).await.unwrap().len(), 2);
}
