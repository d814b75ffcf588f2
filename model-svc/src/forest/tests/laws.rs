use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use linfa::traits::{Fit, Predict};
use linfa::{Dataset, ParamGuard};
use ndarray::{Array1, Array2};
use proptest::prelude::*;

use super::super::tree::{Node, Tree};
use super::super::{Forest, ForestError, ForestParams, Task};
use super::{labelled, made_up, small};

fn on_threads(threads: usize, params: &ForestParams, data: &super::Data) -> Forest {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| params.fit(data).unwrap())
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let data = made_up(700, 6, 3);
    for mtry in [2, 6] {
        let params = small(11).mtry(mtry);
        let one = on_threads(1, &params, &data);
        assert!([2, 3, 8].iter().all(|threads| on_threads(*threads, &params, &data).to_bytes() == one.to_bytes()));
    }
}

#[test]
fn a_larger_forest_begins_with_the_trees_of_the_smaller() {
    let data = made_up(300, 4, 5);
    let (few, many) = (small(2).trees(3).fit(&data).unwrap(), small(2).trees(9).fit(&data).unwrap());
    assert_eq!(few.trees[..], many.trees[..3]);
}

#[test]
fn another_seed_gives_another_forest() {
    let data = made_up(300, 4, 5);
    assert_ne!(small(1).fit(&data).unwrap().trees, small(2).fit(&data).unwrap().trees);
}

