//! A forest as bytes: `task | features | edges of each | importance of each | trees`, a tree as its nodes in pre-order.
//! A branch is `feature + 1, bin`, a leaf is `0, cover, value`; the rest (right children, covers of branches, complete
//! trees) follows from these and is not stored, so it cannot be wrong.

use super::bins::Edges;
use super::envelope::{self, CorruptModel, Reader, Writer};
use super::params::{MAX_BINS, MAX_DEPTH, MAX_FEATURES, MAX_LEAVES, MAX_TREES};
use super::tree::{Node, Tree};
use super::{Forest, Task};

const MAGIC: [u8; 4] = *b"TMFO";
const VERSION: u16 = 1;
/// Draws of a tree, so that covers add up within 32 bits.
const MAX_COVER: usize = u32::MAX as usize / 2;

pub(super) fn encode(forest: &Forest) -> Vec<u8> {
    let mut out = Writer::default();
    out.byte(match forest.task {
        Task::Regression => 0,
        Task::Classification => 1,
    });
    out.varint(small(forest.edges.len()));
    for edges in &forest.edges {
        out.varint(small(edges.as_slice().len()));
        out.floats(edges.as_slice());
    }
    out.floats(&forest.importance);
    out.varint(small(forest.trees.len()));
    forest.trees.iter().flat_map(Tree::nodes).for_each(|node| encode_node(&mut out, node));
    envelope::seal(MAGIC, VERSION, &out.bytes)
}

fn encode_node(out: &mut Writer, node: &Node) {
    match *node {
        Node::Leaf { value, cover } => {
            out.varint(0);
            out.varint(cover);
            out.float(value);
        }
        Node::Branch { feature, bin, right: _, cover: _ } => {
            out.varint(u32::from(feature) + 1);
            out.byte(bin);
        }
    }
}

fn small(count: usize) -> u32 {
    u32::try_from(count).expect("a forest's counts are bounded by its parameters")
}

pub(super) fn decode(bytes: &[u8]) -> Result<Forest, CorruptModel> {
    let mut reader = envelope::open(MAGIC, VERSION, bytes)?;
    let task = decode_task(&mut reader)?;
    let features = reader.count(1..=MAX_FEATURES, "the number of features is out of range")?;
    let edges = (0..features).map(|_| decode_edges(&mut reader)).collect::<Result<Vec<_>, _>>()?;
    let importance = decode_importance(&mut reader, features)?;
    let count = reader.count(1..=MAX_TREES, "the number of trees is out of range")?;
    let trees = (0..count).map(|_| decode_tree(&mut reader, &edges)).collect::<Result<Vec<_>, _>>()?;
    reader.end()?;
    check_trees(task, &trees)?;
    Ok(Forest::new(task, edges, importance, trees))
}

fn decode_task(reader: &mut Reader<'_>) -> Result<Task, CorruptModel> {
    match reader.byte()? {
        0 => Ok(Task::Regression),
        1 => Ok(Task::Classification),
        _ => Err(CorruptModel::Rule("the task is not known")),
    }
}

fn decode_edges(reader: &mut Reader<'_>) -> Result<Edges, CorruptModel> {
    let count = reader.count(0..=MAX_BINS - 1, "a feature has too many bins")?;
    Edges::checked(reader.floats(count)?).ok_or(CorruptModel::Rule("the edges of a feature do not ascend"))
}

fn decode_importance(reader: &mut Reader<'_>, features: usize) -> Result<Vec<f64>, CorruptModel> {
    let importance = reader.floats(features)?;
    let shares = importance.iter().all(|share| (0.0..=1.0).contains(share));
    let whole = importance.iter().sum::<f64>() < 1.0 + 1e-9;
    if shares && whole { Ok(importance) } else { Err(CorruptModel::Rule("the importances are not shares of one")) }
}

/// That the trees fit into memory as complete ones, and that probabilities are probabilities.
fn check_trees(task: Task, trees: &[Tree]) -> Result<(), CorruptModel> {
    let deepest = trees.iter().map(|tree| tree.depth_below(0)).max().unwrap_or(0);
    if trees.len() << deepest > MAX_LEAVES {
        return Err(CorruptModel::Rule("the trees are too many for their depth"));
    }
    let possible = |node: &Node| match node {
        Node::Leaf { value, cover: _ } => (0.0..=1.0).contains(value),
        Node::Branch { .. } => true,
    };
    if task == Task::Classification && !trees.iter().flat_map(Tree::nodes).all(possible) {
        return Err(CorruptModel::Rule("a leaf is not a probability"));
    }
    Ok(())
}

fn decode_tree(reader: &mut Reader<'_>, edges: &[Edges]) -> Result<Tree, CorruptModel> {
    let mut nodes = Vec::new();
    decode_node(reader, edges, &mut nodes, MAX_DEPTH)?;
    Ok(Tree::new(nodes))
}

/// Reads a node and all below it; the recursion is as deep as a tree may be.
fn decode_node(
    reader: &mut Reader<'_>,
    edges: &[Edges],
    nodes: &mut Vec<Node>,
    levels_left: usize,
) -> Result<u32, CorruptModel> {
    match reader.varint()? {
        0 => decode_leaf(reader, nodes),
        _ if levels_left == 0 => Err(CorruptModel::Rule("a tree is too deep")),
        feature => {
            let (feature, bin) = decode_split(reader, edges, feature - 1)?;
            let at = nodes.len();
            nodes.push(Node::Branch { feature, bin, right: 0, cover: 0 });
            let left = decode_node(reader, edges, nodes, levels_left - 1)?;
            let right = small(nodes.len());
            let cover = left.checked_add(decode_node(reader, edges, nodes, levels_left - 1)?);
            let cover = cover.ok_or(CorruptModel::Rule("the covers of a tree are too large"))?;
            nodes[at] = Node::Branch { feature, bin, right, cover };
            Ok(cover)
        }
    }
}

fn decode_leaf(reader: &mut Reader<'_>, nodes: &mut Vec<Node>) -> Result<u32, CorruptModel> {
    let cover = small(reader.count(1..=MAX_COVER, "the cover of a leaf is out of range")?);
    nodes.push(Node::Leaf { value: reader.float()?, cover });
    Ok(cover)
}

/// A split that exists: its feature has edges, and one of them lies behind its bin.
fn decode_split(reader: &mut Reader<'_>, edges: &[Edges], feature: u32) -> Result<(u16, u8), CorruptModel> {
    let bin = reader.byte()?;
    let known = edges.get(feature as usize).and_then(|edges| edges.threshold(bin));
    let feature = u16::try_from(feature).ok().filter(|_| known.is_some());
    feature.map(|feature| (feature, bin)).ok_or(CorruptModel::Rule("a split is on a bin that does not exist"))
}
