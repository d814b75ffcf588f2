/// A node of a tree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Node {
    Leaf {
        value: f64,
        /// Bootstrap draws that ended here.
        cover: u32,
    },
    /// Rows with `feature` in a bin up to `bin` go to the next node, the others to node `right`.
    Branch { feature: u16, bin: u8, right: u32, cover: u32 },
}

impl Node {
    pub(super) fn cover(&self) -> u32 {
        match self {
            Self::Leaf { cover, .. } | Self::Branch { cover, .. } => *cover,
        }
    }
}

/// A binary tree in pre-order: the left child of a branch is the node behind it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tree {
    nodes: Vec<Node>,
}

impl Tree {
    /// A tree from nodes in pre-order whose `right` indices are right.
    pub(super) fn new(nodes: Vec<Node>) -> Self {
        Self { nodes }
    }

    pub(super) fn node(&self, at: usize) -> &Node {
        &self.nodes[at]
    }

    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Levels of branches below node `at`.
    pub(super) fn depth_below(&self, at: usize) -> usize {
        match self.node(at) {
            Node::Leaf { .. } => 0,
            Node::Branch { right, .. } => 1 + self.depth_below(at + 1).max(self.depth_below(*right as usize)),
        }
    }

    /// Mean of the leaves, weighted by the draws that ended in each.
    pub(super) fn mean(&self) -> f64 {
        let weighted = self.nodes.iter().map(|node| match node {
            Node::Leaf { value, cover } => value * f64::from(*cover),
            Node::Branch { .. } => 0.0,
        });
        weighted.sum::<f64>() / f64::from(self.nodes[0].cover())
    }
}
