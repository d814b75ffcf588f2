use super::bins::Edges;
use super::tree::{Node, Tree};

/// Trees that a row walks down side by side: each step waits for its loads, and eight waits overlap.
const LANES: usize = 8;

/// The trees as complete binary trees of one depth in flat arrays: the children of node `i` are `2 i + 1` and
/// `2 i + 2`, so that a row walks down by arithmetic, without a branch to predict and without a pointer to follow.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Compiled {
    levels: u32,
    /// Trees that count; the arrays end with trees of zeros, to fill the last eight.
    trees: usize,
    /// Feature and threshold of each node, tree after tree.
    features: Vec<u16>,
    thresholds: Vec<f64>,
    /// One more per tree than nodes.
    leaves: Vec<f64>,
}

impl Compiled {
    pub(super) fn new(trees: &[Tree], edges: &[Edges]) -> Self {
        let levels = trees.iter().map(|tree| tree.depth_below(0)).max().unwrap_or(0);
        let nodes = (1 << levels) - 1;
        let padded = trees.len().next_multiple_of(LANES);
        let mut compiled = Self {
            levels: u32::try_from(levels).expect("trees have at most 12 levels"),
            trees: trees.len(),
            features: vec![0; padded * nodes],
            thresholds: vec![f64::INFINITY; padded * nodes],
            leaves: vec![0.0; padded * (nodes + 1)],
        };
        for (number, tree) in trees.iter().enumerate() {
            compiled.place(tree, edges, number, (0, 0));
        }
        compiled
    }

    /// Nodes of each tree.
    fn nodes(&self) -> usize {
        (1 << self.levels) - 1
    }

    /// Writes node `at` of the tree to place `to` of the complete one; a leaf above the last level fills all below it.
    fn place(&mut self, tree: &Tree, edges: &[Edges], number: usize, (at, to): (usize, usize)) {
        match *tree.node(at) {
            Node::Branch { feature, bin, right, cover: _ } => {
                let node = number * self.nodes() + to;
                self.features[node] = feature;
                self.thresholds[node] = edges[usize::from(feature)].threshold(bin).expect("a split divides two bins");
                self.place(tree, edges, number, (at + 1, 2 * to + 1));
                self.place(tree, edges, number, (right as usize, 2 * to + 2));
            }
            Node::Leaf { value, cover: _ } => self.fill(number, to, value),
        }
    }

    fn fill(&mut self, number: usize, to: usize, value: f64) {
        let nodes = self.nodes();
        let (mut first, mut last) = (to, to);
        while first < nodes {
            first = 2 * first + 1;
            last = 2 * last + 2;
        }
        let leaves = &mut self.leaves[number * (nodes + 1)..][..=nodes];
        leaves[first - nodes..=last - nodes].fill(value);
    }

    /// Mean over the trees, always added in their order. A value that is not a number goes right.
    pub(super) fn predict(&self, row: &[f64]) -> f64 {
        let total: f64 = (0..self.trees).step_by(LANES).flat_map(|first| self.leaves_of(first, row)).sum();
        total / self.trees as f64
    }

    /// Leaf values of eight trees, from tree `first` on.
    fn leaves_of(&self, first: usize, row: &[f64]) -> [f64; LANES] {
        let nodes = self.nodes();
        let features = &self.features[first * nodes..][..LANES * nodes];
        let thresholds = &self.thresholds[first * nodes..][..LANES * nodes];
        let mut at = [0; LANES];
        for _ in 0..self.levels {
            for (lane, at) in at.iter_mut().enumerate() {
                let node = lane * nodes + *at;
                let goes_left = row[usize::from(features[node])] <= thresholds[node];
                *at = 2 * *at + 2 - usize::from(goes_left);
            }
        }
        let leaves = &self.leaves[first * (nodes + 1)..][..LANES * (nodes + 1)];
        std::array::from_fn(|lane| leaves[lane * (nodes + 1) + at[lane] - nodes])
    }
}
