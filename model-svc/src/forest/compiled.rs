use super::bins::Edges;
use super::tree::{Node, Tree};

/// The trees as complete binary trees in flat arrays: the children of node `i` are `2 i + 1` and `2 i + 2`, so that a
/// row walks down by arithmetic, without a branch to predict and without a pointer to follow.
#[derive(Clone, Debug, PartialEq, Default)]
pub(super) struct Compiled {
    trees: Vec<Complete>,
    features: Vec<u16>,
    thresholds: Vec<f64>,
    leaves: Vec<f64>,
}

/// Where one tree lies in the arrays.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Complete {
    levels: u32,
    first_node: usize,
    first_leaf: usize,
}

impl Complete {
    fn nodes(self) -> usize {
        (1 << self.levels) - 1
    }
}

impl Compiled {
    pub(super) fn new(trees: &[Tree], edges: &[Edges]) -> Self {
        let mut compiled = Self::default();
        trees.iter().for_each(|tree| compiled.push(tree, edges));
        compiled
    }

    fn push(&mut self, tree: &Tree, edges: &[Edges]) {
        let levels = u32::try_from(tree.depth_below(0)).expect("trees have at most 12 levels");
        let complete = Complete { levels, first_node: self.features.len(), first_leaf: self.leaves.len() };
        self.features.resize(complete.first_node + complete.nodes(), 0);
        self.thresholds.resize(complete.first_node + complete.nodes(), f64::INFINITY);
        self.leaves.resize(complete.first_leaf + complete.nodes() + 1, 0.0);
        self.trees.push(complete);
        self.place(tree, edges, complete, (0, 0));
    }

    /// Writes node `at` of the tree to place `to` of the complete one; a leaf above the last level fills all below it.
    fn place(&mut self, tree: &Tree, edges: &[Edges], complete: Complete, (at, to): (usize, usize)) {
        match *tree.node(at) {
            Node::Branch { feature, bin, right, cover: _ } => {
                self.features[complete.first_node + to] = feature;
                self.thresholds[complete.first_node + to] =
                    edges[usize::from(feature)].threshold(bin).expect("a split divides two bins");
                self.place(tree, edges, complete, (at + 1, 2 * to + 1));
                self.place(tree, edges, complete, (right as usize, 2 * to + 2));
            }
            Node::Leaf { value, cover: _ } => self.fill(complete, to, value),
        }
    }

    fn fill(&mut self, complete: Complete, to: usize, value: f64) {
        let (mut first, mut last) = (to, to);
        while first < complete.nodes() {
            first = 2 * first + 1;
            last = 2 * last + 2;
        }
        let base = complete.first_leaf;
        self.leaves[base + first - complete.nodes()..=base + last - complete.nodes()].fill(value);
    }

    /// Mean over the trees, always added in their order. A value that is not a number goes right.
    pub(super) fn predict(&self, row: &[f64]) -> f64 {
        let total: f64 = self.trees.iter().map(|tree| self.leaf(*tree, row)).sum();
        total / self.trees.len() as f64
    }

    fn leaf(&self, tree: Complete, row: &[f64]) -> f64 {
        let features = &self.features[tree.first_node..][..tree.nodes()];
        let thresholds = &self.thresholds[tree.first_node..][..tree.nodes()];
        let mut at = 0;
        for _ in 0..tree.levels {
            let goes_left = row[usize::from(features[at])] <= thresholds[at];
            at = 2 * at + 2 - usize::from(goes_left);
        }
        self.leaves[tree.first_leaf + at - tree.nodes()]
    }
}
