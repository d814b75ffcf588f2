use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};

/// The random choices of one tree: a function of (seed, number of the tree) and of nothing else.
#[derive(Clone, Debug)]
pub(super) struct Draws {
    random: Xoshiro256PlusPlus,
    /// A permutation of all features; each draw shuffles a few of them to the front.
    features: Vec<u16>,
}

impl Draws {
    pub(super) fn new(seed: u64, tree: usize, features: usize) -> Self {
        let features = u16::try_from(features).expect("rows of more than 4,096 features are refused");
        Self {
            random: Xoshiro256PlusPlus::seed_from_u64(mix(mix(seed).wrapping_add(tree as u64))),
            features: (0..features).collect(),
        }
    }

    /// How often each of `rows` rows is drawn when as many are drawn with replacement.
    pub(super) fn bootstrap(&mut self, rows: usize) -> Vec<u32> {
        let mut counts = vec![0; rows];
        (0..rows).for_each(|_| counts[self.below(rows)] += 1);
        counts
    }

    /// `tried` different features, ascending.
    pub(super) fn features(&mut self, tried: usize) -> Vec<u16> {
        for at in 0..tried {
            let other = at + self.below(self.features.len() - at);
            self.features.swap(at, other);
        }
        let mut drawn = self.features[..tried].to_vec();
        drawn.sort_unstable();
        drawn
    }

    /// A number below `end` (Lemire's multiplication; the bias is under `end` / 2^64).
    fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.random.next_u64()) * end as u128) >> 64) as usize
    }
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014): near seeds get unrelated streams.
fn mix(seed: u64) -> u64 {
    let seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let seed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let seed = (seed ^ (seed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    seed ^ (seed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bootstrap_draws_as_many_rows_as_there_are_and_leaves_out_a_third() {
        let counts = Draws::new(1, 0, 1).bootstrap(10_000);
        let left_out = counts.iter().filter(|count| **count == 0).count();
        assert_eq!(counts.iter().sum::<u32>(), 10_000);
        assert!((3_500..3_860).contains(&left_out), "{left_out} left out, expected about 10,000 / e");
    }

    #[test]
    fn each_feature_is_tried_equally_often() {
        let mut draws = Draws::new(9, 4, 10);
        let mut tried = [0; 10];
        for _ in 0..10_000 {
            draws.features(3).into_iter().for_each(|feature| tried[usize::from(feature)] += 1);
        }
        assert!(tried.iter().all(|count| (2_800..3_200).contains(count)), "{tried:?}");
    }

    #[test]
    fn a_tree_has_its_own_stream() {
        let first = |seed, tree| Draws::new(seed, tree, 1).random.next_u64();
        assert_eq!(first(3, 5), first(3, 5));
        assert_ne!(first(3, 5), first(3, 6));
        assert_ne!(first(3, 5), first(4, 4), "seed and tree are not simply added");
    }
}
