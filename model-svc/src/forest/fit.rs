use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};

use linfa::DatasetBase;
use linfa::traits::Fit;
use ndarray::{ArrayBase, ArrayView2, Data, Ix1, Ix2};
use rayon::prelude::*;

use super::bins::{Binned, Edges};
use super::grow::{Grown, Training, grow};
use super::params::{ForestValidParams, MAX_FEATURES};
use super::sums::quantise;
use super::{Forest, ForestError, Task};

/// Greatest size of a regression target, far from where a sum of squares overflows.
const MAX_TARGET: f64 = 1e150;

impl ForestValidParams {
    /// Fits a forest to records (rows × features, finite) and as many targets, and tells how far it is.
    ///
    /// `progress` is called with the number of trees finished so far, once for each, from whichever thread finished it;
    /// when it answers `Break`, no further tree is begun. Trees grow on the current rayon pool.
    ///
    /// # Errors
    /// [`ForestError::Shape`], [`ForestError::NotFinite`] and [`ForestError::Target`] name what is wrong with the data;
    /// [`ForestError::Cancelled`] is the answer to `Break`.
    pub fn fit_with<D: Data<Elem = f64>, T: Data<Elem = f64>>(
        &self,
        data: &DatasetBase<ArrayBase<D, Ix2>, ArrayBase<T, Ix1>>,
        progress: &(dyn Fn(usize) -> ControlFlow<()> + Sync),
    ) -> Result<Forest, ForestError> {
        let records = data.records().view();
        let targets = data.targets().to_vec();
        check(records, &targets, self.task)?;
        let binned = Binned::fit(records, self.max_bins);
        let quantised = quantise(&targets);
        let training = Training { params: self, data: &binned, targets: &targets, quantised: &quantised };
        let grown = grow_all(&training, progress)?;
        Ok(self.forest(binned.edges, grown))
    }

    fn forest(&self, edges: Vec<Edges>, grown: Vec<Grown>) -> Forest {
        let importance = importance(edges.len(), &grown);
        Forest::new(self.task, edges, importance, grown.into_iter().map(|grown| grown.tree).collect())
    }
}

impl<D: Data<Elem = f64>, T: Data<Elem = f64>> Fit<ArrayBase<D, Ix2>, ArrayBase<T, Ix1>, ForestError>
    for ForestValidParams
{
    type Object = Forest;

    fn fit(&self, data: &DatasetBase<ArrayBase<D, Ix2>, ArrayBase<T, Ix1>>) -> Result<Forest, ForestError> {
        self.fit_with(data, &|_| ControlFlow::Continue(()))
    }
}

fn grow_all(
    training: &Training<'_>,
    progress: &(dyn Fn(usize) -> ControlFlow<()> + Sync),
) -> Result<Vec<Grown>, ForestError> {
    let finished = AtomicUsize::new(0);
    (0..training.params.trees)
        .into_par_iter()
        .map(|tree| {
            let grown = grow(training, tree);
            match progress(finished.fetch_add(1, Ordering::Relaxed) + 1) {
                ControlFlow::Continue(()) => Ok(grown),
                // The collecting iterator begins no further item after an error.
                ControlFlow::Break(()) => Err(ForestError::Cancelled),
            }
        })
        .collect()
}

/// Gains of all trees, added in their order and scaled to one.
fn importance(features: usize, grown: &[Grown]) -> Vec<f64> {
    let mut gains = vec![0.0; features];
    for tree in grown {
        gains.iter_mut().zip(&tree.gains).for_each(|(gain, more)| *gain += more);
    }
    let total: f64 = gains.iter().sum();
    if total > 0.0 {
        gains.iter_mut().for_each(|gain| *gain /= total);
    }
    gains
}

fn check(records: ArrayView2<'_, f64>, targets: &[f64], task: Task) -> Result<(), ForestError> {
    let (rows, features) = records.dim();
    let countable = (1..=u32::MAX as usize / 2).contains(&rows) && (1..=MAX_FEATURES).contains(&features);
    if !countable || targets.len() != rows {
        return Err(ForestError::Shape { records: rows, features, targets: targets.len() });
    }
    if let Some(((row, feature), _)) = records.indexed_iter().find(|(_, value)| !value.is_finite()) {
        return Err(ForestError::NotFinite { row, feature });
    }
    let rule = match task {
        Task::Regression => "a number within 1e150 of zero",
        Task::Classification => "0 or 1",
    };
    match targets.iter().position(|target| !suits(task, *target)) {
        Some(row) => Err(ForestError::Target { row, value: targets[row], rule }),
        None => Ok(()),
    }
}

fn suits(task: Task, target: f64) -> bool {
    match task {
        Task::Regression => target.abs() <= MAX_TARGET,
        Task::Classification => target == 0.0 || target == 1.0,
    }
}
