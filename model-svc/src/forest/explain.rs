//! Path-dependent TreeSHAP: Lundberg, Erion and Lee 2018, algorithm 2, in the paper's letters.
//!
//! Walking down, `m` is the path of features met so far. Of all subsets of them, `w` keeps the weight of those of each
//! size; `z` is the share of draws that go this way when the feature is unknown, `o` is 1 when the row goes this way.

use super::bins::Edges;
use super::params::MAX_DEPTH;
use super::tree::{Node, Tree};

/// Expected forecast and the Shapley value of each feature, means over the trees.
pub(super) fn contributions(trees: &[Tree], edges: &[Edges], row: &[f64]) -> (f64, Vec<f64>) {
    let bins: Vec<u8> = edges.iter().zip(row).map(|(edges, value)| bin(edges, *value)).collect();
    let mut phi = vec![0.0; edges.len()];
    for tree in trees {
        Explainer { tree, bins: &bins, phi: &mut phi }.recurse(0, Path::start());
    }
    let count = trees.len() as f64;
    phi.iter_mut().for_each(|phi| *phi /= count);
    (trees.iter().map(Tree::mean).sum::<f64>() / count, phi)
}

/// The bin of a value; what is not a number goes right, as in a forecast.
fn bin(edges: &Edges, value: f64) -> u8 {
    if value.is_nan() { u8::MAX } else { edges.bin(value) }
}

#[derive(Debug)]
struct Explainer<'a> {
    tree: &'a Tree,
    bins: &'a [u8],
    phi: &'a mut [f64],
}

impl Explainer<'_> {
    fn recurse(&mut self, at: usize, m: Path) {
        match *self.tree.node(at) {
            Node::Leaf { value, cover: _ } => self.leaf(&m, value),
            Node::Branch { feature, bin, right, cover } => {
                let (left, right) = (at + 1, right as usize);
                let goes_left = self.bins[usize::from(feature)] <= bin;
                let (hot, cold) = if goes_left { (left, right) } else { (right, left) };
                let (m, met) = m.without(feature);
                let share = |child: usize| f64::from(self.tree.node(child).cover()) / f64::from(cover);
                let (hot_share, cold_share) = (share(hot), share(cold));
                self.recurse(hot, m.extend(met.z * hot_share, met.o, feature));
                self.recurse(cold, m.extend(met.z * cold_share, 0.0, feature));
            }
        }
    }

    fn leaf(&mut self, m: &Path, value: f64) {
        for i in 1..m.len {
            let Element { feature, z, o, w: _ } = m.elements[i];
            self.phi[usize::from(feature)] += m.unwound_sum(i) * (o - z) * value;
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Element {
    feature: u16,
    z: f64,
    o: f64,
    w: f64,
}

/// The path `m`; its first element stands for the root and for no feature.
#[derive(Clone, Copy, Debug)]
struct Path {
    elements: [Element; MAX_DEPTH + 1],
    len: usize,
}

impl Path {
    fn start() -> Self {
        let mut elements = [Element::default(); MAX_DEPTH + 1];
        elements[0] = Element { feature: 0, z: 1.0, o: 1.0, w: 1.0 };
        Self { elements, len: 1 }
    }

    /// EXTEND: one more feature on the path.
    fn extend(mut self, z: f64, o: f64, feature: u16) -> Self {
        let l = self.len;
        let m = &mut self.elements;
        m[l] = Element { feature, z, o, w: 0.0 };
        let size = (l + 1) as f64;
        for i in (0..l).rev() {
            m[i + 1].w += o * m[i].w * (i + 1) as f64 / size;
            m[i].w *= z * (l - i) as f64 / size;
        }
        self.len += 1;
        self
    }

    /// The path without a feature that it may have met, and what it had met of it.
    fn without(self, feature: u16) -> (Self, Element) {
        match (1..self.len).find(|i| self.elements[*i].feature == feature) {
            Some(i) => (self.unwind(i), self.elements[i]),
            None => (self, Element { feature, z: 1.0, o: 1.0, w: 0.0 }),
        }
    }

    /// UNWIND: takes element `i` out again.
    fn unwind(mut self, i: usize) -> Self {
        let weights = self.unwound(i);
        let last = self.len - 1;
        self.elements.copy_within(i + 1..=last, i);
        for (element, w) in self.elements[..last].iter_mut().zip(weights) {
            element.w = w;
        }
        self.len = last;
        self
    }

    /// Sum of the weights that UNWIND would leave.
    fn unwound_sum(&self, i: usize) -> f64 {
        self.unwound(i)[..self.len - 1].iter().sum()
    }

    /// The weights without element `i`: EXTEND run backwards.
    fn unwound(&self, i: usize) -> [f64; MAX_DEPTH] {
        let Element { z, o, .. } = self.elements[i];
        let last = self.len - 1;
        let size = self.len as f64;
        let mut weights = [0.0; MAX_DEPTH];
        let mut n = self.elements[last].w;
        for j in (0..last).rev() {
            let w = self.elements[j].w;
            let rest = z * (last - j) as f64 / size;
            if o == 0.0 {
                weights[j] = w / rest;
            } else {
                weights[j] = n * size / ((j + 1) as f64 * o);
                n = w - weights[j] * rest;
            }
        }
        weights
    }
}
