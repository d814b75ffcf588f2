//! From the forecasts of all test blocks to calibration, residuals and figures.
//!
//! Calibration is fitted inside each training part like everything else: the blocks before a block calibrate it, less
//! the last `horizon` pairs, whose labels reach to its first decision. So the first block only calibrates and is not
//! scored. Intervals begin with residuals that are out of sample too: of the first block's later half, calibrated on
//! its earlier one. After a first block too short for that they begin one block later, with the residuals of the scored
//! rows before. What serves is calibrated on all blocks.

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
    /// Blocks that they are from.
    pub(super) folds: u32,
}

/// Validates every symbol; none for one that has no two blocks with forecasts. `blocks` are by
/// symbol, in order of time.
pub(super) fn validate(blocks: &[Vec<FoldDone>], horizon: usize, peers: &[SymbolFit]) -> Vec<Option<Validated>> {
    let fits = fits_before(blocks, usize::MAX, 0, |block| &block.own);
    let pool: Vec<SymbolFit> = fits.iter().flatten().chain(peers).copied().collect();
    let steps = Steps::new(blocks, horizon);
    let one = |(symbol, own): (usize, &Option<SymbolFit>)| {
        let fit = (*own)?;
        let Walk { residuals, rows, folds, .. } = steps.walk(symbol, &blocks[symbol], horizon)?;
        Some(Validated { calibration: Calibration::pooled(&fit, &pool), fit, residuals, rows, folds })
    };
    fits.iter().enumerate().map(one).collect()
}

/// The calibrations in force at each block: by block, then by symbol; none where the symbol has no earlier pairs.
struct Steps {
    own: Vec<Vec<Option<Calibration>>>,
    ridge: Vec<Vec<Option<Calibration>>>,
    /// By symbol: fitted on the earlier half of its first block.
    early: Vec<Option<Calibration>>,
}

impl Steps {
    fn new(blocks: &[Vec<FoldDone>], horizon: usize) -> Self {
        let folds = blocks.iter().flatten().map(|block| block.fold + 1).max().unwrap_or(0);
        let at_each = |pairs: for<'a> fn(&'a FoldDone) -> &'a Vec<Pair>| {
            (0..folds).map(|fold| calibrations(&fits_before(blocks, fold, horizon, pairs))).collect()
        };
        Self { own: at_each(|block| &block.own), ridge: at_each(|block| &block.ridge), early: early(blocks, horizon) }
    }

    /// Walks one symbol through its blocks: residuals and scored rows, oldest first.
    fn walk(&self, symbol: usize, blocks: &[FoldDone], horizon: usize) -> Option<Walk> {
        let mut walk = Walk { horizon, early: self.early[symbol], ..Walk::default() };
        for block in blocks {
            match (self.own[block.fold][symbol], self.ridge[block.fold][symbol]) {
                (Some(own), Some(ridge)) => walk.score(block, &own, &ridge),
                _ => walk.unscored.extend_from_slice(&block.own),
            }
        }
        (!walk.rows.is_empty()).then_some(walk)
    }
}

#[derive(Default)]
struct Walk {
    horizon: usize,
    /// Pairs of the first block; the first intervals are calibrated on the later half of them.
    unscored: Vec<Pair>,
    /// Fitted on the earlier half.
    early: Option<Calibration>,
    conformal: Option<Conformal>,
    residuals: Vec<f64>,
    rows: Vec<ScoredRow>,
    folds: u32,
}

