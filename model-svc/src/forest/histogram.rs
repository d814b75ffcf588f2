use super::bins::Binned;
use super::sums::Sums;

/// Room for the bins of one feature; constant, so that a byte needs no bounds check.
const STRIDE: usize = 256;

/// Sums of a node's draws by bin, for the features that the node tries.
#[derive(Debug, Default)]
pub(super) struct Histograms {
    /// Ascending.
    features: Vec<u16>,
    /// `STRIDE` bins for each of them.
    bins: Vec<[Sums; STRIDE]>,
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
        let mut bins = empty(features.len());
        for (feature, bins) in features.iter().zip(&mut bins) {
            count(bins, data.column(*feature), rows, sums);
        }
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
        let mut bins = empty(features.len());
        for (feature, bins) in features.iter().zip(&mut bins) {
            match (parent.of(*feature), sibling.of(*feature)) {
                (Some(whole), Some(part)) => subtract(bins, whole, part),
                _ => count(bins, data.column(*feature), rows, sums),
            }
        }
        Self { features, bins }
    }

    fn of(&self, feature: u16) -> Option<&[Sums; STRIDE]> {
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

fn empty(features: usize) -> Vec<[Sums; STRIDE]> {
    vec![[Sums::default(); STRIDE]; features]
}

fn count(bins: &mut [Sums; STRIDE], column: &[u8], rows: &[u32], sums: &[Sums]) {
    for (row, sum) in rows.iter().zip(sums) {
        bins[usize::from(column[*row as usize])] += *sum;
    }
}

fn subtract(bins: &mut [Sums; STRIDE], whole: &[Sums; STRIDE], part: &[Sums; STRIDE]) {
    for ((bin, whole), part) in bins.iter_mut().zip(whole).zip(part) {
        *bin = *whole - *part;
    }
}

/// Last bin of the left side, gain and left sums of the best cut of one feature.
fn best_cut(bins: &[Sums], total: Sums, min_leaf: u32) -> Option<(u8, f64, Sums)> {
    let most = total.rows().checked_sub(min_leaf)?;
    let mut left = Sums::default();
    let mut best = (0, 0.0, left);
    for (bin, sums) in bins.iter().enumerate() {
        left += *sums;
        if left.rows() > most {
            break;
        }
        // An empty bin repeats the gain of the one before and never beats it: cheaper than asking.
        let gain = if left.rows() < min_leaf { 0.0 } else { total.gain(left) };
        if gain > best.1 {
            best = (bin, gain, left);
        }
    }
    let (bin, gain, left) = best;
    (gain > 0.0).then(|| (middle_of_gap(bins, bin), gain, left))
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
        fn the_best_split_is_the_best_of_all(
            targets in prop::collection::vec(-1000..1000i64, 12..60), min_leaf in 1..5u32,
        ) {
            let data = data(targets.len());
            let sums = sums(&targets);
            let rows: Vec<u32> = (0..).take(targets.len()).collect();
            let found = Histograms::count(&data, vec![0], &rows, &sums).best_split(&data, total(&sums), min_leaf);
            let keep = min_leaf as usize;
            let gains = (keep..=targets.len() - keep).map(|cut| total(&sums).gain(total(&sums[..cut])));
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
