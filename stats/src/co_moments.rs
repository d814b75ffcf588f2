/// Means, variances and covariance of pairs, updated one pair at a time.
///
/// The updates are those of Welford (1962) and their merge that of Chan, Golub and LeVeque (1983): they never take the
/// difference of two large sums, so that a constant series has a variance of exactly zero.
///
/// ```
/// let mut moments = tickmesh_stats::CoMoments::default();
/// for (x, y) in [(1.0, 2.0), (2.0, 4.0), (3.0, 6.5)] {
///     moments.push(x, y);
/// }
/// assert!(moments.correlation().is_some_and(|rho| rho > 0.99));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CoMoments {
    count: u64,
    mean_x: f64,
    mean_y: f64,
    /// Sums of squared and mixed deviations from the means.
    xx: f64,
    yy: f64,
    xy: f64,
}

impl CoMoments {
    /// Takes in one pair.
    pub fn push(&mut self, x: f64, y: f64) {
        self.count += 1;
        let n = self.count as f64;
        let (dx, dy) = (x - self.mean_x, y - self.mean_y);
        self.mean_x += dx / n;
        self.mean_y += dy / n;
        self.xx += dx * (x - self.mean_x);
        self.yy += dy * (y - self.mean_y);
        self.xy += dx * (y - self.mean_y);
    }

    /// The moments of both sets of pairs together.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        let count = self.count + other.count;
        if count == 0 {
            return self;
        }
        let (n, m) = (self.count as f64, other.count as f64);
        let (dx, dy) = (other.mean_x - self.mean_x, other.mean_y - self.mean_y);
        let (share, between) = (m / (n + m), n * m / (n + m));
        Self {
            count,
            mean_x: self.mean_x + dx * share,
            mean_y: self.mean_y + dy * share,
            xx: self.xx + other.xx + dx * dx * between,
            yy: self.yy + other.yy + dy * dy * between,
            xy: self.xy + other.xy + dx * dy * between,
        }
    }

    /// Pairs taken in.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Mean of the first members.
    #[must_use]
    pub fn mean_x(&self) -> f64 {
        self.mean_x
    }

    /// Mean of the second members.
    #[must_use]
    pub fn mean_y(&self) -> f64 {
        self.mean_y
    }

    /// Pearson's correlation, -1 to 1; none when either side is constant or there are fewer than two pairs.
    #[must_use]
    pub fn correlation(&self) -> Option<f64> {
        let scale = (self.xx * self.yy).sqrt();
        (scale > 0.0).then(|| (self.xy / scale).clamp(-1.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use proptest::prelude::*;

    use super::*;

    fn of(pairs: &[(f64, f64)]) -> CoMoments {
        pairs.iter().fold(CoMoments::default(), |mut moments, (x, y)| {
            moments.push(*x, *y);
            moments
        })
    }

    #[test]
    fn a_constant_side_has_no_correlation() {
        let pairs: Vec<_> = (0..1000).map(|i| (0.000_731, f64::from(i % 13))).collect();
        assert_eq!(of(&pairs).correlation(), None);
        assert_eq!(of(&pairs[..1]).correlation(), None);
    }

    proptest! {
        #[test]
        fn merging_equals_pushing(pairs in prop::collection::vec((-1.0..1.0, -1.0..1.0), 4..60), at in 0usize..60) {
            let (left, right) = pairs.split_at(at.min(pairs.len()));
            let (merged, whole) = (of(left).merge(of(right)), of(&pairs));
            prop_assert_eq!(merged.count(), whole.count());
            assert_relative_eq!(merged.mean_x(), whole.mean_x(), epsilon = 1e-12);
            assert_relative_eq!(merged.mean_y(), whole.mean_y(), epsilon = 1e-12);
            assert_relative_eq!(merged.correlation().unwrap(), whole.correlation().unwrap(), epsilon = 1e-9);
        }
    }
}