impl Walk {
    fn score(&mut self, block: &FoldDone, own: &Calibration, ridge: &Calibration) {
        let mut conformal = self.conformal.take().or_else(|| self.first_intervals());
        self.folds += u32::from(!block.own.is_empty());
        for (pair, rival) in block.own.iter().zip(&block.ridge) {
            let residual = residual(pair, own);
            let covered = conformal.as_ref().map(|c| residual.abs() <= c.half_width());
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

    fn first_intervals(&self) -> Option<Conformal> {
        Conformal::new(&self.first_residuals()).or_else(|| Conformal::new(self.known_residuals()))
    }

    /// The residuals whose outcome is known when the next row is forecast.
    fn known_residuals(&self) -> &[f64] {
        &self.residuals[..(self.residuals.len() + 1).saturating_sub(self.horizon)]
    }

    fn first_residuals(&self) -> Vec<f64> {
        let later = &self.unscored[self.unscored.len() / 2..];
        self.early.map_or_else(Vec::new, |early| later.iter().map(|pair| residual(pair, &early)).collect())
    }

    /// The outcome that is known when the next row is forecast is that of `horizon` rows before it.
    fn mature(&self, conformal: &mut Conformal) {
        if let Some(at) = self.rows.len().checked_sub(self.horizon) {
            conformal.mature(self.residuals[at], self.rows[at].covered == Some(false));
        }
    }
}

fn residual(pair: &Pair, calibration: &Calibration) -> f64 {
    (pair.outcome - calibration.apply(pair.raw)) / pair.sigma
}

/// Each symbol's calibration on the earlier half of its first block, pooled over the symbols that began no later.
fn early(blocks: &[Vec<FoldDone>], horizon: usize) -> Vec<Option<Calibration>> {
    let half = |blocks: &Vec<FoldDone>| {
        let first = blocks.iter().find(|block| !block.own.is_empty())?;
        let until = (first.own.len() / 2).saturating_sub(horizon);
        Some((first.fold, SymbolFit::of(&first.own[..until])?))
    };
    let halves: Vec<Option<(usize, SymbolFit)>> = blocks.iter().map(half).collect();
    let one = |own: &Option<(usize, SymbolFit)>| {
        let (fold, own) = own.as_ref()?;
        let peers = halves.iter().flatten().filter(|(began, _)| began <= fold);
        Some(Calibration::pooled(own, &peers.map(|(_, fit)| *fit).collect::<Vec<_>>()))
    };
    halves.iter().map(one).collect()
}

/// Each symbol's calibration sums over its blocks before `fold`, without the last `purged` pairs.
fn fits_before(
    blocks: &[Vec<FoldDone>],
    fold: usize,
    purged: usize,
    pairs: for<'a> fn(&'a FoldDone) -> &'a Vec<Pair>,
) -> Vec<Option<SymbolFit>> {
    let before = |blocks: &Vec<FoldDone>| {
        let earlier = blocks.iter().filter(|block| block.fold < fold);
        let earlier: Vec<Pair> = earlier.flat_map(pairs).copied().collect();
        SymbolFit::of(&earlier[..earlier.len().saturating_sub(purged)])
    };
    blocks.iter().map(before).collect()
}

fn calibrations(fits: &[Option<SymbolFit>]) -> Vec<Option<Calibration>> {
    let all: Vec<SymbolFit> = fits.iter().flatten().copied().collect();
    fits.iter().map(|own| own.as_ref().map(|own| Calibration::pooled(own, &all))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::Evaluation;
    use crate::testing;

    /// Block `fold` of one symbol: forecasts that vary, and these outcomes.
    fn block(fold: usize, outcomes: &[f64]) -> FoldDone {
        let pair = |(at, outcome): (usize, &f64)| Pair {
            time: testing::day((fold * outcomes.len() + at) as i64),
            raw: 0.001 * (at % 7) as f64,
            outcome: *outcome,
            sigma: 0.01,
            close: 100.0,
        };
        let own: Vec<Pair> = outcomes.iter().enumerate().map(pair).collect();
        FoldDone { symbol: 0, fold, ridge: own.clone(), own, training_mean: 0.0 }
    }

    fn validated(blocks: Vec<FoldDone>, horizon: usize) -> Validated {
        validate(&[blocks], horizon, &[]).remove(0).unwrap()
    }

    fn noise(scale: f64, count: usize) -> Vec<f64> {
        (0..count).map(|at| scale * ((at * 7919 % 13) as f64 / 6.0 - 1.0)).collect()
    }

    #[test]
    fn labels_that_reach_to_the_first_decision_of_a_block_do_not_calibrate_it() {
        for horizon in [1, 3] {
            let before = noise(0.01, 60);
            let first_row = |changed: usize| {
                let mut before = before.clone();
                before.iter_mut().rev().take(changed).for_each(|outcome| *outcome += 0.5);
                validated(vec![block(0, &before), block(1, &noise(0.01, 60))], horizon).rows[0].expected
            };
            assert_eq!(first_row(horizon), first_row(0), "the last {horizon} are purged");
            assert_ne!(first_row(horizon + 1), first_row(0), "and no more");
        }
    }

    #[test]
    fn the_first_intervals_stand_on_residuals_that_nothing_was_fitted_on() {
        let halves = [noise(0.5, 50), noise(0.01, 50)].concat();
        let found = validated(vec![block(0, &halves), block(1, &[0.2; 60])], 1);
        assert_eq!(
            found.rows[0].covered,
            Some(false),
            "the wild half calibrates, the calm half is what residuals are from"
        );
    }

    #[test]
    fn a_first_block_too_short_for_intervals_counts_for_no_miss() {
        for (horizon, first) in [(1, 2), (1, 3), (3, 7)] {
            let blocks = vec![block(0, &noise(0.01, first)), block(1, &noise(0.01, 60)), block(2, &noise(0.01, 60))];
            let found = validated(blocks, horizon);
            let (without, with) = found.rows.split_at(60);
            assert!(without.iter().all(|row| row.covered.is_none()), "there was no interval");
            assert!(with.iter().all(|row| row.covered.is_some()), "what came before makes them");
            let coverage = Evaluation::of(&found.rows, found.folds, 1).unwrap().coverage;
            assert!(coverage.is_some_and(|coverage| coverage > 0.8), "{coverage:?}");
        }
    }

    #[test]
    fn the_first_block_is_not_counted_among_the_scored() {
        let blocks = (0..5).map(|fold| block(fold, &noise(0.01, 40))).collect();
        let found = validated(blocks, 1);
        assert_eq!((found.folds, found.rows.len()), (4, 160));
    }
}
