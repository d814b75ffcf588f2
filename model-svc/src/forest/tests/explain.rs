use proptest::prelude::*;

use super::super::Task;
use super::super::tree::{Node, Tree};
use super::small_forest;

/// The forecast when only the features of `known` are: the others averaged over the draws.
fn expectation(tree: &Tree, at: usize, bins: &[u8], known: u32) -> f64 {
    match *tree.node(at) {
        Node::Leaf { value, .. } => value,
        Node::Branch { feature, bin, right, cover } => {
            let right = right as usize;
            let of = |child| expectation(tree, child, bins, known);
            let share = |child: usize| f64::from(tree.node(child).cover()) / f64::from(cover);
            if known >> feature & 1 == 0 {
                share(at + 1) * of(at + 1) + share(right) * of(right)
            } else if bins[usize::from(feature)] <= bin {
                of(at + 1)
            } else {
                of(right)
            }
        }
    }
}

/// The Shapley value of `feature` by its definition, over all subsets of the others.
fn shapley(trees: &[Tree], bins: &[u8], feature: usize) -> f64 {
    let features = bins.len();
    let factorial = |n: usize| (1..=n).map(|k| k as f64).product::<f64>();
    let value = |known| trees.iter().map(|tree| expectation(tree, 0, bins, known)).sum::<f64>() / trees.len() as f64;
    let others = (0..1_u32 << features).filter(|known| known >> feature & 1 == 0);
    let weighted = others.map(|known| {
        let size = known.count_ones() as usize;
        let weight = factorial(size) * factorial(features - size - 1) / factorial(features);
        weight * (value(known | 1 << feature) - value(known))
    });
    weighted.sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn contributions_are_the_shapley_values(seed in any::<u64>(), row in prop::collection::vec(-0.2..1.2f64, 4)) {
        let forest = small_forest(Task::Regression, seed);
        let bins: Vec<u8> = forest.edges.iter().zip(&row).map(|(edges, value)| edges.bin(*value)).collect();
        let (_, phi) = forest.contributions(&row);
        for (feature, phi) in phi.into_iter().enumerate() {
            prop_assert!((phi - shapley(&forest.trees, &bins, feature)).abs() < 1e-12);
        }
    }

    #[test]
    fn bias_and_contributions_add_up_to_the_forecast(
        seed in any::<u64>(), row in prop::collection::vec(-0.2..1.2f64, 4),
    ) {
        for task in [Task::Regression, Task::Classification] {
            let forest = small_forest(task, seed);
            let (bias, phi) = forest.contributions(&row);
            prop_assert!((bias + phi.iter().sum::<f64>() - forest.predict_row(&row)).abs() < 1e-12);
        }
    }
}

#[test]
fn a_missing_value_is_explained_as_it_is_forecast() {
    let forest = small_forest(Task::Regression, 3);
    let row = [f64::NAN, 0.5, 0.5, f64::NAN];
    let (bias, phi) = forest.contributions(&row);
    assert!((bias + phi.iter().sum::<f64>() - forest.predict_row(&row)).abs() < 1e-12);
}
