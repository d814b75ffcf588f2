use ndarray::ArrayView2;

use super::params::MAX_BINS;

/// Upper edges of a feature's bins, ascending: `bin(x)` is the number of edges below `x`, so that
/// `bin(x) <= b` and `x <= edges[b]` are the same question, and a split learned on bins holds on raw values.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Edges(Vec<f64>);

impl Edges {
    /// Edges halfway between neighbouring values: between all of them when they fit, else at the quantiles.
    pub(super) fn fit(mut values: Vec<f64>, max_bins: usize) -> Self {
        values.sort_unstable_by(f64::total_cmp);
        let distinct = values.windows(2).filter(|pair| pair[0] < pair[1]).count() + 1;
        if distinct <= max_bins {
            return Self(
                values.windows(2).filter(|pair| pair[0] < pair[1]).map(|pair| between(pair[0], pair[1])).collect(),
            );
        }
        let mut edges: Vec<f64> = (1..max_bins).filter_map(|bin| quantile(&values, bin, max_bins)).collect();
        edges.dedup();
        Self(edges)
    }

    /// Edges read from elsewhere; none when they are not ascending and finite, or too many for a byte.
    pub(super) fn checked(edges: Vec<f64>) -> Option<Self> {
        let ascending = edges.windows(2).all(|pair| pair[0] < pair[1]);
        let finite = edges.iter().all(|edge| edge.is_finite());
        (ascending && finite && edges.len() < MAX_BINS).then_some(Self(edges))
    }

    pub(super) fn as_slice(&self) -> &[f64] {
        &self.0
    }

    /// Bins, one more than edges.
    pub(super) fn bins(&self) -> usize {
        self.0.len() + 1
    }

    /// The bin of a finite value.
    pub(super) fn bin(&self, value: f64) -> u8 {
        let below = self.0.partition_point(|edge| *edge < value);
        u8::try_from(below).expect("there are fewer than 255 edges")
    }

    /// The raw threshold that divides `bin` from the next one.
    pub(super) fn threshold(&self, bin: u8) -> Option<f64> {
        self.0.get(usize::from(bin)).copied()
    }
}

/// The edge that leaves `bin / bins` of the sorted values below it; behind a run of ties when it falls into one.
fn quantile(sorted: &[f64], bin: usize, bins: usize) -> Option<f64> {
    let low = sorted[(bin * sorted.len() / bins).max(1) - 1];
    let above = sorted.partition_point(|value| *value <= low);
    sorted.get(above).map(|high| between(low, *high))
}

/// A number in `low..high`: their midpoint, or `low` when rounding would reach `high`.
fn between(low: f64, high: f64) -> f64 {
    let middle = f64::midpoint(low, high);
    if middle < high { middle } else { low }
}

/// The training rows as bins, one column after another.
#[derive(Debug)]
pub(super) struct Binned {
    pub(super) edges: Vec<Edges>,
    columns: Vec<Vec<u8>>,
}

impl Binned {
    pub(super) fn fit(records: ArrayView2<'_, f64>, max_bins: usize) -> Self {
        let bin_column = |column: ndarray::ArrayView1<'_, f64>| {
            let edges = Edges::fit(column.to_vec(), max_bins);
            let bins = column.iter().map(|value| edges.bin(*value)).collect();
            (edges, bins)
        };
        let (edges, columns) = records.columns().into_iter().map(bin_column).unzip();
        Self { edges, columns }
    }

    /// Bins of a feature, one per row.
    pub(super) fn column(&self, feature: u16) -> &[u8] {
        &self.columns[usize::from(feature)]
    }

    /// Number of bins of a feature.
    pub(super) fn bins(&self, feature: u16) -> usize {
        self.edges[usize::from(feature)].bins()
    }

    pub(super) fn features(&self) -> usize {
        self.columns.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_split_on_bins_is_the_same_split_on_values(
            values in prop::collection::vec(-5.0..5.0f64, 2..400), bins in 2..=MAX_BINS, probe in -6.0..6.0f64,
        ) {
            let edges = Edges::fit(values, bins);
            prop_assert!(edges.bins() <= bins);
            for bin in 0..edges.bins() - 1 {
                let bin = u8::try_from(bin).unwrap();
                prop_assert_eq!(edges.bin(probe) <= bin, probe <= edges.threshold(bin).unwrap());
            }
        }

        #[test]
        fn few_values_have_a_bin_each(values in prop::collection::btree_set(-1000..1000i32, 1..=MAX_BINS)) {
            let edges = Edges::fit(values.iter().map(|value| f64::from(*value)).collect(), MAX_BINS);
            let bins: Vec<u8> = values.iter().map(|value| edges.bin(f64::from(*value))).collect();
            prop_assert!(bins.iter().enumerate().all(|(at, bin)| at == usize::from(*bin)));
        }
    }

    #[test]
    fn many_values_are_spread_evenly_over_the_bins() {
        let values: Vec<f64> = (0..10_000).map(|at| f64::from(at).sqrt()).collect();
        let edges = Edges::fit(values.clone(), 100);
        let mut counts = [0; 100];
        values.iter().for_each(|value| counts[usize::from(edges.bin(*value))] += 1);
        assert_eq!(counts, [100; 100]);
    }

    #[test]
    fn neighbouring_floats_can_be_told_apart() {
        let edges = Edges::fit(vec![1.0, 1.0f64.next_up()], MAX_BINS);
        assert_eq!([1.0, 1.0f64.next_up()].map(|value| edges.bin(value)), [0, 1]);
    }
}
