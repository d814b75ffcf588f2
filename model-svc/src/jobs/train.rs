use std::collections::HashMap;
use std::sync::Arc;

use tickmesh_mesh::clock;
use tickmesh_mesh::status::{Code, Fault, beyond_clock, unknown_symbol};
use tickmesh_proto::types::{Symbol, Timestamp};

use super::board::{Jobs, Launch, Tools};
use super::cpu::patiently;
use super::histories;
use super::job::{Job, View};
use super::wire::{Skipped, TrainProgress, TrainReport};
use crate::calibration::SymbolFit;
use crate::family::FitError;
use crate::store::{ModelFacts, VersionFacts};
use crate::training::{Done, MIN_ROWS, Order, Plan, Skip, Trained, Unit, Validation};
use crate::usable::has_usable_champion;
use crate::version::{Version, VersionName};

/// A training that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainRequest {
    /// The symbols; empty means all that the market lists.
    pub symbols: Vec<Symbol>,
    /// What to train.
    pub order: Order,
    /// Learn from bars closed at or before this moment; none means all.
    pub until: Option<Timestamp>,
    /// Leave out symbols that have a champion which can be used.
    pub missing_only: bool,
}

impl Jobs {
    /// Starts a training.
    ///
    /// # Errors
    /// ALREADY_EXISTS, reason REQUEST_ID_REUSED; NOT_FOUND for an unknown symbol; OUT_OF_RANGE, reason BEYOND_CLOCK,
    /// for an end that has not come; UNAVAILABLE when the market cannot be asked, or, reason NO_BARS_YET, when no bar
    /// has come that tells whether the end has; RESOURCE_EXHAUSTED when the queue is full.
    pub async fn train(&self, launch: Launch, request: TrainRequest) -> Result<View, Fault> {
        if let Some(begun) = self.begun(&launch).await? {
            return Ok(begun);
        }
        self.has_come(request.until)?;
        self.train_to(launch, request).await
    }

    /// Starts a training whose end may lie ahead of the market clock: it takes what is there, up to its end.
    pub(super) async fn train_to(&self, launch: Launch, request: TrainRequest) -> Result<View, Fault> {
        let symbols = self.known(&request.symbols).await?;
        let progress = TrainProgress::begun(clock::now());
        let metadata = self.tools.wire.training(&progress);
        let (tools, owner) = (self.tools.clone(), launch.owner.clone());
        let run = |job| Training { tools, job, owner, progress, request, skipped: Vec::new() }.run(symbols);
        self.launch(launch, metadata, run).await
    }

    fn has_come(&self, until: Option<Timestamp>) -> Result<(), Fault> {
        let Some(until) = until else { return Ok(()) };
        let clock = self.tools.shared.clock()?;
        if until > clock { Err(beyond_clock("train_end_time", until, Some(clock))) } else { Ok(()) }
    }

    /// The symbols asked for, all of them known to the market.
    async fn known(&self, asked: &[Symbol]) -> Result<Vec<Symbol>, Fault> {
        let listed: Vec<Symbol> = self.tools.market.listed().await?.into_iter().map(|one| one.symbol).collect();
        if let Some(stranger) = asked.iter().find(|symbol| !listed.contains(symbol)) {
            return Err(unknown_symbol(stranger.as_str(), &listed));
        }
        let mut symbols = if asked.is_empty() { listed } else { asked.to_vec() };
        symbols.sort_unstable();
        symbols.dedup();
        Ok(symbols)
    }
}

/// A training after its validation.
struct Ready {
    plan: Arc<Plan>,
    /// One unit for each symbol.
    finals: Vec<Unit>,
    validation: Arc<Validation>,
    /// How many versions each symbol has.
    models: HashMap<Symbol, u32>,
}

/// One training at work.
struct Training {
    tools: Tools,
    job: Job,
    owner: String,
    progress: TrainProgress,
    request: TrainRequest,
    skipped: Vec<Skipped>,
}

