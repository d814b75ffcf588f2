use std::ops::Range;

use super::bins::Binned;
use super::bootstrap::Draws;
use super::histogram::{Histograms, Split};
use super::params::ForestValidParams;
use super::sums::Sums;
use super::tree::{Node, Tree};

/// What every tree of a forest is grown from.
#[derive(Debug)]
pub(super) struct Training<'a> {
    pub(super) params: &'a ForestValidParams,
    pub(super) data: &'a Binned,
    pub(super) targets: &'a [f64],
    /// The targets in integer units, for the sums that choose the splits.
    pub(super) quantised: &'a [i64],
}

/// A grown tree and the gain that each feature brought.
#[derive(Debug)]
pub(super) struct Grown {
    pub(super) tree: Tree,
    pub(super) gains: Vec<f64>,
}

/// A tree being grown, depth first.
#[derive(Debug)]
struct Grower<'a> {
    training: &'a Training<'a>,
    draws: Draws,
    /// Drawn rows; those of a node are one range, ascending, so that columns are read forwards.
    rows: Vec<u32>,
    /// Sums of each drawn row, beside `rows`.
    sums: Vec<Sums>,
    /// Room for the right side of a partition.
    aside: Vec<(u32, Sums)>,
    nodes: Vec<Node>,
    gains: Vec<f64>,
}

/// A node to be grown.
#[derive(Debug)]
struct Part {
    range: Range<usize>,
    levels_left: usize,
    total: Sums,
}

/// Grows the tree with this number.
pub(super) fn grow(training: &Training<'_>, tree: usize) -> Grown {
    let features = training.data.features();
    let mut draws = Draws::new(training.params.seed, tree, features);
    let (rows, sums) = sample(training.quantised, &mut draws);
    let total = sums.iter().fold(Sums::default(), |total, sums| total + *sums);
    let whole = Part { range: 0..rows.len(), levels_left: training.params.max_depth, total };
    let aside = vec![(0, Sums::default()); rows.len()];
    let mut grower = Grower { training, draws, rows, sums, aside, nodes: Vec::new(), gains: vec![0.0; features] };
    let histograms = grower.drawn_features(&whole).map(|features| grower.count(features, &whole));
    grower.grow(&whole, histograms);
    Grown { tree: Tree::new(grower.nodes), gains: grower.gains }
}

/// The rows of a bootstrap sample, ascending, with their sums.
fn sample(targets: &[i64], draws: &mut Draws) -> (Vec<u32>, Vec<Sums>) {
    let counts = draws.bootstrap(targets.len());
    let drawn = counts.into_iter().zip(targets).zip(0_u32..).filter(|((count, _), _)| *count > 0);
    drawn.map(|((count, target), row)| (row, Sums::of(*target, count))).unzip()
}

impl Grower<'_> {
    fn grow(&mut self, part: &Part, histograms: Option<Histograms>) {
        let split =
            histograms.as_ref().and_then(|known| known.best_split(self.training.data, part.total, self.min_leaf()));
        match (split, histograms) {
            (Some(split), Some(histograms)) => self.branch(part, split, &histograms),
            _ => self.leaf(part),
        }
    }

    fn branch(&mut self, part: &Part, split: Split, histograms: &Histograms) {
        self.gains[usize::from(split.feature)] += split.gain;
        let (left, right) = self.cut(part, split);
        let (of_left, of_right) = self.children(histograms, &left, &right);
        let at = self.nodes.len();
        let cover = part.total.draws();
        self.nodes.push(Node::Branch { feature: split.feature, bin: split.bin, right: 0, cover });
        self.grow(&left, of_left);
        let right_child = u32::try_from(self.nodes.len()).expect("a tree of 12 levels has under 8,192 nodes");
        self.nodes[at] = Node::Branch { feature: split.feature, bin: split.bin, right: right_child, cover };
        self.grow(&right, of_right);
    }

    /// A leaf holds the mean of the exact targets, summed in row order: the quantised ones only choose the splits.
    fn leaf(&mut self, part: &Part) {
        let rows = self.rows[part.range.clone()].iter().zip(&self.sums[part.range.clone()]);
        let total: f64 = rows.map(|(row, sums)| self.training.targets[*row as usize] * f64::from(sums.draws())).sum();
        let cover = part.total.draws();
        self.nodes.push(Node::Leaf { value: total / f64::from(cover), cover });
    }

    /// Histograms of both children: the smaller is counted, the other derived where it can be.
    fn children(&mut self, parent: &Histograms, left: &Part, right: &Part) -> (Option<Histograms>, Option<Histograms>) {
        let (left_features, right_features) = (self.drawn_features(left), self.drawn_features(right));
        if left.range.len() <= right.range.len() {
            self.pair(parent, (left_features, left), (right_features, right))
        } else {
            let (right, left) = self.pair(parent, (right_features, right), (left_features, left));
            (left, right)
        }
    }

    fn pair(
        &self,
        parent: &Histograms,
        (small_features, small): (Option<Vec<u16>>, &Part),
        (large_features, large): (Option<Vec<u16>>, &Part),
    ) -> (Option<Histograms>, Option<Histograms>) {
        let small = small_features.map(|features| self.count(features, small));
        let large = large_features.map(|features| match &small {
            Some(sibling) => Histograms::derive(self.training.data, features, (parent, sibling), self.drawn(large)),
            None => self.count(features, large),
        });
        (small, large)
    }

    fn count(&self, features: Vec<u16>, part: &Part) -> Histograms {
        let (rows, sums) = self.drawn(part);
        Histograms::count(self.training.data, features, rows, sums)
    }

    fn drawn(&self, part: &Part) -> (&[u32], &[Sums]) {
        (&self.rows[part.range.clone()], &self.sums[part.range.clone()])
    }

    /// The features that a node tries; none when it cannot be cut anyway.
    fn drawn_features(&mut self, part: &Part) -> Option<Vec<u16>> {
        let divisible = part.levels_left > 0 && u64::from(part.total.rows()) >= 2 * u64::from(self.min_leaf());
        let tried = self.training.params.tried(self.training.data.features());
        divisible.then(|| self.draws.features(tried))
    }

    /// Moves the rows of the right side behind those of the left, both in their old order. Each row is written to both
    /// sides and one of them moves on: which way a row goes cannot be predicted, so there is no branch on it.
    fn cut(&mut self, part: &Part, split: Split) -> (Part, Part) {
        let column = self.training.data.column(split.feature);
        let (mut middle, mut right_rows) = (part.range.start, 0);
        for at in part.range.clone() {
            let (row, sums) = (self.rows[at], self.sums[at]);
            (self.rows[middle], self.sums[middle]) = (row, sums);
            self.aside[right_rows] = (row, sums);
            let goes_left = column[row as usize] <= split.bin;
            middle += usize::from(goes_left);
            right_rows += usize::from(!goes_left);
        }
        for (at, aside) in (middle..part.range.end).zip(&self.aside) {
            (self.rows[at], self.sums[at]) = *aside;
        }
        let levels_left = part.levels_left - 1;
        let left = Part { range: part.range.start..middle, levels_left, total: split.left };
        let right = Part { range: middle..part.range.end, levels_left, total: part.total - split.left };
        (left, right)
    }

    fn min_leaf(&self) -> u32 {
        u32::try_from(self.training.params.min_leaf).unwrap_or(u32::MAX)
    }
}
