use std::ops::{Add, AddAssign, Sub};

/// What a set of bootstrap draws adds up to, in integers, so that the order of adding never matters.
///
/// The two counts share one word: a draw adds `1 << 32`, the first draw of a row adds 1 as well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    gradient: i64,
    counts: u64,
}

impl Sums {
    /// A row drawn `draws` times, with a quantised target.
    pub(super) fn of(target: i64, draws: u32) -> Self {
        Self { gradient: target * i64::from(draws), counts: u64::from(draws) << 32 | 1 }
    }

    /// Draws, the statistical weight. (The shift leaves 32 bits.)
    pub(super) fn draws(self) -> u32 {
        (self.counts >> 32) as u32
    }

    /// Distinct rows. (Truncation takes the low half.)
    pub(super) fn rows(self) -> u32 {
        self.counts as u32
    }

    /// Fall of the sum of squares when `left` is cut off this set, in squared quantised units.
    ///
    /// With `g` and `w` for the two sides' sums and draws it is `w_l w_r / w (g_l / w_l - g_r / w_r)^2`, written with
    /// one division. All sums are exact as f64, so both products round alike for a pure node and leave exactly zero.
    pub(super) fn gain(self, left: Self) -> f64 {
        let (whole, part) = (f64::from(self.draws()), f64::from(left.draws()));
        let apart = left.gradient as f64 * whole - self.gradient as f64 * part;
        apart * apart / (whole * part * (whole - part))
    }
}

impl Add for Sums {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { gradient: self.gradient + other.gradient, counts: self.counts + other.counts }
    }
}

impl Sub for Sums {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self { gradient: self.gradient - other.gradient, counts: self.counts - other.counts }
    }
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// Sums stay below twice this, so that they are exact as f64 too and a pure node has a gain of exactly zero.
const LIMIT: f64 = (1_u64 << 52) as f64;

/// Centred targets as integers: `(y - mean) / u`, `u` as small as the sum over all draws permits (40 bits of a target
/// for 4,000 rows, 32 for a million).
pub(super) fn quantise(targets: &[f64]) -> Vec<i64> {
    let rows = targets.len() as f64;
    let mean = targets.iter().sum::<f64>() / rows;
    let spread = targets.iter().map(|target| (target - mean).abs()).fold(0.0, f64::max);
    let unit = unit(rows * spread);
    targets.iter().map(|target| ((target - mean) / unit).round() as i64).collect()
}

/// The least power of two that `total` contains fewer than `LIMIT` times.
fn unit(total: f64) -> f64 {
    let needed = (total / LIMIT).max(f64::MIN_POSITIVE);
    // Clearing the mantissa rounds down to a power of two; twice that is above what is needed.
    2.0 * f64::from_bits(needed.to_bits() & (0x7ff << 52))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn quantised_targets_keep_their_proportions_within_the_limit(
            targets in prop::collection::vec(-1.0..1.0f64, 2..50), exponent in -300..150i32,
        ) {
            let targets: Vec<f64> = targets.iter().map(|target| target * 10f64.powi(exponent)).collect();
            let integers = quantise(&targets);
            prop_assert!(integers.iter().map(|target| target.abs() as f64).sum::<f64>() <= 2.0 * LIMIT);
            // The widest pair is the yardstick: any other could be too near each other to measure by.
            let low = (0..targets.len()).min_by(|a, b| targets[*a].total_cmp(&targets[*b])).unwrap();
            let high = (0..targets.len()).max_by(|a, b| targets[*a].total_cmp(&targets[*b])).unwrap();
            let (range, steps) = (targets[high] - targets[low], (integers[high] - integers[low]) as f64);
            let coarsest = 2.0 * (targets.len() as f64 * range / LIMIT).max(f64::MIN_POSITIVE);
            prop_assert!(steps + 2.0 >= range / coarsest, "only {} steps", steps);
            for (target, integer) in targets.iter().zip(&integers) {
                let (up, counted) = (target - targets[low], (integer - integers[low]) as f64);
                // Two steps for rounding to integers, four for the doubles of this very comparison.
                let apart = (up * steps - counted * range).abs();
                prop_assert!(apart <= 6.0 * range, "{}: {} of {}", target, counted, steps);
            }
        }

        #[test]
        fn a_pure_node_gains_nothing(
            target in -1_000_000_007..1_000_000_007i64, left in 1..1000u32, right in 1..1000u32,
        ) {
            let (left, right) = (Sums::of(target, left), Sums::of(target, right));
            prop_assert_eq!((left + right).gain(left), 0.0);
        }
    }

    #[test]
    fn equal_targets_stay_equal() {
        assert_eq!(quantise(&[0.0; 40]), [0; 40]);
        // Their mean is not exactly 0.1.
        let integers = quantise(&[0.1; 40]);
        assert!(integers.iter().all(|integer| *integer == integers[0]), "{integers:?}");
        assert_eq!(
            quantise(&[1.0, 1.0, 4.0, 2.0]).windows(2).map(|pair| pair[0] == pair[1]).collect::<Vec<_>>(),
            [true, false, false]
        );
    }

    #[test]
    fn the_gain_is_the_fall_of_the_sum_of_squares() {
        // {1, 1, 4} against {6}: around the mean 3 the squares are 4 + 4 + 1 + 9, around 2 and 6 they are 1 + 1 + 4.
        let left = Sums::of(1, 2) + Sums::of(4, 1);
        assert_eq!((left.rows(), left.draws(), (left + Sums::of(6, 1)).gain(left)), (2, 3, 12.0));
    }
}