impl Training {
    /// Validates all symbols, then learns and keeps one after the other: what ends it early loses one model at most.
    async fn run(mut self, symbols: Vec<Symbol>) -> Result<Vec<u8>, Fault> {
        let job = self.job.clone();
        let ready = job.or_stopped(self.prepare(symbols)).await?;
        let mut kept = Vec::with_capacity(ready.finals.len());
        for unit in &ready.finals {
            match self.model(&ready, *unit).await {
                Ok(name) => kept.extend(name),
                Err(fault) => return Err(so_far(fault, kept.len(), ready.finals.len())),
            }
        }
        let report = TrainReport { versions: self.facts(&kept).await?, skipped: self.skipped };
        Ok(self.tools.wire.trained(&report))
    }

    async fn prepare(&mut self, symbols: Vec<Symbol>) -> Result<Ready, Fault> {
        if self.request.symbols.is_empty() {
            self.tools.commands.begun(symbols.clone()).await?;
        }
        let models = self.models(symbols).await?;
        let symbols: Vec<Symbol> = models.keys().cloned().collect();
        let until = self.request.until.unwrap_or(Timestamp::MAX);
        let histories = histories::complete(&self.tools, &sorted(symbols), until).await?;
        let plan = self.plan(histories).await?;
        let (folds, finals) = plan.phases();
        self.progress.total = folds.len() + finals.len();
        let done = self.work(&plan, folds).await?;
        let (peers, whole) = (self.peers(&models), Arc::clone(&plan));
        let validation = patiently(&self.tools.cpu, move || whole.validate(done, &peers)).await?;
        Ok(Ready { plan, finals, validation: Arc::new(validation), models })
    }

    /// Learns one symbol's model and keeps it; none when it cannot be had.
    async fn model(&mut self, ready: &Ready, unit: Unit) -> Result<Option<VersionName>, Fault> {
        let job = self.job.clone();
        let Some(trained) = job.or_stopped(self.learn(ready, unit)).await? else { return Ok(None) };
        // From here on it cannot be stopped: what is said of it is what was kept.
        let name = self.tools.commands.keep(trained, self.owner.clone(), clock::now()).await?;
        self.progress.trained.push(name.symbol.clone());
        self.report();
        Ok(Some(name))
    }

    async fn learn(&mut self, ready: &Ready, unit: Unit) -> Result<Option<Trained>, Fault> {
        let Ready { plan, validation, models, .. } = ready;
        let symbol = plan.symbol(unit).clone();
        let trials = models.get(&symbol).map_or(1, |versions| versions + 1);
        let done = self.work(plan, vec![unit]).await?.pop();
        let Some(Done::Final { symbol, fitted }) = done else { return Ok(None) };
        let (plan, validation) = (Arc::clone(plan), Arc::clone(validation));
        match patiently(&self.tools.cpu, move || plan.model(symbol, fitted, &validation, trials)).await? {
            Ok(trained) => {
                let skill = trained.facts.evaluation.mse_skill;
                self.progress.best = Some(self.progress.best.map_or(skill, |best| best.max(skill)));
                Ok(Some(trained))
            }
            Err(skip) => {
                self.skip_all(vec![skip]).await?;
                Ok(None)
            }
        }
    }

    /// How many versions each symbol has, without those that are not to be trained.
    async fn models(&mut self, symbols: Vec<Symbol>) -> Result<HashMap<Symbol, u32>, Fault> {
        let mut models = HashMap::new();
        for symbol in symbols {
            let model = self.tools.store.model(&symbol).await.map_err(Fault::internal)?;
            if self.request.missing_only && self.serves(model.as_ref()).await? {
                self.skip(symbol, "HAS_CHAMPION", "it has a champion already".to_owned());
            } else {
                models.insert(symbol, model.map_or(0, |model| model.versions));
            }
        }
        Ok(models)
    }

    async fn serves(&self, model: Option<&ModelFacts>) -> Result<bool, Fault> {
        let Some(model) = model else { return Ok(false) };
        has_usable_champion(self.tools.store.as_ref(), model).await.map_err(Fault::internal)
    }

