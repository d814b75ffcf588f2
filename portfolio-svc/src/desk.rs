use std::time::Duration;

use tickmesh_mesh::client::Backoff;
use tickmesh_mesh::cpu::{CpuPool, Wanted};
use tickmesh_mesh::status::{Code, Fault, Violations, beyond_clock};
use tickmesh_proto::types::{Symbol, Timestamp};
use tokio::time::Instant;

use crate::limits::{Defect, Limits};
use crate::live::Round;
use crate::market::{Closes, Market};
use crate::measure;
use crate::model::Model;
use crate::optimise::Interrupt;
use crate::plan::{Allocation, Held, Inputs, Insight, Plan, allocate, efficient};
use crate::prices::{Close, LEAST_RETURNS, TooShort, Window};

/// Between the first two questions to a model that has not taken in the newest bar yet, at most.
const MODEL_FIRST_PAUSE: Duration = Duration::from_millis(10);
/// Between two later ones: a model that takes long is busy enough.
const MODEL_LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// When to ask again for forecasts from a model that is behind for longer than patience lasts.
const MODEL_BEHIND_RETRY: Duration = Duration::from_secs(1);

/// Brings together what an allocation needs: closes, forecasts and a thread to compute on.
#[derive(Clone)]
pub struct Desk {
    /// Instruments and closes.
    pub market: Market,
    /// Forecasts.
    pub model: Model,
    /// Where solvers run.
    pub cpu: CpuPool,
    /// How long a live round waits for closes that are on their way.
    pub patience: Duration,
}

impl Desk {
    /// Optimises once.
    ///
    /// A plan for all symbols takes those with history enough that are still fed; the note names the others, and limits
    /// on these do not apply. Symbols that are named are taken as they are; the note tells which are not fed any more.
    ///
    /// # Errors
    /// NOT_FOUND for an unknown symbol, INVALID_ARGUMENT for too few common returns, FAILED_PRECONDITION without
    /// forecasts; as the other services answer.
    pub async fn optimise(&self, plan: Plan, symbols: Vec<Symbol>) -> Result<Allocation, Fault> {
        let (symbols, left_out) = self.chosen(&plan, symbols).await?;
        let plan = plan.without(&left_out);
        let inputs = self.inputs(&plan, symbols, plan.as_of, plan.held.clone()).await?;
        let stale = self.stale(&plan, &inputs);
        let mut allocation = self.allocate(plan, inputs).await?;
        allocation.note_left_out(&left_out);
        allocation.note_stale(&stale);
        Ok(allocation)
    }

    /// The efficient frontier.
    ///
    /// # Errors
    /// As [`optimise`](Self::optimise).
    pub async fn frontier(&self, plan: Plan, symbols: Vec<Symbol>, points: usize) -> Result<Vec<Allocation>, Fault> {
        let (symbols, left_out) = self.chosen(&plan, symbols).await?;
        let plan = plan.without(&left_out);
        let inputs = self.inputs(&plan, symbols, plan.as_of, plan.held.clone()).await?;
        let stale = self.stale(&plan, &inputs);
        let efficient = move |wanted| efficient(&plan, &inputs, points, interrupt(wanted));
        let mut points = self.cpu.run_while_wanted(efficient).await?;
        for point in &mut points {
            point.note_left_out(&left_out);
            point.note_stale(&stale);
        }
        Ok(points)
    }

    /// Optimises a live portfolio at the close of a round, from the weights `held` before.
    ///
    /// A plan for all symbols takes those with history enough that are still fed; the note names the others, and limits
    /// on these do not apply.
    ///
    /// # Errors
    /// As [`optimise`](Self::optimise).
    pub async fn advance(&self, plan: Plan, round: &Round, held: Option<Held>) -> Result<Allocation, Fault> {
        loop {
            let losses = self.market.read(Closes::losses);
            let allocation = self.attempt(plan.clone(), round, held.clone()).await;
            // Closes that were let go of in between, as when the feed begins anew, or that have a hole, make no answer.
            if self.market.read(Closes::losses) == losses {
                return allocation;
            }
        }
    }

    async fn attempt(&self, plan: Plan, round: &Round, held: Option<Held>) -> Result<Allocation, Fault> {
        let universe = self.market.universe_with(&plan.symbols).await?;
        let all = if plan.symbols.is_empty() { universe.symbols().cloned().collect() } else { plan.symbols.clone() };
        self.await_closes(&all, round).await?;
        let (symbols, left_out) = self.ripe(&plan, all, round.as_of);
        if symbols.is_empty() {
            return Err(none_ripe());
        }
        let plan = plan.without(&left_out);
        let inputs = self.inputs(&plan, symbols, Some(round.as_of), held).await?;
        let mut allocation = self.allocate(plan, inputs).await?;
        allocation.note_left_out(&left_out);
        Ok(allocation)
    }

    /// The symbols to optimise once, and those left out. If none has history enough, all stay: the refusal says why.
    async fn chosen(&self, plan: &Plan, symbols: Vec<Symbol>) -> Result<(Vec<Symbol>, Vec<Symbol>), Fault> {
        self.market.load(&symbols).await?;
        let newest = self.market.read(Closes::newest).unwrap_or(Timestamp::MIN);
        let (ripe, left_out) = self.ripe(plan, symbols, plan.as_of.unwrap_or(newest));
        Ok(if ripe.is_empty() { (left_out, ripe) } else { (ripe, left_out) })
    }

