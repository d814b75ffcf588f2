//! The features that TA-Lib does not have, by their formulas written out over the whole history.

use super::super::{Bar, FeatureSet, fold};
use super::real_bars;

const TOLERANCE: f64 = 1e-12;

/// Compares a column with its formula over the bars up to each row.
fn column_is(name: &str, formula: impl Fn(&[Bar]) -> f64) {
    let set = FeatureSet::standard();
    let at = set.names().position(|known| known == name).unwrap_or_else(|| panic!("no feature {name}"));
    let bars = real_bars();
    let rows = fold(&set, &bars);
    assert!(rows.iter().flatten().count() > 200);
    for (t, row) in rows.iter().enumerate().filter_map(|(t, row)| row.as_ref().map(|row| (t, row))) {
        let (ours, expected) = (row.as_slice()[at], formula(&bars[..=t]));
        assert!(
            (ours - expected).abs() <= TOLERANCE * expected.abs().max(1.0),
            "{name} row {t}: {ours} is not {expected}"
        );
    }
}

fn squared_returns(bars: &[Bar]) -> Vec<f64> {
    bars.windows(2).map(|pair| (pair[1].close / pair[0].close - 1.0).powi(2)).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[test]
fn realised_volatility_is_the_root_mean_square_of_its_window() {
    for (name, window) in [("realised_volatility_5", 5), ("realised_volatility_20", 20), ("realised_volatility_60", 60)]
    {
        column_is(name, |bars| {
            let squares = squared_returns(bars);
            mean(&squares[squares.len() - window..]).sqrt()
        });
    }
}

#[test]
fn volume_is_scored_by_the_latest_twenty() {
    column_is("volume_z_20", |bars| {
        let volumes: Vec<f64> = bars[bars.len() - 20..].iter().map(|bar| bar.volume).collect();
        let centre = mean(&volumes);
        let squares: Vec<f64> = volumes.iter().map(|volume| (volume - centre).powi(2)).collect();
        (volumes[19] - centre) / mean(&squares).sqrt()
    });
}

#[test]
fn ewma_volatility_is_its_recursion() {
    column_is("ewma_volatility", |bars| {
        let squares = squared_returns(bars);
        let (seed, later) = squares.split_at(20);
        later.iter().fold(mean(seed), |variance, square| 0.94 * variance + 0.06 * square).sqrt()
    });
}

#[test]
fn the_volatility_of_a_row_is_that_column() {
    let set = FeatureSet::standard();
    let at = set.names().position(|name| name == "ewma_volatility").unwrap();
    let rows = fold(&set, &real_bars());
    assert!(rows.iter().flatten().all(|row| row.volatility() == row.as_slice()[at]));
}

#[test]
fn the_weekday_is_that_of_the_close() {
    // The golden bars are numbered as days since a Thursday.
    let angle = |bars: &[Bar]| std::f64::consts::TAU * ((bars.len() - 1 + 3) % 7) as f64 / 7.0;
    column_is("weekday_sin", |bars| angle(bars).sin());
    column_is("weekday_cos", |bars| angle(bars).cos());
}
