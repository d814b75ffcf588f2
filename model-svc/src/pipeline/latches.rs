use tickmesh_mesh::readiness::{Latch, Readiness};

use crate::shared::Shared;

/// What holds the service's readiness back: every symbol that the market lists needs a champion, and then a forecast.
#[derive(Debug)]
pub struct Latches {
    train: Option<Latch>,
    forecasts: Option<Latch>,
}

impl Latches {
    /// Takes both latches.
    #[must_use]
    pub fn new(readiness: &Readiness) -> Self {
        let (train, forecasts) = (readiness.latch("model/train"), readiness.latch("model/forecasts"));
        train.progress(0, 0, "waiting for the market's instruments");
        Self { train: Some(train), forecasts: Some(forecasts) }
    }

    /// Looks at what is there now. A latch that has dropped stays so: a symbol that is imported later does not make the
    /// service unready.
    pub(super) fn look(&mut self, shared: &Shared) {
        let (listed, board) = (shared.listed.load(), shared.board.load());
        let standings = || listed.iter().filter_map(|listed| board.symbols.get(&listed.symbol));
        let total = listed.len() as u64;
        let trained = standings().filter(|standing| standing.forecaster.is_some()).count() as u64;
        let forecast = standings().filter(|standing| standing.latest.is_some()).count() as u64;
        move_on(&mut self.train, trained, total, "symbols with a champion; train the others with `tickmesh train`");
        if self.train.is_none() {
            move_on(&mut self.forecasts, forecast, total, "symbols with a forecast");
        }
    }
}

/// Says how far a latch is, and drops it at its end.
fn move_on(latch: &mut Option<Latch>, done: u64, total: u64, note: &str) {
    if total > 0 && done >= total {
        *latch = None;
    } else if let Some(latch) = latch {
        latch.progress(done, total, note);
    }
}
