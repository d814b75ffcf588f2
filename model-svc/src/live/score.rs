use std::collections::VecDeque;

use tickmesh_proto::types::Timestamp;
use tickmesh_stats::{CoMoments, HitRate, RatioTally, spearman};

use super::archive::Served;
use super::sharpness::{Covered, Sharpness, by_tercile};
use crate::decision::Action;

/// Newest outcomes over which the rank correlation is taken: ten years of days.
const RANKED: usize = 2_520;

/// The live score of one version on one symbol: running sums over served forecasts whose outcome is known, and the
/// share of each action among all that were served.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Score {
    errors: RatioTally,
    hits: HitRate,
    moments: CoMoments,
    covered: u64,
    width: f64,
    actions: [u64; 3],
    sharpness: Sharpness,
    pairs: VecDeque<Outcome>,
    /// Close at which the first scored forecast was made, and the last.
    span: Option<(Timestamp, Timestamp)>,
    clamps: u64,
}

/// One of the newest outcomes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Outcome {
    as_of: Timestamp,
    expected: f64,
    realised: f64,
    sigma: f64,
    covered: bool,
}

impl Score {
    /// Counts a served decision.
    pub(super) fn decide(&mut self, action: Action) {
        self.actions[slot(action)] += 1;
    }

    /// Scores a forecast made at `as_of` by its outcome.
    pub(super) fn outcome(&mut self, as_of: Timestamp, served: &Served, realised: f64) {
        self.errors.push((realised - served.expected).powi(2), realised * realised);
        self.hits.push(served.expected, realised);
        self.moments.push(served.expected, realised);
        self.covered += u64::from(served.interval.covers(realised));
        self.width += served.interval.width();
        if self.pairs.len() == RANKED {
            self.pairs.pop_front();
        }
        let (expected, covered) = (served.expected, served.interval.covers(realised));
        self.pairs.push_back(Outcome { as_of, expected, realised, sigma: served.sigma, covered });
        self.sharpness.push(as_of, served, realised);
        self.span = Some((self.span.map_or(as_of, |(first, _)| first), as_of));
    }

    /// Notes how often the interval's level was held at its clamp.
    pub(super) fn clamped(&mut self, clamps: u64) {
        self.clamps = clamps;
    }

