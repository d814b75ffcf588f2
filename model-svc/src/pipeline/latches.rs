use std::collections::BTreeSet;

use tickmesh_mesh::readiness::{Latch, Readiness};
use tickmesh_proto::types::Symbol;

use crate::live::Standing;
use crate::shared::Shared;

/// What holds the service's readiness back.
///
/// | It begins | `model/train` falls | `model/forecasts` falls |
/// | --- | --- | --- |
/// | with champions in its store | at once | when all bars are in and each champion forecasts, or the market is lost |
/// | without | when each listed symbol has a champion or was skipped | then, when each champion forecasts |
///
/// Listed are the symbols of the market, and once a training of all of them has begun, those that were there then. So a
/// symbol that cannot be trained holds nothing back, nor does one whose features still warm up, or one that is imported
/// while the others are trained; and a market that is lost holds back only a service that has nothing to answer with.
#[derive(Debug)]
pub struct Latches {
    train: Option<Latch>,
    forecasts: Option<Latch>,
    /// The market has listed its instruments.
    listed: bool,
    /// The market has delivered its history.
    caught_up: bool,
    /// Symbols that the newest training of all has begun with; none before it.
    begun: Option<BTreeSet<Symbol>>,
    /// Symbols that a training has left without a model.
    skipped: BTreeSet<Symbol>,
}

impl Latches {
    /// Takes both latches.
    #[must_use]
    pub fn new(readiness: &Readiness) -> Self {
        let (train, forecasts) = (readiness.latch("model/train"), readiness.latch("model/forecasts"));
        train.progress(0, 0, "waiting for the market's instruments");
        let (train, forecasts) = (Some(train), Some(forecasts));
        Self { train, forecasts, listed: false, caught_up: false, begun: None, skipped: BTreeSet::new() }
    }

    /// The service's own store has champions: no training need be waited for.
    pub(super) fn stocked(&mut self) {
        self.train = None;
    }

    /// The market has listed its instruments.
    pub(super) fn listed(&mut self) {
        self.listed = true;
    }

    /// The market has delivered its history.
    pub(super) fn caught_up(&mut self) {
        self.caught_up = true;
    }

    /// The market is lost: who has models is degraded, and ready with what it has.
    pub(super) fn lost(&mut self) {
        if self.train.is_none() {
            self.forecasts = None;
        }
    }

    /// A training of all that the market listed has begun with these. A market that listed nothing had not been filled.
    pub(super) fn begun(&mut self, symbols: Vec<Symbol>) {
        if !symbols.is_empty() {
            self.begun = Some(symbols.into_iter().collect());
        }
    }

    /// A training has left these without a model.
    pub(super) fn skip(&mut self, symbols: Vec<Symbol>) {
        self.skipped.extend(symbols);
    }

    /// Looks at what is there now. A latch that has dropped stays so.
    pub(super) fn look(&mut self, shared: &Shared) {
        if self.forecasts.is_none() || !(self.listed && self.caught_up) {
            return;
        }
        let (listed, board) = (shared.listed.load(), shared.board.load());
        let is_awaited = |symbol: &Symbol| self.begun.as_ref().is_none_or(|begun| begun.contains(symbol));
        let awaited: Vec<&Symbol> = listed.iter().map(|one| &one.symbol).filter(|symbol| is_awaited(symbol)).collect();
        let total = awaited.len();
        let count = |done: &dyn Fn(&Symbol, Option<&Standing>) -> bool| {
            awaited.iter().filter(|symbol| done(symbol, board.symbols.get(**symbol).map(AsRef::as_ref))).count()
        };
        let trained = count(&|symbol, standing| self.skipped.contains(symbol) || standing.is_some_and(has_champion));
        let forecast = count(&|_, standing| standing.is_none_or(has_spoken));
        move_on(&mut self.train, trained, total, "symbols with a champion, or left out by a training");
        if self.train.is_none() {
            move_on(&mut self.forecasts, forecast, total, "symbols with a forecast");
        }
    }
}

fn has_champion(standing: &Standing) -> bool {
    standing.forecaster.is_some()
}

/// Whether there is a forecast, or cannot be one: without a champion, or while features warm up.
fn has_spoken(standing: &Standing) -> bool {
    let warming_up = standing.newest.as_ref().is_none_or(|newest| newest.row.is_none());
    standing.latest.is_some() || !has_champion(standing) || warming_up
}

/// Says how far a latch is, and drops it at its end.
fn move_on(latch: &mut Option<Latch>, done: usize, total: usize, note: &str) {
    if done >= total {
        *latch = None;
    } else if let Some(latch) = latch {
        latch.progress(done as u64, total as u64, note);
    }
}