    /// Those of all symbols with history enough that are still fed, and the others. Who is named by the plan stays.
    fn ripe(&self, plan: &Plan, symbols: Vec<Symbol>, time: Timestamp) -> (Vec<Symbol>, Vec<Symbol>) {
        let named = !plan.symbols.is_empty();
        self.market.read(|closes| symbols.into_iter().partition(|symbol| named || closes.is_ripe(symbol, time)))
    }

    /// The symbols of the inputs that are not fed any more, at the market clock or at the moment asked for.
    fn stale(&self, plan: &Plan, inputs: &Inputs) -> Vec<(Symbol, Close)> {
        let Some(time) = plan.as_of.or_else(|| self.clock()) else { return Vec::new() };
        self.market.read(|closes| closes.stale(inputs.limits.symbols(), time))
    }

    async fn allocate(&self, plan: Plan, inputs: Inputs) -> Result<Allocation, Fault> {
        let began = Instant::now();
        let allocation = self.cpu.run_while_wanted(move |wanted| allocate(&plan, &inputs, interrupt(wanted))).await?;
        measure::optimised(&allocation.outcome, began.elapsed());
        Ok(allocation)
    }

    /// Signals and closes come by different ways: waits until the closes of the round are there, then fetches them.
    async fn await_closes(&self, symbols: &[Symbol], round: &Round) -> Result<(), Fault> {
        self.market.load(symbols).await?;
        let heard: Vec<Symbol> = symbols.iter().filter(|symbol| round.heard.contains(*symbol)).cloned().collect();
        if self.market.reach(&heard, round.as_of, self.patience).await {
            return Ok(());
        }
        self.market.fetch(symbols).await
    }

    async fn inputs(
        &self,
        plan: &Plan,
        symbols: Vec<Symbol>,
        as_of: Option<Timestamp>,
        held: Option<Held>,
    ) -> Result<Inputs, Fault> {
        let universe = self.market.universe_with(&symbols).await?;
        let limits = plan.constraints.limits(&symbols).map_err(bad_limits)?;
        self.market.load(&symbols).await?;
        plan.as_of.map_or(Ok(()), |as_of| self.has_come(as_of))?;
        let window = self.window(&limits, as_of.unwrap_or(Timestamp::MAX), plan.lookback).await?;
        let insights =
            if plan.expected.needs_insights() { self.insights(&symbols, window.as_of).await? } else { Vec::new() };
        Ok(Inputs { limits, window, insights, periods: universe.periods(&symbols), held })
    }

    /// What the model says at a close that is there. It hears of a bar when we do: one that it has not taken in yet is
    /// waited for.
    async fn insights(&self, symbols: &[Symbol], as_of: Timestamp) -> Result<Vec<Insight>, Fault> {
        let patient = Instant::now() + self.patience;
        let mut backoff = Backoff::new(MODEL_FIRST_PAUSE, MODEL_LONGEST_PAUSE);
        loop {
            match self.model.insights(symbols, as_of).await {
                Err(fault) if fault.reason() == "BEYOND_CLOCK" && Instant::now() < patient => {
                    backoff.wait().await;
                }
                Err(fault) if fault.reason() == "BEYOND_CLOCK" => return Err(model_behind(as_of)),
                said => return said,
            }
        }
    }

    /// The market clock stands at what the feed last said or at the newest close, whichever is later.
    fn clock(&self) -> Option<Timestamp> {
        self.market.feed().market_time.max(self.market.read(Closes::newest))
    }

    /// The market clock must have come to `as_of`.
    fn has_come(&self, as_of: Timestamp) -> Result<(), Fault> {
        let clock = self.clock();
        if clock.is_some_and(|clock| as_of <= clock) { Ok(()) } else { Err(beyond_clock("as_of", as_of, clock)) }
    }

    /// Aligning many symbols takes a while: it is work for the pool, on closes that nobody else waits for.
    async fn window(&self, limits: &Limits, as_of: Timestamp, lookback: usize) -> Result<Window, Fault> {
        let symbols = limits.symbols().to_vec();
        let series = self.market.read(|closes| closes.series(&symbols));
        let window = move || {
            let known: Vec<_> = symbols.into_iter().zip(series.iter().map(|series| series.until(as_of))).collect();
            Window::newest(&known, lookback)
        };
        self.cpu.run(window).await?.map_err(|short| too_short(&short))
    }
}

fn interrupt(wanted: Wanted) -> Interrupt {
    Interrupt::new(move || !wanted.is_wanted())
}

/// INVALID_ARGUMENT naming each defect under `constraints`.
pub(crate) fn bad_limits(defects: Vec<Defect>) -> Fault {
    let mut violations = Violations::new();
    note_defects(&mut violations, defects);
    violations.finish(()).err().unwrap_or_else(|| Fault::internal("limits were refused without a defect"))
}

/// Notes each defect under `constraints`, or under `symbols`.
pub(crate) fn note_defects(violations: &mut Violations, defects: Vec<Defect>) {
    for Defect { field, rule } in defects {
        if field == "symbols" {
            violations.add("symbols", rule);
        } else {
            violations.add(&format!("constraints.{field}"), rule);
        }
    }
}

fn too_short(short: &TooShort) -> Fault {
    Fault::new(Code::InvalidArgument, "TOO_FEW_RETURNS", short.to_string())
        .meta("least", LEAST_RETURNS.to_string())
        .field("symbols", short.to_string())
}

fn model_behind(as_of: Timestamp) -> Fault {
    let message = format!("the model has not come to the close of {as_of} yet");
    Fault::unavailable("MODEL_BEHIND", message, MODEL_BEHIND_RETRY)
}

fn none_ripe() -> Fault {
    let message = format!("no instrument has {LEAST_RETURNS} returns and a close within the last week");
    Fault::new(Code::FailedPrecondition, "NO_DATA", message)
}
