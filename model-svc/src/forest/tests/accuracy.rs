//! As good as scikit-learn on a problem with signal. The golden files are made by `tests/golden/make_sklearn.py`; the
//! same parameters here, five seeds on either side.

use linfa::Dataset;
use linfa::traits::{Fit, Predict};
use ndarray::{Array1, Array2};

use super::super::{ForestParams, Task};
use super::Data;

const PROBLEM: &str = include_str!("../../../tests/golden/absolute_return.csv");
const FIGURES: &str = include_str!("../../../tests/golden/sklearn.csv");

fn figure(name: &str) -> f64 {
    let line = FIGURES.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(','));
    line.unwrap_or_else(|| panic!("no figure {name}")).parse().unwrap()
}

/// Rows that train (`part` 1) or test (0).
fn part(part: f64) -> Data {
    let rows = PROBLEM.lines().skip(1).map(|line| line.split(',').map(|field| field.parse::<f64>().unwrap()).collect());
    let rows: Vec<Vec<f64>> = rows.filter(|row: &Vec<f64>| row[0] == part).collect();
    let x = Array2::from_shape_fn((rows.len(), 10), |(row, column)| rows[row][column + 1]);
    Dataset::new(x, rows.iter().map(|row| row[11]).collect())
}

fn mean_square(forecast: &Array1<f64>, outcome: &Array1<f64>) -> f64 {
    (forecast - outcome).mapv(|error| error * error).mean().unwrap()
}

fn over_seeds(task: Task, train: &Data, test: &Data) -> f64 {
    let one = |seed| {
        let forest = ForestParams::new(task).mtry(3).seed(seed).fit(train).unwrap();
        mean_square(&forest.predict(test.records()), test.targets())
    };
    (0..5).map(one).sum::<f64>() / 5.0
}

/// Within half a percent of scikit-learn's root mean squared error, whose own spread over seeds is 0.2 %.
#[test]
fn regression_is_as_accurate_as_scikit_learns() {
    let ours = over_seeds(Task::Regression, &part(1.0), &part(0.0)).sqrt();
    let (theirs, mean) = (figure("regression_rmse"), figure("regression_rmse_of_the_mean"));
    assert!(ours < theirs * 1.005, "{ours} against {theirs}");
    assert!(ours < 0.95 * mean, "there is signal to be found: {ours} against {mean}");
}

/// Within one percent of scikit-learn's Brier score, whose own spread over seeds is 0.3 %.
#[test]
fn probabilities_are_as_good_as_scikit_learns() {
    let (train, test) = (part(1.0), part(0.0));
    let mut sorted = train.targets().to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let median = f64::midpoint(sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
    let large =
        |data: &Data| Dataset::new(data.records().clone(), data.targets().mapv(|move_by| f64::from(move_by > median)));
    let ours = over_seeds(Task::Classification, &large(&train), &large(&test));
    let (theirs, base) = (figure("classification_brier"), figure("classification_brier_of_the_base_rate"));
    assert!(ours < theirs * 1.01, "{ours} against {theirs}");
    assert!(ours < 0.96 * base, "there is signal to be found: {ours} against {base}");
}
