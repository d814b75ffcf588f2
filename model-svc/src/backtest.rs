//! A version over bars that it has not seen, scored beside its baselines.

use std::sync::Arc;

use tickmesh_proto::types::Timestamp;

use crate::evaluation::{Evaluation, ScoredRow};
use crate::family::{RidgeSpec, Spec};
use crate::features::{self, FeatureSet, Row, fold};
use crate::forecast::{Moment, Rules, Tracker};
use crate::history::DailyBar;
use crate::training::{Order, Plan, Trained};
use crate::version::Version;

/// Fewest rows that say anything.
pub const MIN_ROWS: usize = 30;

/// Figures over the rows found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The figures.
    pub evaluation: Evaluation,
    /// When the first scored forecast was made.
    pub start: Timestamp,
    /// When the last one was.
    pub end: Timestamp,
}

/// Fewer than [`MIN_ROWS`] rows could be scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooFewRows(
    /// How many could.
    pub usize,
);

/// Scores a version's forecasts out of sample, at moments that `within` accepts. The rivals learn from what
/// the version learned from: ridge regression, calibrated alike, and the mean of the labels. None when `stopped`.
///
/// # Errors
/// [`TooFewRows`].
pub fn evaluate(
    version: &Version,
    bars: &[DailyBar],
    within: &dyn Fn(Timestamp) -> bool,
    stopped: &(dyn Fn() -> bool + Sync),
) -> Option<Result<Found, TooFewRows>> {
    let rival = Rival::learn(version, bars, stopped)?;
    let adjusted: Vec<features::Bar> = bars.iter().map(|bar| bar.adjusted).collect();
    let rows = fold(&FeatureSet::standard(), &adjusted);
    let scored = score(version, bars, &rows, &rival, within);
    let figures: Vec<ScoredRow> = scored.iter().map(|(_, row)| *row).collect();
    let enough = scored.len() >= MIN_ROWS;
    let evaluation = Evaluation::of(&figures, 0, version.facts.evaluation.trials).filter(|_| enough);
    Some(match (evaluation, scored.first(), scored.last()) {
        (Some(evaluation), Some((start, _)), Some((end, _))) => Ok(Found { evaluation, start: *start, end: *end }),
        _ => Err(TooFewRows(scored.len())),
    })
}

fn score(
    version: &Version,
    bars: &[DailyBar],
    rows: &[Option<Row>],
    rival: &Rival,
    within: &dyn Fn(Timestamp) -> bool,
) -> Vec<(Timestamp, ScoredRow)> {
    let Some(mut tracker) = Tracker::new(Arc::new(version.clone())) else { return Vec::new() };
    let mut scored = Vec::new();
    for (at, (bar, row)) in bars.iter().zip(rows).enumerate() {
        tracker.advance(bar, row.as_ref());
        let later = bars.get(at + version.facts.horizon);
        if let (Some(row), Some(later)) = (row, later)
            && !version.in_sample(bar.time())
            && within(bar.time())
        {
            let moment = Moment { bar: *bar, row: *row, target_time: later.time(), stale: false };
            let forecast = tracker.forecaster().forecast(&moment, &Rules::default());
            let outcome = bar.return_to(later);
            let scored_row = ScoredRow {
                expected: forecast.expected,
                outcome,
                training_mean: rival.mean,
                ridge: rival.expected(row),
                covered: Some(forecast.interval.covers(outcome)),
                close: bar.adjusted.close,
            };
            scored.push((bar.time(), scored_row));
        }
    }
    scored
}

/// What the version is held against.
struct Rival {
    ridge: Option<Trained>,
    mean: f64,
}

impl Rival {
    /// None when stopped.
    fn learn(version: &Version, bars: &[DailyBar], stopped: &(dyn Fn() -> bool + Sync)) -> Option<Self> {
        let seen: Vec<DailyBar> = bars.iter().filter(|bar| version.learned_from(bar.time())).copied().collect();
        let spec = Spec::Ridge(RidgeSpec::default());
        let order = Order { spec, horizon: version.facts.horizon, ..Order::default() };
        let returns = seen.iter().zip(seen.iter().skip(order.horizon)).map(|(bar, later)| bar.return_to(later));
        let mean = tickmesh_stats::mean(returns).unwrap_or(0.0);
        let (plan, _) = Plan::new(order, vec![(version.name.symbol.clone(), seen)]);
        let done = plan.units().into_iter().map(|unit| plan.run(unit, stopped)).collect::<Result<Vec<_>, _>>().ok()?;
        Some(Self { ridge: plan.finish(done, &[], &|_| 1).0.pop(), mean })
    }

    /// Ridge regression's forecast, or the mean where it could not be trained.
    fn expected(&self, row: &Row) -> f64 {
        let ridge = self.ridge.as_ref();
        ridge.map_or(self.mean, |one| one.facts.calibration.apply(one.fitted.predict(row.as_slice())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn only_what_the_version_has_not_seen_is_scored() {
        let (histories, champions) = testing::small();
        let version = &champions[0].version;
        let bars = histories[&version.name.symbol].bars();
        let found = evaluate(version, bars, &|_| true, &|| false).unwrap().unwrap();
        assert_eq!(found.evaluation.rows, 560 - 450);
        assert_eq!((found.start, found.end), (testing::day(449), testing::day(558)));
        assert!(found.evaluation.mse_ridge > 0.0 && found.evaluation.mse_ridge != found.evaluation.mse);

        let narrow = evaluate(version, bars, &|time| time < testing::day(460), &|| false).unwrap();
        assert_eq!(narrow, Err(TooFewRows(11)));
        assert_eq!(evaluate(version, bars, &|_| true, &|| true), None, "stopped");
    }
}
