//! Laws of the forest, its explanations and its bytes, and its figures beside scikit-learn's.

mod accuracy;
mod corrupt;
mod explain;
mod laws;

use linfa::Dataset;
use linfa::traits::Fit;
use ndarray::{Array1, Array2, Ix1};

use super::{Forest, ForestParams, Task};

type Data = Dataset<f64, f64, Ix1>;

/// Rows whose target is a step in column 0, a slope in column 1 and noise; further columns say nothing.
fn made_up(rows: usize, features: usize, seed: u64) -> Data {
    let mut state = seed;
    let mut uniform = || {
        // A small congruential generator: the tests need variety and no quality.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let x = Array2::from_shape_simple_fn((rows, features), &mut uniform);
    let y =
        x.rows().into_iter().map(|row| f64::from(row[0] > 0.6) + 0.5 * row[1 % features] + 0.1 * uniform()).collect();
    Dataset::new(x, y)
}

/// The same with targets 0 and 1.
fn labelled(rows: usize, features: usize, seed: u64) -> Data {
    let data = made_up(rows, features, seed);
    let labels: Array1<f64> = data.targets().mapv(|target| f64::from(target > 0.8));
    Dataset::new(data.records().clone(), labels)
}

fn small(seed: u64) -> ForestParams {
    ForestParams::default().trees(12).max_depth(5).min_leaf(5).mtry(2).seed(seed)
}

fn small_forest(task: Task, seed: u64) -> Forest {
    let params = ForestParams::new(task).trees(5).max_depth(4).min_leaf(10).seed(seed);
    match task {
        Task::Regression => params.fit(&made_up(200, 4, seed)).unwrap(),
        Task::Classification => params.fit(&labelled(200, 4, seed)).unwrap(),
    }
}
