use std::sync::Arc;

use tickmesh_proto::types::{Symbol, Timestamp};

use super::suspicion::suspect;
use super::validation::{self, Validated};
use super::{MIN_ROWS, Order};
use crate::calibration::{Pair, SymbolFit};
use crate::dataset::{Dataset, Sample};
use crate::family::{FitError, Fitted, RidgeSpec, Spec};
use crate::features::FeatureSet;
use crate::history::DailyBar;
use crate::training_range::TrainingRange;
use crate::version::Facts;
use crate::walk_forward::{Fold, folds};

/// Fewest rows that a fold learns from.
const MIN_FOLD_ROWS: usize = 100;

/// The work of one training.
#[derive(Clone, Debug)]
pub struct Plan {
    order: Order,
    feature_set: String,
    symbols: Vec<Arc<Subject>>,
    folds: Vec<Fold>,
}

/// One symbol to train.
#[derive(Debug)]
struct Subject {
    data: Dataset,
    train_start: Timestamp,
    train_end: Timestamp,
}

/// One unit of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Learn before a fold's test block, forecast the block.
    Fold {
        /// Number of the symbol in the plan.
        symbol: usize,
        /// Number of the fold.
        fold: usize,
    },
    /// Learn from all rows.
    Final {
        /// Number of the symbol in the plan.
        symbol: usize,
    },
}

/// What a unit has found.
#[derive(Clone, Debug)]
pub enum Done {
    /// Out-of-sample forecasts of a block.
    Fold(FoldDone),
    /// The model that will serve.
    Final {
        /// Number of the symbol in the plan.
        symbol: usize,
        /// The model.
        fitted: Fitted,
    },
}

/// Forecasts of one test block.
#[derive(Clone, Debug)]
pub struct FoldDone {
    pub(super) symbol: usize,
    pub(super) fold: usize,
    /// The model's forecasts, in order of time.
    pub(super) own: Vec<Pair>,
    /// Ridge regression's forecasts of the same rows.
    pub(super) ridge: Vec<Pair>,
    /// Mean label of the training part.
    pub(super) training_mean: f64,
}

/// What validation has found of each symbol of a plan.
#[derive(Debug)]
pub struct Validation(Vec<Option<Validated>>);

/// Why a symbol is not trained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Skip {
    /// It has too few labelled rows.
    TooFewRows {
        /// How many it has.
        rows: usize,
    },
    /// A feature knows the label.
    SuspectedLeak {
        /// The feature.
        feature: &'static str,
    },
}

/// A trained model with its figures.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The symbol.
    pub symbol: Symbol,
    /// The model.
    pub fitted: Fitted,
    /// Close of the first bar learned from.
    pub train_start: Timestamp,
    /// Close of the last bar learned from.
    pub train_end: Timestamp,
    /// All else that a version keeps.
    pub facts: Facts,
}

impl Plan {
    /// Plans the training of symbols on their bars; those that cannot be trained are named with the reason.
    #[must_use]
    pub fn new(order: Order, histories: Vec<(Symbol, Vec<DailyBar>)>) -> (Self, Vec<(Symbol, Skip)>) {
        let set = FeatureSet::standard();
        let (mut symbols, mut skipped) = (Vec::new(), Vec::new());
        for (symbol, bars) in histories {
            match Subject::new(&set, symbol.clone(), &bars, order.horizon) {
                Ok(subject) => symbols.push(subject),
                Err(skip) => skipped.push((symbol, skip)),
            }
        }
        let data: Vec<Dataset> = symbols.iter().map(|subject| subject.data.clone()).collect();
        let folds = folds(&data, order.folds);
        let symbols = symbols.into_iter().map(Arc::new).collect();
        (Self { order, feature_set: set.id().to_owned(), symbols, folds }, skipped)
    }

    /// All units, symbol after symbol.
    #[must_use]
    pub fn units(&self) -> Vec<Unit> {
        let of = |symbol| {
            let folds = (0..self.folds.len()).map(move |fold| Unit::Fold { symbol, fold });
            folds.chain([Unit::Final { symbol }])
        };
        (0..self.symbols.len()).flat_map(of).collect()
    }

    /// The symbol that a unit works on.
    #[must_use]
    pub fn symbol(&self, unit: Unit) -> &Symbol {
        let (Unit::Fold { symbol, .. } | Unit::Final { symbol }) = unit;
        &self.symbols[symbol].data.symbol
    }

    /// Does one unit. `stopped` is asked after each tree.
    ///
    /// # Errors
    /// [`FitError::Cancelled`] when `stopped` says so; any other means that the parameters do not fit.
    pub fn run(&self, unit: Unit, stopped: &(dyn Fn() -> bool + Sync)) -> Result<Done, FitError> {
        match unit {
            Unit::Fold { symbol, fold } => Ok(Done::Fold(self.run_fold(symbol, fold, stopped)?)),
            Unit::Final { symbol } => {
                let fitted = self.order.spec.fit(&self.symbols[symbol].data.samples, self.order.seed, stopped)?;
                Ok(Done::Final { symbol, fitted })
            }
        }
    }

    fn run_fold(&self, symbol: usize, fold: usize, stopped: &(dyn Fn() -> bool + Sync)) -> Result<FoldDone, FitError> {
        let samples = &self.symbols[symbol].data.samples;
        let (training, test) = (self.folds[fold].training(samples), self.folds[fold].test(samples));
        let training_mean = tickmesh_stats::mean(training.iter().map(|sample| sample.label)).unwrap_or(0.0);
        if training.len() < MIN_FOLD_ROWS {
            return Ok(FoldDone { symbol, fold, own: Vec::new(), ridge: Vec::new(), training_mean });
        }
        let own = self.order.spec.fit(training, self.order.seed, stopped)?;
        let ridge = Spec::Ridge(RidgeSpec::default()).fit(training, self.order.seed, stopped)?;
        Ok(FoldDone { symbol, fold, own: pairs(&own, test), ridge: pairs(&ridge, test), training_mean })
    }

