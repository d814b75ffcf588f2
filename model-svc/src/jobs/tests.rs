use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::poll;
use tickmesh_mesh::cpu::CpuPool;
use tickmesh_mesh::status::Fault;
use tickmesh_mesh::store::sqlite;
use tickmesh_proto::types::{Calendar, Symbol, Timestamp};
use tokio::sync::mpsc;

use super::{Jobs, Launch, Tools, TrainRequest, View};
use crate::family::{ForestSpec, Spec};
use crate::feed::{Listed, Market};
use crate::grpc::ProtoWire;
use crate::history::DailyBar;
use crate::pipeline::{Command, Commands};
use crate::store::{NewVersion, Outcome, SqliteStore, State, Store, in_memory};
use crate::testing;
use crate::training::{Order, Trained};
use crate::version::{Version, VersionName};

/// No wait for an event lasts longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A market of two symbols.
struct Two;

impl Market for Two {
    fn listed(&self) -> BoxFuture<'_, Result<Vec<Listed>, Fault>> {
        let one = |name| Listed { symbol: testing::symbol(name), calendar: Calendar::NewYork, daily_bars: 450 };
        Box::pin(async move { Ok(["S0", "S1"].map(one).to_vec()) })
    }

    fn replay_start(&self) -> BoxFuture<'_, Result<Option<Timestamp>, Fault>> {
        Box::pin(async { Ok(None) })
    }

    fn history<'a>(&'a self, symbol: &'a Symbol) -> BoxFuture<'a, Result<Vec<DailyBar>, Fault>> {
        let seed = u64::from(symbol.as_str() == "S1");
        Box::pin(async move { Ok(testing::walk(seed, 450)) })
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
        let (commands, received) = Commands::new();
        let tools = Tools {
            store: Arc::new(store.clone()),
            shared: Arc::default(),
            commands,
            market: Arc::new(Two),
            cpu: CpuPool::new(2, 64).unwrap(),
            wire: Arc::new(ProtoWire),
        };
        Self { jobs: Jobs::open(tools).await.unwrap(), store, commands: received }
    }

    async fn train(&self) -> View {
        self.jobs.train(launch(), small()).await.unwrap()
    }

    /// The next request to keep models; what else is asked meanwhile is granted.
    async fn asked_to_keep(&mut self) -> (Vec<Trained>, tokio::sync::oneshot::Sender<Result<Vec<Version>, Fault>>) {
        let next = async {
            loop {
                match self.commands.recv().await.unwrap() {
                    Command::Keep { trained, answer, .. } => return (trained, answer),
                    Command::Backfill { answer, .. } | Command::List { answer, .. } | Command::Skip { answer, .. } => {
                        answer.send(Ok(())).unwrap();
                    }
                    Command::Promote { .. } => panic!("nobody moves an alias"),
                }
            }
        };
        tokio::time::timeout(PATIENCE, next).await.expect("the training asks")
    }

    async fn keep(&self, trained: Vec<Trained>) -> Vec<Version> {
        let new =
            |trained| NewVersion { trained, owner: "me".into(), time: Timestamp::MIN, newest_bar: Timestamp::MIN };
        let added = self.store.add_versions(trained.into_iter().map(new).collect()).await.unwrap();
        added.into_iter().map(|(version, _)| version).collect()
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
    let versions = house.keep(last).await;
    answer.send(Ok(versions)).expect("the training still waits for it");
    let Some(Command::Skip { answer, .. }) = house.commands.recv().await else { panic!("it tells whom it skipped") };
    answer.send(Ok(())).unwrap();
    let ended = house.jobs.wait(&id, PATIENCE).await.unwrap();
    assert!(matches!(ended.state, State::Ended(Outcome::Response(_))), "what was kept is not called cancelled");
}

#[tokio::test]
async fn a_training_that_is_cancelled_keeps_the_models_that_it_has_and_says_how_many() {
    let mut house = House::new().await;
    let id = house.train().await.id;
    let (first, answer) = house.asked_to_keep().await;
    assert_eq!(first.iter().map(|one| one.symbol.as_str()).collect::<Vec<_>>(), ["S0"], "symbol by symbol");
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
    let new = |trained| NewVersion { trained, owner: "me".into(), time: Timestamp::MIN, newest_bar: Timestamp::MIN };
    store.add_versions(trained.into_iter().map(new).collect()).await.unwrap();
    let mut house = House::over(store).await;
    let missing = TrainRequest { missing_only: true, ..small() };
    house.jobs.train(launch(), missing).await.unwrap();
    let (kept, answer) = house.asked_to_keep().await;
    assert_eq!(kept.iter().map(|one| one.symbol.as_str()).collect::<Vec<_>>(), ["S0"]);
    answer.send(Ok(house.keep(kept).await)).unwrap();
    let Some(Command::Skip { symbols, .. }) = house.commands.recv().await else { panic!("it tells whom it skipped") };
    assert_eq!(symbols, [], "whoever has a champion is waited for");
}
