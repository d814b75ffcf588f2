use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tickmesh_mesh::clock;
use tickmesh_mesh::status::Fault;
use tickmesh_proto::types::{Symbol, Timestamp};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::command::{Command, Promotion};
use super::latches::Latches;
use super::signals::Signals;
use crate::feed::{FeedEvent, FeedPhase, Listed};
use crate::forecast::Rules;
use crate::history::DailyBar;
use crate::live::{Archive, Engine, Install, LiveBar, Reign};
use crate::shared::Shared;
use crate::store::{Alias, AliasChange, Claim, LogMark, ModelFacts, Moved, NewVersion, Store, StoreError};
use crate::training::Trained;
use crate::usable::{Champions, champions, unknown_version, usable_version};
use crate::version::VersionName;

/// Pauses between attempts to store or log, while the disk refuses.
const RETRY: Duration = Duration::from_secs(1);

/// What the loop works with.
pub struct Parts {
    /// Keeps everything.
    pub store: Arc<dyn Store>,
    /// The signal log.
    pub signals: Arc<dyn Signals>,
    /// What readers see.
    pub shared: Arc<Shared>,
    /// The rules of decisions.
    pub rules: Rules,
    /// What holds readiness back.
    pub latches: Latches,
}

/// The live loop.
pub struct Pipeline {
    pub(super) parts: Parts,
    /// Taken while a step runs on another thread.
    engine: Option<Engine>,
    pub(super) run: String,
    pub(super) mark: LogMark,
    /// Places in the log of signals whose forecasts the store has lost: a power cut took them from the store alone.
    /// They are made again by the same bars, and must not be logged again.
    pub(super) ahead: VecDeque<u64>,
    /// Whether the run's history is in: what bars do then is told as it happens.
    pub(super) caught_up: bool,
    /// The signals that were told to have lapsed, by the close that they were made at.
    pub(super) lapsed: HashMap<Symbol, Timestamp>,
}

impl Pipeline {
    /// Goes on with the run that the store has, if any: signals that were stored and not logged are logged now.
    ///
    /// # Errors
    /// If the store or the log fails.
    pub async fn resume(parts: Parts) -> Result<Self, Fault> {
        let engine = Some(Engine::new(parts.rules, Vec::new(), Archive::default()));
        let mut pipeline = Self {
            parts,
            engine,
            run: String::new(),
            mark: LogMark::default(),
            ahead: VecDeque::new(),
            caught_up: false,
            lapsed: HashMap::new(),
        };
        if let Some((run, mark)) = pipeline.parts.store.run().await.map_err(failed)? {
            pipeline.open(run, mark).await?;
            if pipeline.engine.as_ref().is_some_and(Engine::has_champions) {
                pipeline.parts.latches.stocked();
            }
        }
        Ok(pipeline)
    }

