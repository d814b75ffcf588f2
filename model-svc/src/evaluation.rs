//! Figures of out-of-sample forecasts, each beside its baseline.

use serde::{Deserialize, Serialize};
use tickmesh_stats::{HitRate, MseSkill, information_coefficient, mean, r_squared, spearman};

use crate::conformal::COVERAGE;

/// One scored forecast with what its rivals said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoredRow {
    /// Calibrated forecast.
    pub expected: f64,
    /// Outcome.
    pub outcome: f64,
    /// The mean of the labels known when it was made.
    pub training_mean: f64,
    /// Calibrated forecast of ridge regression from the same rows.
    pub ridge: f64,
    /// Whether the interval held the outcome; none when there was no interval.
    pub covered: Option<bool>,
    /// Adjusted close from which the return counts.
    pub close: f64,
}

/// Figures over scored rows. Returns and errors are fractions a horizon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Rows scored.
    pub rows: u64,
    /// Walk-forward folds; 0 when the rows follow the training range.
    pub folds: u32,
    /// Configurations tried to arrive here, this one included.
    pub trials: u32,
    /// Mean squared error of the calibrated forecast.
    pub mse: f64,
    /// The same of persistence, a forecast of 0.
    pub mse_persistence: f64,
    /// The same of the training mean.
    pub mse_mean: f64,
    /// The same of ridge regression.
    pub mse_ridge: f64,
    /// `1 - mse / mse_persistence`.
    pub mse_skill: f64,
    /// Its standard error (Newey and West 1987).
    pub mse_skill_error: f64,
    /// Share of forecasts with the outcome's sign.
    pub hit_rate: Option<f64>,
    /// Its 95 % Wilson interval.
    pub hit_rate_interval: Option<(f64, f64)>,
    /// Pearson correlation of forecast and outcome over time.
    pub information_coefficient: Option<f64>,
    /// Its Newey-West error.
    pub information_coefficient_error: Option<f64>,
    /// Spearman correlation of forecast and outcome over time.
    pub rank_information_coefficient: Option<f64>,
    /// Share of outcomes inside the interval, of those that had one.
    pub coverage: Option<f64>,
    /// Nominal coverage.
    pub nominal_coverage: f64,
    /// Coefficient of determination on price levels; worth nothing without the next.
    pub price_r2: f64,
    /// The same for yesterday's price.
    pub price_r2_persistence: f64,
}

impl Evaluation {
    /// Scores rows in the order of time; none with fewer than two of them or when no price moved.
    #[must_use]
    pub fn of(rows: &[ScoredRow], folds: u32, trials: u32) -> Option<Self> {
        let column = |value: fn(&ScoredRow) -> f64| rows.iter().map(value).collect::<Vec<f64>>();
        let (expected, outcomes) = (column(|row| row.expected), column(|row| row.outcome));
        let skill = MseSkill::of(&expected, &outcomes)?;
        let mse = |forecast: fn(&ScoredRow) -> f64| mean(rows.iter().map(|row| (row.outcome - forecast(row)).powi(2)));
        let prices = column(|row| row.close * (1.0 + row.outcome));
        let hits = hits(rows);
        let coefficient = information_coefficient(&expected, &outcomes);
        Some(Self {
            rows: rows.len() as u64,
            folds,
            trials,
            mse: skill.mse,
            mse_persistence: skill.persistence,
            mse_mean: mse(|row| row.training_mean)?,
            mse_ridge: mse(|row| row.ridge)?,
            mse_skill: skill.skill(),
            mse_skill_error: skill.error,
            hit_rate: hits.rate(),
            hit_rate_interval: hits.wilson().map(|interval| (interval.lower, interval.upper)),
            information_coefficient: coefficient.map(|ic| ic.value),
            information_coefficient_error: coefficient.map(|ic| ic.error),
            rank_information_coefficient: spearman(&expected, &outcomes),
            coverage: mean(rows.iter().filter_map(|row| row.covered).map(|covered| f64::from(u8::from(covered)))),
            nominal_coverage: COVERAGE,
            price_r2: r_squared(&prices, &column(|row| row.close * (1.0 + row.expected)))?,
            price_r2_persistence: r_squared(&prices, &column(|row| row.close))?,
        })
    }
}

fn hits(rows: &[ScoredRow]) -> HitRate {
    rows.iter().fold(HitRate::default(), |mut hits, row| {
        hits.push(row.expected, row.outcome);
        hits
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(expected: fn(f64) -> f64) -> Vec<ScoredRow> {
        let row = |t: i32| {
            let outcome = f64::from(t % 7 - 3) * 1e-3;
            ScoredRow {
                expected: expected(outcome),
                outcome,
                training_mean: 0.0,
                ridge: outcome,
                covered: Some(t % 10 != 0),
                close: 100.0 + f64::from(t),
            }
        };
        (0..70).map(row).collect()
    }

    #[test]
    fn an_oracle_has_full_skill_and_ridge_stands_beside_it() {
        let figures = Evaluation::of(&rows(|outcome| outcome), 5, 1).unwrap();
        assert_eq!((figures.mse, figures.mse_ridge, figures.mse_skill), (0.0, 0.0, 1.0));
        assert_eq!(figures.hit_rate, Some(1.0), "zero outcomes are left out");
        assert_eq!(figures.price_r2, 1.0);
        assert!(figures.price_r2_persistence < 1.0 && figures.price_r2_persistence > 0.99);
        assert!((figures.coverage.unwrap() - 0.9).abs() < 1e-12);
    }

    #[test]
    fn persistence_is_its_own_baseline() {
        let figures = Evaluation::of(&rows(|_| 0.0), 5, 1).unwrap();
        assert_eq!((figures.mse, figures.mse_skill), (figures.mse_persistence, 0.0));
        assert_eq!(figures.mse_mean, figures.mse_persistence);
        assert_eq!(figures.information_coefficient, None, "a constant forecast");
        assert_eq!(Evaluation::of(&[], 5, 1), None);
    }
}
