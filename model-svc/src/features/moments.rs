/// Count, mean and sum of squared deviations of some values, mergeable without cancellation
/// (Chan, Golub and LeVeque 1983, "Algorithms for computing the sample variance").
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    pub(super) fn of(value: f64) -> Self {
        Self { count: 1.0, mean: value, squares: 0.0 }
    }

    pub(super) fn merge(self, other: Self) -> Self {
        let count = self.count + other.count;
        if count == 0.0 {
            return self;
        }
        let delta = other.mean - self.mean;
        let share = other.count / count;
        Self {
            count,
            mean: self.mean + delta * share,
            squares: self.squares + other.squares + delta * delta * self.count * share,
        }
    }

    pub(super) fn mean(&self) -> f64 {
        self.mean
    }

    /// Population standard deviation (divided by the count, as Bollinger bands have it).
    pub(super) fn deviation(&self) -> f64 {
        (self.squares / self.count).sqrt()
    }
}