    /// Works until `stop`. What is begun is finished; what waits in the queues is not lost, since the market and the
    /// callers have it.
    pub async fn run(
        mut self,
        mut feed: mpsc::Receiver<FeedEvent>,
        mut commands: mpsc::Receiver<Command>,
        stop: CancellationToken,
    ) {
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                Some(command) = commands.recv() => self.on_command(command).await,
                Some(event) = feed.recv() => self.on_event(event).await,
                else => return,
            }
        }
    }

    pub(super) async fn on_event(&mut self, event: FeedEvent) {
        match event {
            FeedEvent::Joined { epoch } => self.join(epoch).await,
            FeedEvent::Bars { bars, cursor } => {
                if !cursor.is_empty() {
                    self.parts.shared.feed.store(Arc::new(FeedPhase::Live));
                }
                self.take(bars, cursor).await;
            }
            FeedEvent::Imported { symbol, bars } => {
                // A history that is not complete yet has them.
                if self.caught_up {
                    self.import(symbol, bars).await;
                }
            }
            FeedEvent::CaughtUp => {
                self.caught_up = true;
                self.lapse().await;
                tracing::info!("the market's history is complete; what follows is live");
                self.parts.latches.caught_up();
                self.parts.shared.loaded.send_replace(true);
            }
            FeedEvent::Lost => {
                self.parts.shared.feed.store(Arc::new(FeedPhase::Silent));
                self.parts.latches.lost();
            }
            FeedEvent::Pulse { phase, market_time } => {
                self.parts.shared.feed.store(Arc::new(phase));
                if let Some(time) = market_time {
                    self.step(move |engine| engine.tick(time)).await;
                    self.lapse().await;
                }
            }
            FeedEvent::Listed(listed) => self.list(listed).await,
        }
        self.show();
    }

    pub(super) async fn on_command(&mut self, command: Command) {
        // A caller that has gone away needs no answer.
        match command {
            Command::Keep { trained, owner, time, answer } => drop(answer.send(self.keep(*trained, owner, time).await)),
            Command::Promote { promotion, answer } => drop(answer.send(self.promote(promotion).await)),
            Command::Backfill { symbol, bars, answer } => {
                self.backfill(symbol, bars).await;
                self.show();
                drop(answer.send(Ok(())));
            }
            Command::List { listed, answer } => {
                self.list(listed).await;
                drop(answer.send(Ok(())));
            }
            Command::Begun { symbols, answer } => {
                self.parts.latches.begun(symbols);
                drop(answer.send(Ok(())));
            }
            Command::Skip { symbols, answer } => {
                self.parts.latches.skip(symbols);
                drop(answer.send(Ok(())));
            }
        }
        self.show();
    }

    /// The clock first: what follows from a bar whose outcomes were imported with it is held and does not count.
    async fn import(&mut self, symbol: Symbol, bars: Vec<DailyBar>) {
        if let Some(newest) = bars.last().map(DailyBar::time) {
            self.step(move |engine| engine.tick(newest)).await;
        }
        self.take(bars.into_iter().map(|bar| LiveBar { symbol: symbol.clone(), bar }).collect(), String::new()).await;
    }

    async fn take(&mut self, bars: Vec<LiveBar>, cursor: String) {
        let events = self.step(move |engine| engine.take(bars, &cursor)).await;
        self.commit(events).await;
        self.lapse().await;
    }

    /// While the history comes, it brings these bars too: what follows from them is made once, and in the stream's
    /// order.
    async fn backfill(&mut self, symbol: Symbol, bars: Vec<DailyBar>) {
        if self.caught_up {
            let events = self.step(move |engine| engine.backfill(&symbol, bars)).await;
            self.commit(events).await;
        }
    }

    /// Bars of another epoch are another run: forecasts, score and signal log begin anew, models stay.
    async fn join(&mut self, epoch: String) {
        if epoch == self.run {
            return;
        }
        tracing::info!(run = %epoch, "a run begins: the market's log has a new epoch");
        if !self.run.is_empty() {
            while let Err(fault) = self.parts.signals.restart() {
                wait("begin a new signal log", &fault).await;
            }
        }
        let (log_epoch, position) = self.parts.signals.position();
        let mark = LogMark { epoch: log_epoch, position, place: 0 };
        persist("begin a run", || self.parts.store.begin_run(&epoch, &mark, clock::now())).await;
        loop {
            match self.open(epoch.clone(), mark.clone()).await {
                Ok(()) => return,
                Err(fault) => wait("open a run", &fault).await,
            }
        }
    }

    /// Takes over a run: its archive, the champions, and signals that are stored but not logged.
    async fn open(&mut self, run: String, mark: LogMark) -> Result<(), Fault> {
        let store = &self.parts.store;
        let Champions { installs, unusable } = champions(store.as_ref()).await.map_err(failed)?;
        for version in unusable {
            tracing::warn!(%version, "was trained on other features and cannot serve; train it again");
        }
        let archive = store.archive(&run).await.map_err(failed)?;
        let mut engine = Engine::new(self.parts.rules, installs, archive);
        for listed in self.parts.shared.listed.load().iter() {
            engine.calendar(listed.symbol.clone(), listed.calendar);
        }
        self.engine = Some(engine);
        self.caught_up = false;
        self.parts.shared.loaded.send_replace(false);
        self.catch_up(&run, mark).await?;
        self.lapsed = self.parts.signals.lapsed();
        self.parts.shared.run.store(Arc::new(run.clone()));
        self.run = run;
        Ok(())
    }

    async fn list(&mut self, listed: Vec<Listed>) {
        let calendars: Vec<_> = listed.iter().map(|one| (one.symbol.clone(), one.calendar)).collect();
        self.step(move |engine| calendars.into_iter().for_each(|(symbol, calendar)| engine.calendar(symbol, calendar)))
            .await;
        self.parts.shared.listed.store(Arc::new(listed));
        self.parts.latches.listed();
    }

    async fn keep(&mut self, trained: Trained, owner: String, time: Timestamp) -> Result<VersionName, Fault> {
        let newest_bar = self.newest_bar(&trained.symbol).unwrap_or(trained.train_end);
        let new = NewVersion { trained, owner, time, newest_bar };
        let (version, is_champion) = self.parts.store.add_version(new).await.map_err(failed)?;
        let name = version.name.clone();
        if is_champion {
            let reign = Reign { version: name.number, after: newest_bar };
            self.install(Install { version: Arc::new(version), reign }).await;
        }
        Ok(name)
    }

    async fn promote(&mut self, promotion: Promotion) -> Result<ModelFacts, Fault> {
        if let Some(model) = self.promoted(&promotion).await? {
            return Ok(model);
        }
        let Promotion { alias, version, owner, time, request } = promotion;
        let found = usable_version(self.parts.store.as_ref(), &version).await?;
        let newest_bar = self.newest_bar(&version.symbol).unwrap_or(found.train_end);
        let serves = self.champion(&version.symbol) == Some(version.number);
        let change = AliasChange { alias, version, newest_bar, time, owner, request };
        let model = match self.parts.store.set_alias(&change).await.map_err(failed)? {
            Moved::Claimed(Claim::Done(model)) => model,
            Moved::Claimed(Claim::Known(model)) => return Ok(model),
            Moved::Claimed(Claim::Taken(request)) => return Err(request.taken()),
            Moved::NoSuchVersion => return Err(unknown_version(&change.version)),
        };
        if alias == Alias::Champion && !serves {
            let reign = Reign { version: found.name.number, after: newest_bar };
            self.install(Install { version: Arc::new(found), reign }).await;
        }
        Ok(model)
    }

    /// The answer to a request that came before: it is the same whatever has become of the version since.
    async fn promoted(&self, promotion: &Promotion) -> Result<Option<ModelFacts>, Fault> {
        let Promotion { alias: _, version, owner, time: _, request } = promotion;
        let Some(request) = request else { return Ok(None) };
        match self.parts.store.known_move(owner, &version.symbol, request).await.map_err(failed)? {
            None => Ok(None),
            Some(Claim::Done(model) | Claim::Known(model)) => Ok(Some(model)),
            Some(Claim::Taken(request)) => Err(request.taken()),
        }
    }

    async fn install(&mut self, install: Install) {
        let event = self.step(move |engine| engine.install(install)).await;
        self.commit(event.into_iter().collect()).await;
    }

    fn newest_bar(&self, symbol: &Symbol) -> Option<Timestamp> {
        let board = self.parts.shared.board.load();
        board.symbols.get(symbol)?.newest.as_ref().map(|newest| newest.bar.time())
    }

    /// The number of the version that the alias names, whether or not it has served a bar yet.
    fn champion(&self, symbol: &Symbol) -> Option<u32> {
        self.parts.shared.board.load().symbols.get(symbol)?.reigns.last().map(|reign| reign.version)
    }

    /// Runs a step of the engine on a blocking thread. Not on the compute pool: a training must not delay a live bar.
    pub(super) async fn step<T: Send + 'static>(&mut self, work: impl FnOnce(&mut Engine) -> T + Send + 'static) -> T {
        let mut engine = self.engine.take().expect("a step gives the engine back");
        let (engine, result) = tokio::task::spawn_blocking(move || {
            let result = work(&mut engine);
            (engine, result)
        })
        .await
        .expect("the engine does not panic");
        self.engine = Some(engine);
        result
    }

    pub(super) fn board(&self) {
        if let Some(engine) = &self.engine {
            self.parts.shared.board.store(Arc::new(engine.board()));
        }
    }

    /// Lets readers see the newest state, and readiness with them.
    fn show(&mut self) {
        self.board();
        self.parts.latches.look(&self.parts.shared);
    }
}

pub(super) async fn persist<T, F>(what: &str, attempt: impl Fn() -> F) -> T
where
    F: Future<Output = Result<T, StoreError>>,
{
    loop {
        match attempt().await {
            Ok(value) => return value,
            Err(error) => wait(what, &error).await,
        }
    }
}

pub(super) async fn wait(what: &str, error: &(dyn std::error::Error + Send + Sync)) {
    tracing::error!(%error, "cannot {what}; trying again");
    tokio::time::sleep(RETRY).await;
}

pub(super) fn failed(error: StoreError) -> Fault {
    Fault::internal(error)
}
