//! Against scikit-learn (golden figures by `tests/golden/make_sklearn.py`, tolerance 1e-9) and against its own laws.

use linfa::Dataset;
use linfa::traits::{Fit, Predict};
use ndarray::{Array1, Array2, Ix1, array};
use proptest::prelude::*;

use super::{CorruptModel, Ridge, RidgeError, RidgeParams};
use crate::forest::envelope;

const PROBLEM: &str = include_str!("../../tests/golden/absolute_return.csv");
const FIGURES: &str = include_str!("../../tests/golden/sklearn.csv");

fn figure(name: &str) -> f64 {
    let line = FIGURES.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(','));
    line.unwrap_or_else(|| panic!("no figure {name}")).parse().unwrap()
}

/// Rows of the golden problem that train (`part` 1) or test (0).
fn part(part: f64) -> Dataset<f64, f64, Ix1> {
    let rows = PROBLEM.lines().skip(1).map(|line| line.split(',').map(|field| field.parse::<f64>().unwrap()).collect());
    let rows: Vec<Vec<f64>> = rows.filter(|row: &Vec<f64>| row[0] == part).collect();
    let x = Array2::from_shape_fn((rows.len(), 10), |(row, column)| rows[row][column + 1]);
    Dataset::new(x, rows.iter().map(|row| row[11]).collect())
}

#[test]
fn coefficients_and_forecasts_are_scikit_learns() {
    let names: Vec<&str> = PROBLEM.lines().next().unwrap().split(',').skip(1).take(10).collect();
    let (train, test) = (part(1.0), part(0.0));
    for lambda in [0.0, 1.0, 100.0] {
        let ridge = RidgeParams::new(lambda).fit(&train).unwrap();
        for (name, beta) in names.iter().zip(ridge.coefficients()) {
            let theirs = figure(&format!("ridge_{lambda}_{name}"));
            assert!((beta - theirs).abs() < 1e-9, "lambda {lambda}, {name}: {beta} is not {theirs}");
        }
        let theirs = figure(&format!("ridge_{lambda}_first_forecast"));
        let ours = ridge.predict_row(&test.records().row(0).to_vec());
        assert!((ours - theirs).abs() < 1e-9, "lambda {lambda}: {ours} is not {theirs}");
    }
}

fn small(seed: u64) -> Dataset<f64, f64, Ix1> {
    let value = |row: usize, column: usize| ((row * (column + 3) * 7_919 + seed as usize % 97) % 101) as f64 / 10.0;
    let x = Array2::from_shape_fn((60, 3), |(row, column)| value(row, column));
    let y = x.rows().into_iter().enumerate().map(|(row, x)| 2.0 * x[0] - x[1] + value(row, 9)).collect();
    Dataset::new(x, y)
}

proptest! {
    #[test]
    fn the_gradient_of_the_objective_is_zero(seed in any::<u64>(), lambda in 0.0..1e3f64) {
        let data = small(seed);
        let ridge = RidgeParams::new(lambda).fit(&data).unwrap();
        let rest: Array1<f64> = data.targets() - &ridge.predict(data.records());
        prop_assert!(rest.sum().abs() < 1e-9, "the intercept bears no penalty");
        for (at, beta) in ridge.coefficients().iter().enumerate() {
            let scaled = data.records().column(at).mapv(|x| ridge.scaler.scale(at, x));
            let along = scaled.dot(&rest);
            prop_assert!((along - lambda * beta).abs() < 1e-8, "{along} is not {}", lambda * beta);
        }
    }

    #[test]
    fn units_of_a_feature_do_not_matter(seed in any::<u64>(), factor in 1e-6..1e6f64, shift in -10.0..10.0f64) {
        let data = small(seed);
        let moved = Dataset::new(data.records().mapv(|x| (x + shift) * factor), data.targets().clone());
        let (ridge, other) = (RidgeParams::default().fit(&data).unwrap(), RidgeParams::default().fit(&moved).unwrap());
        let change = &ridge.predict(data.records()) - &other.predict(moved.records());
        prop_assert!(change.iter().all(|change| change.abs() < 1e-9));
    }

    #[test]
    fn contributions_add_up_and_bytes_come_back(seed in any::<u64>(), row in prop::collection::vec(-9.0..9.0f64, 3)) {
        let ridge = RidgeParams::default().fit(&small(seed)).unwrap();
        let (bias, terms) = ridge.contributions(&row);
        prop_assert!((bias + terms.iter().sum::<f64>() - ridge.predict_row(&row)).abs() < 1e-12);
        prop_assert_eq!(Ridge::from_bytes(&ridge.to_bytes()), Ok(ridge));
    }

    #[test]
    fn changed_bytes_are_refused_and_forged_ones_do_not_panic(at in any::<prop::sample::Index>(), flip in 1..=255u8) {
        let bytes = RidgeParams::default().fit(&small(1)).unwrap().to_bytes();
        let at = at.index(bytes.len());
        let mut changed = bytes.clone();
        changed[at] ^= flip;
        prop_assert!(Ridge::from_bytes(&changed).is_err());
        let forged = envelope::seal(*b"TMRI", 1, &changed[6..bytes.len() - 8]);
        if let Ok(ridge) = Ridge::from_bytes(&forged) {
            let _ = ridge.predict_row(&vec![0.0; ridge.features()]);
        }
    }
}

#[test]
fn dependent_features_need_a_penalty() {
    let x = array![[1.0, 2.0], [2.0, 4.0], [3.0, 6.0], [4.0, 8.0]];
    let data = Dataset::new(x, array![1.0, 2.0, 3.0, 5.0]);
    assert!(matches!(RidgeParams::new(0.0).fit(&data), Err(RidgeError::Singular)));
    let shared = RidgeParams::new(1.0).fit(&data).unwrap();
    assert!((shared.coefficients()[0] - shared.coefficients()[1]).abs() < 1e-12, "twins share the weight");
}

#[test]
fn a_constant_feature_gets_no_weight() {
    let data = Dataset::new(array![[0.1, 1.0], [0.1, 2.0], [0.1, 4.0]], array![1.0, 2.0, 4.0]);
    let ridge = RidgeParams::new(0.5).fit(&data).unwrap();
    assert_eq!(ridge.coefficients()[0], 0.0);
}

#[test]
fn what_cannot_be_fitted_is_refused() {
    let data = small(1);
    for lambda in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(RidgeParams::new(lambda).fit(&data), Err(RidgeError::Lambda(_))));
    }
    let mut holed = data.records().clone();
    holed[(4, 1)] = f64::INFINITY;
    let holed = Dataset::new(holed, data.targets().clone());
    assert!(matches!(RidgeParams::default().fit(&holed), Err(RidgeError::NotFinite { row: 4 })));
    let empty = Dataset::new(Array2::zeros((0, 2)), Array1::zeros(0));
    assert!(matches!(RidgeParams::default().fit(&empty), Err(RidgeError::Shape { records: 0, .. })));
    assert_eq!(Ridge::from_bytes(b"TMFO"), Err(CorruptModel::Length));
}
