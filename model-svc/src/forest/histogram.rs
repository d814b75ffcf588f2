use super::bins::Binned;
use super::sums::Sums;

const STRIDE: usize = 256;
type Bins = [Sums; STRIDE];

/// Sums of a node's draws by bin, for the features that the node tries.
#[derive(Debug, Default)]
pub(super) struct Histograms {
    /// Ascending.
    features: Vec<u16>,
    bins: Vec<Bins>,
}

/// The best cut of a node: draws whose `feature` is in a bin up to `bin` go left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Split {
    pub(super) feature: u16,
    pub(super) bin: u8,
    pub(super) gain: f64,
    pub(super) left: Sums,
}

impl Histograms {
    /// Counts the draws in `rows` (with their `sums`, side by side) for each of `features`.
    pub(super) fn count(data: &Binned, features: Vec<u16>, rows: &[u32], sums: &[Sums]) -> Self {
        let bins = features.iter().map(|feature| count(data.column(*feature), rows, sums)).collect();
        Self { features, bins }
    }

    /// The same for a node whose `parent` and `sibling` are known: where both tried a feature, their difference is the
    /// answer (exactly, the sums being integers); the rest is counted.
    pub(super) fn derive(
        data: &Binned,
        features: Vec<u16>,
        (parent, sibling): (&Self, &Self),
        (rows, sums): (&[u32], &[Sums]),
    ) -> Self {
        let histogram = |feature: &u16| match (parent.of(*feature), sibling.of(*feature)) {
            (Some(whole), Some(part)) => difference(whole, part),
            _ => count(data.column(*feature), rows, sums),
        };
        let bins = features.iter().map(histogram).collect();
        Self { features, bins }
    }

    fn of(&self, feature: u16) -> Option<&Bins> {
        self.features.binary_search(&feature).ok().map(|at| &self.bins[at])
    }

    /// The cut with the greatest gain that leaves `min_leaf` distinct rows on each side; the first of equals.
    pub(super) fn best_split(&self, data: &Binned, total: Sums, min_leaf: u32) -> Option<Split> {
        let splits = self.features.iter().zip(&self.bins).filter_map(|(feature, bins)| {
            let (bin, gain, left) = best_cut(&bins[..data.bins(*feature)], total, min_leaf)?;
            Some(Split { feature: *feature, bin, gain, left })
        });
        splits.reduce(|best, next| if next.gain > best.gain { next } else { best })
    }
}

fn count(column: &[u8], rows: &[u32], sums: &[Sums]) -> Bins {
    let mut bins = [Sums::default(); STRIDE];
    for (row, sum) in rows.iter().zip(sums) {
        bins[usize::from(column[*row as usize])] += *sum;
    }
    bins
}

fn difference(whole: &Bins, part: &Bins) -> Bins {
    std::array::from_fn(|bin| whole[bin] - part[bin])
}

/// Last bin of the left side, gain and left sums of the best cut of one feature.
fn best_cut(bins: &[Sums], total: Sums, min_leaf: u32) -> Option<(u8, f64, Sums)> {
    let mut best = None;
    let mut highest = 0.0;
    let mut left = Sums::default();
    for (bin, sums) in bins.iter().enumerate() {
        left += *sums;
        let right = total - left;
        if right.rows() < min_leaf {
            break;
        }
        if sums.rows() == 0 || left.rows() < min_leaf {
            continue;
        }
        let gain = left.gain(right);
        if gain > highest {
            highest = gain;
            best = Some((bin, left));
        }
    }
    best.map(|(bin, left)| (middle_of_gap(bins, bin), highest, left))
}

/// Where the bins behind `bin` are empty, the cut goes through the middle of the gap: no training row tells its two
/// ends apart, and new rows fall on the nearer side.
fn middle_of_gap(bins: &[Sums], bin: usize) -> u8 {
    let empty = bins[bin + 1..].iter().take_while(|sums| sums.rows() == 0).count();
    u8::try_from(bin + empty / 2).expect("a bin is a byte")
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use proptest::prelude::*;

    use super::*;

    /// Column 0 counts up, column 1 down, column 2 repeats 0 to 6.
    fn data(rows: usize) -> Binned {
        let value = |(row, column): (usize, usize)| [row, rows - row, row % 7][column] as f64;
        Binned::fit(Array2::from_shape_fn((rows, 3), value).view(), 255)
    }

    fn sums(targets: &[i64]) -> Vec<Sums> {
        targets.iter().zip(1..).map(|(target, at)| Sums::of(*target, at % 3 + 1)).collect()
    }

    fn total(sums: &[Sums]) -> Sums {
        sums.iter().fold(Sums::default(), |total, sums| total + *sums)
    }

    proptest! {
        #[test]
        fn what_is_derived_equals_what_is_counted(
            targets in prop::collection::vec(-1_000_000..1_000_000i64, 30..120), share in 0.0..1.0f64,
        ) {
            let data = data(targets.len());
            let sums = sums(&targets);
            let rows: Vec<u32> = (0..).take(targets.len()).collect();
            let cut = (targets.len() as f64 * share) as usize;
            let parent = Histograms::count(&data, vec![0, 2], &rows, &sums);
            let sibling = Histograms::count(&data, vec![1, 2], &rows[..cut], &sums[..cut]);
            let rest = (&rows[cut..], &sums[cut..]);
            let derived = Histograms::derive(&data, vec![0, 1, 2], (&parent, &sibling), rest);
            let counted = Histograms::count(&data, vec![0, 1, 2], rest.0, rest.1);
            prop_assert_eq!(derived.bins, counted.bins);
        }

        #[test]
        fn the_best_split_is_the_best_of_all(targets in prop::collection::vec(-1000..1000i64, 12..60), min_leaf in 1..5u32) {
            let data = data(targets.len());
            let sums = sums(&targets);
            let rows: Vec<u32> = (0..).take(targets.len()).collect();
            let found = Histograms::count(&data, vec![0], &rows, &sums).best_split(&data, total(&sums), min_leaf);
            let keep = min_leaf as usize;
            let gains = (keep..=targets.len() - keep).map(|cut| total(&sums[..cut]).gain(total(&sums[cut..])));
            let best = gains.fold(0.0, f64::max);
            prop_assert_eq!(found.map_or(0.0, |split| split.gain), best);
        }
    }

    #[test]
    fn a_cut_goes_through_the_middle_of_a_gap() {
        let data = data(100);
        let (rows, sums) = ([10, 11, 12, 30, 31], [0, 0, 0, 9, 9].map(|target| Sums::of(target, 1)));
        let split = Histograms::count(&data, vec![0], &rows, &sums).best_split(&data, total(&sums), 2).unwrap();
        assert_eq!((split.bin, split.left.rows()), (20, 3));
    }
}