    /// Forecasts whose outcome is known.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.moments.count()
    }

    /// Sign hits.
    #[must_use]
    pub fn hits(&self) -> &HitRate {
        &self.hits
    }

    /// Pearson correlation of forecast and outcome; none while either is constant.
    #[must_use]
    pub fn information_coefficient(&self) -> Option<f64> {
        self.moments.correlation()
    }

    /// Spearman correlation over the newest outcomes; sorts them.
    #[must_use]
    pub fn rank_information_coefficient(&self) -> Option<f64> {
        let (expected, realised): (Vec<f64>, Vec<f64>) =
            self.pairs.iter().map(|one| (one.expected, one.realised)).unzip();
        spearman(&expected, &realised)
    }

    /// Squared error and squared move of each of the newest outcomes, with the moment of the forecast.
    pub fn terms(&self) -> impl Iterator<Item = (Timestamp, f64, f64)> + '_ {
        self.pairs.iter().map(|one| (one.as_of, (one.realised - one.expected).powi(2), one.realised * one.realised))
    }

    /// Coverage of the newest outcomes within thirds of their own volatility, calm ones first; sorts
    /// them. None with fewer than three.
    #[must_use]
    pub fn coverage_by_volatility(&self) -> Option<[Covered; 3]> {
        by_tercile(self.pairs.iter().map(|one| (one.sigma, one.covered)).collect())
    }

    /// Scores of probabilities and intervals.
    #[must_use]
    pub fn sharpness(&self) -> &Sharpness {
        &self.sharpness
    }

    /// Squared errors beside squared moves.
    #[must_use]
    pub fn errors(&self) -> &RatioTally {
        &self.errors
    }

    /// A sum's mean over the scored forecasts.
    fn mean(&self, sum: f64) -> Option<f64> {
        (self.count() > 0).then(|| sum / self.count() as f64)
    }

    /// Mean squared error of the forecast of the return.
    #[must_use]
    pub fn mse(&self) -> Option<f64> {
        self.mean(self.errors.errors())
    }

    /// Mean squared error of persistence on the same outcomes.
    #[must_use]
    pub fn mse_persistence(&self) -> Option<f64> {
        self.mean(self.errors.moves())
    }

    /// Share of outcomes inside the interval.
    #[must_use]
    pub fn coverage(&self) -> Option<f64> {
        self.mean(self.covered as f64)
    }

    /// Mean width of the intervals.
    #[must_use]
    pub fn mean_width(&self) -> Option<f64> {
        self.mean(self.width)
    }

    /// Share of an action among the served decisions.
    #[must_use]
    pub fn share(&self, action: Action) -> Option<f64> {
        let all: u64 = self.actions.iter().sum();
        (all > 0).then(|| self.actions[slot(action)] as f64 / all as f64)
    }

    /// When the first and the last scored forecast were made.
    #[must_use]
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        self.span
    }

    /// Times that the interval's level was held at its clamp.
    #[must_use]
    pub fn clamps(&self) -> u64 {
        self.clamps
    }

    /// The sums of both together. The correlations over time, the ranks and the error of the ratio are each symbol's
    /// own and do not pool: do not ask a pooled score for them.
    #[must_use]
    pub fn pooled(mut self, other: &Self) -> Self {
        self.errors = self.errors.merge(other.errors);
        self.sharpness.merge(other.sharpness.clone());
        self.hits = self.hits.merge(other.hits);
        self.covered += other.covered;
        self.width += other.width;
        self.clamps += other.clamps;
        self.moments = self.moments.merge(other.moments);
        self.actions.iter_mut().zip(other.actions).for_each(|(one, more)| *one += more);
        self.span = match (self.span, other.span) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (one, more) => one.or(more),
        };
        self
    }
}

fn slot(action: Action) -> usize {
    match action {
        Action::Buy => 0,
        Action::Sell => 1,
        Action::Hold => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformal::Interval;

    fn served(expected: f64) -> Served {
        let interval = Interval { lower: -0.02, upper: 0.02 };
        let (up_probability, sigma, action) = (0.5, 0.01, Action::Hold);
        Served { version: 1, expected, interval, up_probability, sigma, action, counts: true, scored: false }
    }

    #[test]
    fn figures_follow_the_outcomes() {
        let mut score = Score::default();
        let outcomes = [(0.001, 0.01), (0.002, -0.01), (0.003, 0.03), (0.0, 0.0)];
        for (day, (expected, realised)) in outcomes.iter().enumerate() {
            score.decide(if day == 0 { Action::Buy } else { Action::Hold });
            score.outcome(Timestamp::from_nanos(day as i64), &served(*expected), *realised);
        }
        assert_eq!(score.count(), 4);
        assert_eq!(score.hits().rate(), Some(2.0 / 3.0));
        assert_eq!(score.hits().zeros(), 1);
        assert_eq!(score.coverage(), Some(0.75));
        assert!((score.mse_persistence().unwrap() - 0.0011 / 4.0).abs() < 1e-15);
        assert!((score.mse().unwrap() - (0.009f64.powi(2) + 0.012f64.powi(2) + 0.027f64.powi(2)) / 4.0).abs() < 1e-15);
        assert_eq!((score.share(Action::Buy), score.share(Action::Sell)), (Some(0.25), Some(0.0)));
        assert_eq!(score.span(), Some((Timestamp::from_nanos(0), Timestamp::from_nanos(3))));
    }

    #[test]
    fn nothing_scored_has_no_figures() {
        let score = Score::default();
        assert_eq!((score.mse(), score.coverage(), score.share(Action::Hold)), (None, None, None));
        assert_eq!(score.rank_information_coefficient(), None);
    }
}