    /// The units that validate, then those that learn from all rows, one for each symbol in the plan's order.
    #[must_use]
    pub fn phases(&self) -> (Vec<Unit>, Vec<Unit>) {
        self.units().into_iter().partition(|unit| matches!(unit, Unit::Fold { .. }))
    }

    /// Validates all symbols together, since they share the calibration's slope, from the results of all
    /// folds, in whatever order they come. `peers` are the calibration sums of models of other symbols whose
    /// training ended no later than this one.
    #[must_use]
    pub fn validate(&self, folds: Vec<Done>, peers: &[SymbolFit]) -> Validation {
        Validation(validation::validate(&self.sort(folds).0, self.order.horizon, peers))
    }

    /// The trained model of a symbol, by its number in the plan; `trials` configurations of it were tried, this one
    /// included.
    ///
    /// # Errors
    /// [`Skip::TooFewRows`] when validation could not score it.
    ///
    /// # Panics
    /// When the validation is another plan's.
    pub fn model(
        &self,
        symbol: usize,
        fitted: Fitted,
        validation: &Validation,
        trials: u32,
    ) -> Result<Trained, (Symbol, Skip)> {
        let subject = &self.symbols[symbol];
        let validated = validation.0[symbol].clone();
        let model = validated.and_then(|validated| self.trained(subject, fitted, validated, trials));
        let Dataset { symbol, samples, .. } = &subject.data;
        model.ok_or_else(|| (symbol.clone(), Skip::TooFewRows { rows: samples.len() }))
    }

    /// Puts the results of all units together, as [`Plan::validate`] and [`Plan::model`] do one after the other.
    ///
    /// # Panics
    /// When a unit's result is missing.
    #[must_use]
    pub fn finish(
        &self,
        done: Vec<Done>,
        peers: &[SymbolFit],
        trials: &dyn Fn(&Symbol) -> u32,
    ) -> (Vec<Trained>, Vec<(Symbol, Skip)>) {
        let (blocks, fitted) = self.sort(done);
        let validation = Validation(validation::validate(&blocks, self.order.horizon, peers));
        let (mut trained, mut skipped) = (Vec::new(), Vec::new());
        for (at, model) in fitted.into_iter().enumerate() {
            let model = model.expect("every symbol has its final fit");
            match self.model(at, model, &validation, trials(&self.symbols[at].data.symbol)) {
                Ok(one) => trained.push(one),
                Err(skip) => skipped.push(skip),
            }
        }
        (trained, skipped)
    }

    /// Results by symbol: blocks in order of their folds, and the final models.
    fn sort(&self, done: Vec<Done>) -> (Vec<Vec<FoldDone>>, Vec<Option<Fitted>>) {
        let mut blocks = vec![Vec::new(); self.symbols.len()];
        let mut fitted = vec![None; self.symbols.len()];
        for done in done {
            match done {
                Done::Fold(block) => blocks[block.symbol].push(block),
                Done::Final { symbol, fitted: model } => fitted[symbol] = Some(model),
            }
        }
        blocks.iter_mut().for_each(|blocks| blocks.sort_by_key(|block| block.fold));
        (blocks, fitted)
    }

    fn trained(&self, subject: &Subject, fitted: Fitted, validated: Validated, trials: u32) -> Option<Trained> {
        let Subject { data, train_start, train_end } = subject;
        let facts = Facts {
            horizon: self.order.horizon,
            rows: data.samples.len() as u64,
            params: self.order.spec.describe(),
            seed: self.order.seed,
            data_digest: data.digest.clone(),
            feature_set: self.feature_set.clone(),
            calibration: validated.calibration,
            fit: validated.fit,
            residuals: validated.residuals,
            range: TrainingRange::of(&data.samples)?,
            evaluation: crate::evaluation::Evaluation::of(&validated.rows, validated.folds, trials)?,
        };
        Some(Trained { symbol: data.symbol.clone(), fitted, train_start: *train_start, train_end: *train_end, facts })
    }
}

#[cfg(test)]
impl Plan {
    /// Lets a test plant what a training must or must not find.
    pub(super) fn edit(&mut self, mut change: impl FnMut(&mut Vec<Sample>)) {
        for subject in &mut self.symbols {
            change(&mut Arc::get_mut(subject).expect("no unit runs yet").data.samples);
        }
    }
}

impl Subject {
    fn new(set: &FeatureSet, symbol: Symbol, bars: &[DailyBar], horizon: usize) -> Result<Self, Skip> {
        let data = Dataset::new(symbol, set, bars, horizon);
        let too_few = Skip::TooFewRows { rows: data.samples.len() };
        let (Some(first), Some(last)) = (bars.first(), bars.last()) else { return Err(too_few) };
        if data.samples.len() < MIN_ROWS {
            return Err(too_few);
        }
        match suspect(set, &data) {
            Some(feature) => Err(Skip::SuspectedLeak { feature }),
            None => Ok(Self { data, train_start: first.time(), train_end: last.time() }),
        }
    }
}

fn pairs(model: &Fitted, test: &[Sample]) -> Vec<Pair> {
    let pair = |sample: &Sample| Pair {
        time: sample.time,
        raw: model.predict(sample.row.as_slice()),
        outcome: sample.label,
        sigma: sample.sigma,
        close: sample.close,
    };
    test.iter().map(pair).collect()
}
