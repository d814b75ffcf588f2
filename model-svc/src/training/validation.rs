//! From the forecasts of all test blocks to calibration, residuals and figures.
//!
//! Calibration is fitted inside each training part like everything else: the blocks before a block calibrate it. So the
//! first block only calibrates and is not scored. What serves is calibrated on all blocks.

use super::plan::FoldDone;
use crate::calibration::{Calibration, Pair, SymbolFit};
use crate::conformal::Conformal;
use crate::evaluation::ScoredRow;

/// What validation has found out about one symbol's model.
#[derive(Clone, Debug)]
pub(super) struct Validated {
    /// The calibration that serves.
    pub(super) calibration: Calibration,
    /// The symbol's own part of it.
    pub(super) fit: SymbolFit,
    /// Standardised residuals of the scored rows, oldest first.
    pub(super) residuals: Vec<f64>,
    /// The scored rows, oldest first.
    pub(super) rows: Vec<ScoredRow>,
}

/// Validates every symbol; none for one that has no two blocks with forecasts. `blocks` are by symbol, in order of time.
pub(super) fn validate(blocks: &[Vec<FoldDone>], horizon: usize, peers: &[SymbolFit]) -> Vec<Option<Validated>> {
    let fits = fits_before(blocks, usize::MAX, |block| &block.own);
    let pool: Vec<SymbolFit> = fits.iter().flatten().chain(peers).copied().collect();
    let steps = Steps::new(blocks);
    let one = |(symbol, own): (usize, &Option<SymbolFit>)| {
        let fit = (*own)?;
        let (residuals, rows) = steps.walk(symbol, &blocks[symbol], horizon)?;
        Some(Validated { calibration: Calibration::pooled(&fit, &pool), fit, residuals, rows })
    };
    fits.iter().enumerate().map(one).collect()
}

/// The calibrations in force at each block: by block, then by symbol; none where the symbol has no earlier pairs.
struct Steps {
    own: Vec<Vec<Option<Calibration>>>,
    ridge: Vec<Vec<Option<Calibration>>>,
}

impl Steps {
    fn new(blocks: &[Vec<FoldDone>]) -> Self {
        let folds = blocks.iter().flatten().map(|block| block.fold + 1).max().unwrap_or(0);
        let at_each = |pairs: for<'a> fn(&'a FoldDone) -> &'a Vec<Pair>| {
            (0..folds).map(|fold| calibrations(&fits_before(blocks, fold, pairs))).collect()
        };
        Self { own: at_each(|block| &block.own), ridge: at_each(|block| &block.ridge) }
    }

    /// Walks one symbol through its blocks: residuals and scored rows, oldest first.
    fn walk(&self, symbol: usize, blocks: &[FoldDone], horizon: usize) -> Option<(Vec<f64>, Vec<ScoredRow>)> {
        let mut walk = Walk { horizon, ..Walk::default() };
        for block in blocks {
            match (self.own[block.fold][symbol], self.ridge[block.fold][symbol]) {
                (Some(own), Some(ridge)) => walk.score(block, &own, &ridge),
                _ => walk.unscored.extend_from_slice(&block.own),
            }
        }
        (!walk.rows.is_empty()).then_some((walk.residuals, walk.rows))
    }
}

#[derive(Default)]
struct Walk {
    horizon: usize,
    /// Pairs before the first scored block; the first intervals are calibrated on them.
    unscored: Vec<Pair>,
    conformal: Option<Conformal>,
    residuals: Vec<f64>,
    rows: Vec<ScoredRow>,
}

impl Walk {
    fn score(&mut self, block: &FoldDone, own: &Calibration, ridge: &Calibration) {
        let first: Vec<f64> = self.unscored.iter().map(|pair| residual(pair, own)).collect();
        let mut conformal = self.conformal.take().or_else(|| Conformal::new(&first));
        for (pair, rival) in block.own.iter().zip(&block.ridge) {
            let residual = residual(pair, own);
            let covered = conformal.as_ref().is_some_and(|c| residual.abs() <= c.half_width());
            self.residuals.push(residual);
            self.rows.push(ScoredRow {
                expected: own.apply(pair.raw),
                outcome: pair.outcome,
                training_mean: block.training_mean,
                ridge: ridge.apply(rival.raw),
                covered,
                close: pair.close,
            });
            if let Some(conformal) = conformal.as_mut() {
                self.mature(conformal);
            }
        }
        self.conformal = conformal;
    }

    /// The outcome that is known when the next row is forecast is that of `horizon` rows before it.
    fn mature(&self, conformal: &mut Conformal) {
        if let Some(at) = self.rows.len().checked_sub(self.horizon) {
            conformal.mature(self.residuals[at], !self.rows[at].covered);
        }
    }
}

fn residual(pair: &Pair, calibration: &Calibration) -> f64 {
    (pair.outcome - calibration.apply(pair.raw)) / pair.sigma
}

/// Each symbol's calibration sums over its blocks before `fold`.
fn fits_before(
    blocks: &[Vec<FoldDone>],
    fold: usize,
    pairs: for<'a> fn(&'a FoldDone) -> &'a Vec<Pair>,
) -> Vec<Option<SymbolFit>> {
    let before = |blocks: &Vec<FoldDone>| {
        let earlier = blocks.iter().filter(|block| block.fold < fold);
        SymbolFit::of(&earlier.flat_map(pairs).copied().collect::<Vec<_>>())
    };
    blocks.iter().map(before).collect()
}

fn calibrations(fits: &[Option<SymbolFit>]) -> Vec<Option<Calibration>> {
    let all: Vec<SymbolFit> = fits.iter().flatten().copied().collect();
    fits.iter().map(|own| own.as_ref().map(|own| Calibration::pooled(own, &all))).collect()
}
