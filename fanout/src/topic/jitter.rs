//! Spreading in time what would otherwise happen to all streams at once. The seed is an argument, so that it can be
//! repeated.

use std::time::Duration;

/// The fraction in [0, 1) that belongs to the `n`th use of a seed (splitmix64).
fn fraction(seed: u64, n: u64) -> f64 {
    let mut z = seed.wrapping_add(n.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// `mean` ± 10 %, evenly.
pub(crate) fn around(mean: Duration, seed: u64, n: u64) -> Duration {
    mean.mul_f64(0.9 + 0.2 * fraction(seed, n))
}

/// From nothing to `limit`, evenly.
pub(crate) fn up_to(limit: Duration, seed: u64, n: u64) -> Duration {
    limit.mul_f64(fraction(seed, n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_evenly_and_repeats() {
        let mean = Duration::from_secs(1_000);
        let ages: Vec<_> = (0..1_000).map(|n| around(mean, 7, n).as_secs_f64()).collect();
        assert!(ages.iter().all(|age| (900.0..1_100.0).contains(age)));
        assert!((ages.iter().sum::<f64>() / 1_000.0 - 1_000.0).abs() < 10.0);
        assert_eq!(around(mean, 7, 3), around(mean, 7, 3));
        assert_ne!(around(mean, 7, 3), around(mean, 8, 3));
    }
}
