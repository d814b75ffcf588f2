use std::collections::HashMap;
use std::sync::Arc;

use tickmesh_mesh::clock;
use tickmesh_mesh::status::{Code, Fault, unknown_symbol};
use tickmesh_proto::types::{Symbol, Timestamp};

use super::board::{Jobs, Launch, Tools};
use super::cpu::patiently;
use super::histories;
use super::job::{Job, View};
use super::wire::{Skipped, TrainProgress, TrainReport};
use crate::ask::beyond_clock;
use crate::calibration::SymbolFit;
use crate::family::FitError;
use crate::store::{Alias, VersionFacts};
use crate::training::{Done, MIN_ROWS, Order, Plan, Skip, Trained, Unit};
use crate::version::Version;

/// A training that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainRequest {
    /// The symbols; empty means all that the market lists.
    pub symbols: Vec<Symbol>,
    /// What to train.
    pub order: Order,
    /// Learn from bars closed at or before this moment; none means all.
    pub until: Option<Timestamp>,
    /// Leave out symbols that have a champion.
    pub missing_only: bool,
}

impl Jobs {
    /// Starts a training.
    ///
    /// # Errors
    /// NOT_FOUND for an unknown symbol; OUT_OF_RANGE, reason BEYOND_CLOCK, for an end that has not come; UNAVAILABLE when
    /// the market cannot be asked; RESOURCE_EXHAUSTED when the queue is full.
    pub async fn train(&self, launch: Launch, request: TrainRequest) -> Result<View, Fault> {
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

    /// The market clock is the later of what the feed says and the newest close: heartbeats come after the bars.
    fn has_come(&self, until: Option<Timestamp>) -> Result<(), Fault> {
        let clock = self.tools.shared.board.load().clock;
        let ahead = until.filter(|until| clock.is_none_or(|clock| *until > clock));
        ahead.map_or(Ok(()), |until| Err(beyond_clock("train_end_time", until, clock)))
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
    async fn run(mut self, symbols: Vec<Symbol>) -> Result<Vec<u8>, Fault> {
        let job = self.job.clone();
        let trained = job.or_stopped(self.make(symbols)).await?;
        self.progress.best = trained.iter().map(|one| one.facts.evaluation.mse_skill).max_by(f64::total_cmp);
        self.report();
        // From here on it cannot be stopped: what is said of it is what was kept.
        let versions = self.tools.commands.keep(trained, self.owner.clone(), clock::now()).await?;
        let skipped = self.skipped.iter().map(|one| one.symbol.clone()).collect();
        self.tools.commands.skip(skipped).await?;
        let report = TrainReport { versions: self.facts(&versions).await?, skipped: self.skipped };
        Ok(self.tools.wire.trained(&report))
    }

    async fn make(&mut self, symbols: Vec<Symbol>) -> Result<Vec<Trained>, Fault> {
        let models = self.models(symbols).await?;
        let symbols: Vec<Symbol> = models.keys().cloned().collect();
        let histories =
            histories::complete(&self.tools, &sorted(symbols), self.request.until.unwrap_or(Timestamp::MAX)).await?;
        let plan = self.plan(histories).await?;
        let done = self.work(&plan).await?;
        self.finish(plan, done, models).await
    }

    /// How many versions each symbol has, without those that are not to be trained.
    async fn models(&mut self, symbols: Vec<Symbol>) -> Result<HashMap<Symbol, u32>, Fault> {
        let mut models = HashMap::new();
        for symbol in symbols {
            let model = self.tools.store.model(&symbol).await.map_err(Fault::internal)?;
            let served = model.as_ref().is_some_and(|m| m.aliases.iter().any(|(alias, _)| *alias == Alias::Champion));
            if self.request.missing_only && served {
                self.skip(symbol, "HAS_CHAMPION", "it has a champion already".to_owned());
            } else {
                models.insert(symbol, model.map_or(0, |model| model.versions));
            }
        }
        Ok(models)
    }

    async fn plan(&mut self, histories: Vec<(Symbol, Vec<crate::history::DailyBar>)>) -> Result<Arc<Plan>, Fault> {
        let order = self.request.order;
        let (plan, skipped) = patiently(&self.tools.cpu, move || Plan::new(order, histories.clone())).await?;
        self.skip_all(skipped);
        Ok(Arc::new(plan))
    }

    /// Does all units, one after the other: each uses every thread of the pool, and calls of clients come between.
    async fn work(&mut self, plan: &Arc<Plan>) -> Result<Vec<Done>, Fault> {
        let units = plan.units();
        self.progress.total = units.len();
        let mut done = Vec::with_capacity(units.len());
        for unit in units {
            self.progress.symbol = Some(plan.symbol(unit).clone());
            self.report();
            done.push(self.unit(plan, unit).await?);
            self.progress.advance(clock::now());
            if matches!(unit, Unit::Final { .. }) {
                self.progress.trained.extend(self.progress.symbol.take());
            }
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

    async fn finish(
        &mut self,
        plan: Arc<Plan>,
        done: Vec<Done>,
        models: HashMap<Symbol, u32>,
    ) -> Result<Vec<Trained>, Fault> {
        let peers = self.peers(&models);
        let finish = move || {
            let trials = |symbol: &Symbol| models.get(symbol).map_or(1, |versions| versions + 1);
            plan.finish(done.clone(), &peers, &trials)
        };
        let (trained, skipped) = patiently(&self.tools.cpu, finish).await?;
        self.skip_all(skipped);
        Ok(trained)
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

    async fn facts(&self, versions: &[Version]) -> Result<Vec<VersionFacts>, Fault> {
        let mut facts = Vec::with_capacity(versions.len());
        for Version { name, .. } in versions {
            let newest = self.tools.store.versions(&name.symbol, name.number + 1, 1).await.map_err(Fault::internal)?;
            facts.extend(newest);
        }
        Ok(facts)
    }

    fn skip_all(&mut self, skipped: Vec<(Symbol, Skip)>) {
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