/// The forecast by walking the linked tree on bins, which is how it was grown.
fn walk(tree: &Tree, bins: &[u8]) -> f64 {
    let mut at = 0;
    loop {
        match *tree.node(at) {
            Node::Leaf { value, .. } => return value,
            Node::Branch { feature, bin, right, .. } => {
                at = if bins[usize::from(feature)] <= bin { at + 1 } else { right as usize };
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_flat_arrays_forecast_what_the_trees_do(rows in 20..300usize, features in 1..6usize, seed in any::<u64>()) {
        let data = made_up(rows, features, seed);
        let forest = small(seed).min_leaf(2).max_depth(7).fit(&data).unwrap();
        for row in data.records().rows() {
            let row = row.to_vec();
            let bins: Vec<u8> = forest.edges.iter().zip(&row).map(|(edges, value)| edges.bin(*value)).collect();
            let mean = forest.trees.iter().map(|tree| walk(tree, &bins)).sum::<f64>() / forest.trees.len() as f64;
            prop_assert_eq!(forest.predict_row(&row).to_bits(), mean.to_bits());
        }
    }

    #[test]
    fn forecasts_stay_within_the_targets(seed in any::<u64>(), probe in prop::collection::vec(-9.0..9.0f64, 4)) {
        let data = made_up(150, 4, seed);
        let forest = small(seed).fit(&data).unwrap();
        let low = data.targets().iter().copied().fold(f64::INFINITY, f64::min);
        let high = data.targets().iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let forecast = forest.predict_row(&probe);
        prop_assert!(low - 1e-12 <= forecast && forecast <= high + 1e-12);
    }

    #[test]
    fn a_probability_is_one(seed in any::<u64>(), probe in prop::collection::vec(-9.0..9.0f64, 4)) {
        let params = ForestParams::new(Task::Classification).trees(7).min_leaf(5).seed(seed);
        let probability = params.fit(&labelled(150, 4, seed)).unwrap().predict_row(&probe);
        prop_assert!((0.0..=1.0).contains(&probability));
    }

    #[test]
    fn a_scale_and_a_shift_of_the_targets_do_the_same_to_the_forecasts(seed in any::<u64>(), power in -20..20i32) {
        let data = made_up(150, 4, seed);
        let (factor, shift) = (2f64.powi(power), 3.0);
        let moved = Dataset::new(data.records().clone(), data.targets().mapv(|target| (target + shift) * factor));
        let (forest, other) = (small(seed).fit(&data).unwrap(), small(seed).fit(&moved).unwrap());
        for row in data.records().rows() {
            let (a, b) = (forest.predict_row(&row.to_vec()), other.predict_row(&row.to_vec()));
            prop_assert!(((a + shift) * factor - b).abs() <= 1e-12 * factor);
        }
    }
}

#[test]
fn every_leaf_keeps_its_distinct_rows() {
    let data = made_up(400, 3, 8);
    let min_leaf = 23;
    let forest = small(4).trees(1).min_leaf(min_leaf).mtry(3).fit(&data).unwrap();
    let drawn = super::super::bootstrap::Draws::new(4, 0, 3).bootstrap(400);
    let mut rows = std::collections::HashMap::new();
    for (row, _) in data.records().rows().into_iter().zip(&drawn).filter(|(_, count)| **count > 0) {
        *rows.entry(forest.predict_row(&row.to_vec()).to_bits()).or_insert(0) += 1;
    }
    assert!(rows.len() > 5, "the tree splits");
    assert!(rows.values().all(|count| *count >= min_leaf), "{rows:?}");
}

#[test]
fn a_leaf_is_the_mean_of_its_draws() {
    let data = made_up(100, 2, 1);
    let forest = small(6).trees(1).min_leaf(100).fit(&data).unwrap();
    let counts = super::super::bootstrap::Draws::new(6, 0, 2).bootstrap(100);
    let total: f64 = counts.iter().zip(data.targets()).map(|(count, target)| f64::from(*count) * target).sum();
    assert_eq!(forest.predict_row(&[0.0, 0.0]), total / 100.0);
}

#[test]
fn a_constant_target_makes_trees_of_one_leaf() {
    let data = Dataset::new(made_up(100, 3, 2).records().clone(), Array1::from_elem(100, 0.1));
    let forest = small(1).fit(&data).unwrap();
    assert!(forest.trees.iter().all(|tree| tree.nodes().len() == 1));
    assert!((forest.predict_row(&[0.5; 3]) - 0.1).abs() < 1e-15);
    assert_eq!(forest.importance(), [0.0; 3]);
}

#[test]
fn importance_finds_the_columns_that_matter() {
    let forest = small(3).trees(50).mtry(3).fit(&made_up(1_000, 8, 4)).unwrap();
    let importance = forest.importance();
    assert!((importance.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    assert!(importance[0] > importance[1] && importance[1] > 3.0 * importance[2..].iter().copied().fold(0.0, f64::max));
}

#[test]
fn a_step_is_learned_without_error() {
    let x = Array2::from_shape_fn((200, 1), |(row, _)| (row % 10) as f64);
    let y = x.column(0).mapv(|value| f64::from(value > 3.5));
    let forest = ForestParams::new(Task::Classification).fit(&Dataset::new(x, y)).unwrap();
    assert_eq!(
        [-9.0, 3.0, 3.5, 3.6, 4.0, 99.0].map(|value| forest.predict_row(&[value])),
        [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]
    );
}

#[test]
fn what_is_not_a_number_counts_as_large() {
    let forest = small(3).fit(&made_up(300, 2, 4)).unwrap();
    assert_eq!(forest.predict_row(&[f64::NAN, 0.2]), forest.predict_row(&[f64::INFINITY, 0.2]));
}

#[test]
fn rows_of_any_layout_are_forecast_alike() {
    let data = made_up(60, 3, 9);
    let forest = small(3).fit(&data).unwrap();
    let columns = data.records().t().as_standard_layout().to_owned();
    assert_eq!(forest.predict(&columns.t()), forest.predict(data.records()));
}

#[test]
fn progress_counts_every_tree_once() {
    let seen = Mutex::new(Vec::new());
    let hook = |done| {
        seen.lock().unwrap().push(done);
        ControlFlow::Continue(())
    };
    small(1).check().unwrap().fit_with(&made_up(100, 2, 1), &hook).unwrap();
    let mut seen = seen.into_inner().unwrap();
    seen.sort_unstable();
    assert_eq!(seen, (1..=12).collect::<Vec<_>>());
}

#[test]
fn a_break_stops_the_fit_early() {
    let calls = AtomicUsize::new(0);
    let hook = |done| {
        calls.fetch_add(1, Ordering::Relaxed);
        if done < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let params = small(1).trees(5_000).check().unwrap();
    assert!(matches!(params.fit_with(&made_up(100, 2, 1), &hook), Err(ForestError::Cancelled)));
    assert!(calls.into_inner() < 100, "no further tree is begun");
}

#[test]
fn parameters_out_of_range_are_named() {
    let data = made_up(50, 2, 1);
    let wrong = [
        ("trees", small(1).trees(0)),
        ("trees", small(1).trees(2_000).max_depth(12)),
        ("max_depth", small(1).max_depth(13)),
        ("min_leaf", small(1).min_leaf(0)),
        ("mtry", small(1).mtry(0)),
        ("max_bins", small(1).max_bins(256)),
    ];
    for (expected, params) in wrong {
        assert!(matches!(params.fit(&data), Err(ForestError::Param { name, .. }) if name == expected), "{expected}");
    }
}

#[test]
fn data_that_cannot_be_learned_is_refused_by_place() {
    let data = made_up(50, 2, 1);
    let mut holed = data.records().clone();
    holed[(7, 1)] = f64::NAN;
    let holed = small(1).fit(&Dataset::new(holed, data.targets().clone()));
    assert!(matches!(holed, Err(ForestError::NotFinite { row: 7, feature: 1 })));

    let classes = ForestParams::new(Task::Classification).fit(&data);
    assert!(matches!(classes, Err(ForestError::Target { row: 0, .. })));

    let empty = small(1).fit(&Dataset::new(Array2::zeros((0, 2)), Array1::zeros(0)));
    assert!(matches!(empty, Err(ForestError::Shape { records: 0, features: 2, targets: 0 })));
}