    async fn plan(&mut self, histories: Vec<(Symbol, Vec<crate::history::DailyBar>)>) -> Result<Arc<Plan>, Fault> {
        let order = self.request.order;
        let (plan, skipped) = patiently(&self.tools.cpu, move || Plan::new(order, histories)).await?;
        self.skip_all(skipped).await?;
        Ok(Arc::new(plan))
    }

    /// Does units, one after the other: each uses every thread of the pool, and calls of clients come between.
    async fn work(&mut self, plan: &Arc<Plan>, units: Vec<Unit>) -> Result<Vec<Done>, Fault> {
        let mut done = Vec::with_capacity(units.len());
        for unit in units {
            self.progress.symbol = Some(plan.symbol(unit).clone());
            self.report();
            done.push(self.unit(plan, unit).await?);
            self.progress.advance(clock::now());
            self.report();
        }
        Ok(done)
    }

    async fn unit(&self, plan: &Arc<Plan>, unit: Unit) -> Result<Done, Fault> {
        let (plan, job) = (Arc::clone(plan), self.job.clone());
        let result = patiently(&self.tools.cpu, move || plan.run(unit, &|| job.is_cancelled())).await?;
        result.map_err(|error| match error {
            FitError::Cancelled => self.job.stopped(),
            other => {
                Fault::new(Code::InvalidArgument, "BAD_PARAMETERS", format!("the model cannot be fitted: {other}"))
            }
        })
    }

    /// What champions of other symbols know of the calibration, if they have not seen more than this training has.
    fn peers(&self, models: &HashMap<Symbol, u32>) -> Vec<SymbolFit> {
        let board = self.tools.shared.board.load();
        let others = board.symbols.iter().filter(|(symbol, _)| !models.contains_key(*symbol));
        let champions = others.filter_map(|(_, standing)| standing.forecaster.as_ref().map(|f| f.version()));
        let family = self.request.order.spec.family();
        let fit = |version: &Version| {
            version.fitted.family() == family
                && self.request.until.is_none_or(|until| version.train_end <= until)
                && version.facts.horizon == self.request.order.horizon
        };
        champions.filter(|version| fit(version)).map(|version| version.facts.fit).collect()
    }

    async fn facts(&self, versions: &[VersionName]) -> Result<Vec<VersionFacts>, Fault> {
        let mut facts = Vec::with_capacity(versions.len());
        for name in versions {
            let newest = self.tools.store.versions(&name.symbol, name.number + 1, 1).await.map_err(Fault::internal)?;
            facts.extend(newest);
        }
        Ok(facts)
    }

    /// Leaves out symbols that cannot be trained, and says so at once: nobody need wait for them, whatever the end.
    async fn skip_all(&mut self, skipped: Vec<(Symbol, Skip)>) -> Result<(), Fault> {
        if skipped.is_empty() {
            return Ok(());
        }
        self.tools.commands.skip(skipped.iter().map(|(symbol, _)| symbol.clone()).collect()).await?;
        for (symbol, skip) in skipped {
            match skip {
                Skip::TooFewRows { rows } => {
                    let text = format!("it has {rows} labelled rows and needs {MIN_ROWS}; import more bars");
                    self.skip(symbol, "TOO_FEW_ROWS", text);
                }
                Skip::SuspectedLeak { feature } => {
                    let text = format!("{feature} predicts the return too well to be true: its bars are suspect");
                    self.skip(symbol, "SUSPECTED_LEAK", text);
                }
            }
        }
        Ok(())
    }

    fn skip(&mut self, symbol: Symbol, reason: &'static str, message: String) {
        self.skipped.push(Skipped { symbol, reason, message });
    }

    fn report(&self) {
        self.job.report(self.tools.wire.training(&self.progress));
    }
}

fn sorted(mut symbols: Vec<Symbol>) -> Vec<Symbol> {
    symbols.sort_unstable();
    symbols
}

/// How a training ends early that has kept some models.
fn so_far(fault: Fault, kept: usize, all: usize) -> Fault {
    if kept == 0 {
        return fault;
    }
    let text = format!("{}; {kept} of {all} models were kept before", fault.message());
    Fault::new(fault.code(), fault.reason(), text).meta("models_kept", kept.to_string())
}
