use std::collections::VecDeque;

use super::moments::Moments;

/// Moments of the latest `N` values by two stacks, each push in amortised constant time.
///
/// A running sum that adds the new value and subtracts the old one drifts, and a running sum of squares cancels. Here
/// nothing is ever subtracted: `front` holds the moments of each suffix of the older part (its top covers all of it),
/// `back` those of the newer part; when the front has run empty, the newer part is turned over once.
#[derive(Clone, Debug, Default)]
pub(super) struct Window<const N: usize> {
    front: Vec<Moments>,
    newer: Vec<f64>,
    back: Moments,
}

impl<const N: usize> Window<N> {
    /// Takes in a value; the moments of the latest `N`, none while there are fewer.
    pub(super) fn push(&mut self, value: f64) -> Option<Moments> {
        if self.front.len() + self.newer.len() == N {
            self.drop_oldest();
        }
        self.newer.push(value);
        self.back = self.back.merge(Moments::of(value));
        self.moments()
    }

    fn moments(&self) -> Option<Moments> {
        let full = self.front.len() + self.newer.len() == N;
        full.then(|| self.front.last().copied().unwrap_or_default().merge(self.back))
    }

    fn drop_oldest(&mut self) {
        if self.front.is_empty() {
            self.turn_over();
        }
        self.front.pop();
    }

    fn turn_over(&mut self) {
        let mut suffix = Moments::default();
        while let Some(value) = self.newer.pop() {
            suffix = Moments::of(value).merge(suffix);
            self.front.push(suffix);
        }
        self.back = Moments::default();
    }
}

/// The latest `N` values, to look back by a number of steps.
#[derive(Clone, Debug, Default)]
pub(super) struct Lags<const N: usize> {
    values: VecDeque<f64>,
}

impl<const N: usize> Lags<N> {
    pub(super) fn push(&mut self, value: f64) {
        if self.values.len() == N {
            self.values.pop_back();
        }
        self.values.push_front(value);
    }

    /// The value `steps` ago (0 is the latest); none when it is not kept.
    pub(super) fn back(&self, steps: usize) -> Option<f64> {
        self.values.get(steps).copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_window_has_the_moments_of_its_latest_values(values in prop::collection::vec(-1e3..1e3f64, 7..200)) {
            let mut window = Window::<7>::default();
            for (at, &value) in values.iter().enumerate() {
                let moments = window.push(value);
                prop_assert_eq!(moments.is_some(), at >= 6);
                if let Some(moments) = moments {
                    let latest = &values[at - 6..=at];
                    let mean = latest.iter().sum::<f64>() / 7.0;
                    let variance = latest.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 7.0;
                    prop_assert!((moments.mean() - mean).abs() < 1e-11);
                    prop_assert!((moments.deviation() - variance.sqrt()).abs() < 1e-10);
                }
            }
        }

        #[test]
        fn a_constant_window_has_no_deviation_at_all(value in -1e9..1e9f64) {
            let mut window = Window::<20>::default();
            let last = (0..77).map(|_| window.push(value)).last().flatten().unwrap();
            prop_assert_eq!((last.mean(), last.deviation()), (value, 0.0));
        }
    }

    #[test]
    fn a_small_spread_on_a_large_level_is_not_lost() {
        let mut window = Window::<4>::default();
        // Deviation one on a level of 1e9: the difference of running sums of squares has no right digit left here.
        let last = (0..100).map(|at| window.push(1e9 + f64::from(at % 2) * 2.0)).last().flatten().unwrap();
        assert!((last.deviation() - 1.0).abs() < 1e-7, "{}", last.deviation());
    }

    #[test]
    fn lags_look_back_as_far_as_they_were_told() {
        let mut lags = Lags::<3>::default();
        (1..=5).for_each(|value| lags.push(f64::from(value)));
        assert_eq!([0, 1, 2, 3].map(|steps| lags.back(steps)), [Some(5.0), Some(4.0), Some(3.0), None]);
    }
}
