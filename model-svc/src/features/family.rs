use super::{Bar, FeatureDef};

/// What a family of features sees of one step in time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) bar: Bar,
    /// The bar before; none at the first step.
    pub(super) previous: Option<Bar>,
}

impl Step {
    /// Simple return from the close before to this one.
    pub(super) fn simple_return(&self) -> Option<f64> {
        self.previous.map(|previous| change(previous.close, self.bar.close))
    }
}

/// `N` features that share a state; their definitions stand beside the code that computes them.
pub(super) trait Family<const N: usize>: Default {
    /// Definitions, in the order of the values that `update` returns.
    const FEATURES: [FeatureDef; N];

    /// Takes in one bar; none until every value has its warm-up behind it.
    fn update(&mut self, step: &Step) -> Option<[f64; N]>;
}

/// Relative change from `from` to `to`, rounded as TA-Lib's ROCP rounds it.
pub(super) fn change(from: f64, to: f64) -> f64 {
    (to - from) / from
}
