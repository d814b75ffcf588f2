//! How good the probabilities and intervals of served forecasts are: proper scores as running sums.
//!
//! ```text
//! y = 1 when r > 0, else 0                       p = up_probability, b = mean of y, the base rate
//! Brier          (p - y)²                        its base: b (1 - b), what a constant forecast of b scores
//! log loss       -(y ln p + (1 - y) ln(1 - p))   its base: -(b ln b + (1 - b) ln(1 - b))
//! interval score (u - l) + 2/α max(l - r, 0) + 2/α max(r - u, 0)      α = 0.10 (Winkler 1972)
//! ```
//!
//! All are losses: less is better. A probability counts within \[0.001, 0.999\]: it is a share of 500 residuals, and
//! none of them on one side does not mean never.

use std::collections::BTreeMap;

use tickmesh_proto::types::{Timestamp, utc_date};

use super::archive::Served;
use crate::conformal::COVERAGE;

/// Where probabilities count, half a residual of the pool from certainty.
const CERTAIN: (f64, f64) = (0.001, 0.999);

/// Outcomes inside the interval, of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Covered {
    /// Those inside.
    pub inside: u64,
    /// All of them.
    pub all: u64,
}

/// Sums over served forecasts whose outcome is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sharpness {
    count: u64,
    ups: u64,
    brier: f64,
    log_loss: f64,
    interval: f64,
    years: BTreeMap<i16, Covered>,
}

impl Covered {
    /// Counts one.
    pub fn push(&mut self, covered: bool) {
        self.inside += u64::from(covered);
        self.all += 1;
    }

    /// Both together.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        Self { inside: self.inside + other.inside, all: self.all + other.all }
    }

    /// Share inside; none of none.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        (self.all > 0).then(|| self.inside as f64 / self.all as f64)
    }
}

impl Sharpness {
    pub(super) fn push(&mut self, as_of: Timestamp, served: &Served, realised: f64) {
        let up = realised > 0.0;
        let p = served.up_probability.clamp(CERTAIN.0, CERTAIN.1);
        self.count += 1;
        self.ups += u64::from(up);
        self.brier += (served.up_probability - f64::from(u8::from(up))).powi(2);
        self.log_loss -= if up { p } else { 1.0 - p }.ln();
        self.interval += interval_score(served, realised);
        self.years.entry(utc_date(as_of).year()).or_default().push(served.interval.covers(realised));
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.ups += other.ups;
        self.brier += other.brier;
        self.log_loss += other.log_loss;
        self.interval += other.interval;
        for (year, covered) in other.years {
            let own = self.years.entry(year).or_default();
            *own = own.merge(covered);
        }
    }

    fn mean(&self, sum: f64) -> Option<f64> {
        (self.count > 0).then(|| sum / self.count as f64)
    }

    /// Share of outcomes above 0.
    #[must_use]
    pub fn base_rate(&self) -> Option<f64> {
        self.mean(self.ups as f64)
    }

    /// Mean Brier score of the probability of a rise.
    #[must_use]
    pub fn brier(&self) -> Option<f64> {
        self.mean(self.brier)
    }

    /// What a constant forecast of the base rate scores.
    #[must_use]
    pub fn brier_base(&self) -> Option<f64> {
        self.base_rate().map(|rate| rate * (1.0 - rate))
    }

    /// Mean log loss of the probability of a rise, in nats.
    #[must_use]
    pub fn log_loss(&self) -> Option<f64> {
        self.mean(self.log_loss)
    }

    /// What a constant forecast of the base rate loses: its entropy.
    #[must_use]
    pub fn log_loss_base(&self) -> Option<f64> {
        let part = |p: f64| if p > 0.0 { -p * p.ln() } else { 0.0 };
        self.base_rate().map(|rate| part(rate) + part(1.0 - rate))
    }

    /// Mean interval score, a return.
    #[must_use]
    pub fn interval_score(&self) -> Option<f64> {
        self.mean(self.interval)
    }

    /// Coverage by the year, in UTC, in which the forecast was made.
    #[must_use]
    pub fn years(&self) -> &BTreeMap<i16, Covered> {
        &self.years
    }
}

fn interval_score(served: &Served, realised: f64) -> f64 {
    let interval = &served.interval;
    let beyond = (interval.lower - realised).max(realised - interval.upper).max(0.0);
    interval.width() + 2.0 / (1.0 - COVERAGE) * beyond
}

/// Coverage within thirds of the outcomes by their volatility, calm ones first; a third more or less falls to the
/// wilder. None with fewer than three.
#[must_use]
pub(super) fn by_tercile(mut outcomes: Vec<(f64, bool)>) -> Option<[Covered; 3]> {
    let n = outcomes.len();
    if n < 3 {
        return None;
    }
    outcomes.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    let mut thirds = [Covered::default(); 3];
    for (at, (_, covered)) in outcomes.into_iter().enumerate() {
        thirds[3 * at / n].push(covered);
    }
    Some(thirds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformal::Interval;
    use crate::decision::Action;
    use crate::testing;

    fn served(up_probability: f64) -> Served {
        let interval = Interval { lower: -0.02, upper: 0.03 };
        let (action, counts, scored) = (Action::Hold, true, false);
        Served { version: 1, expected: 0.0, interval, up_probability, sigma: 0.01, action, counts, scored }
    }

    /// By hand: probabilities 0.6, 0.5, 0.8 and 1.0 of a rise; outcomes +1 %, -4 %, 0 and +5 %.
    #[test]
    fn scores_are_those_of_a_calculation_by_hand() {
        let mut sums = Sharpness::default();
        let (first, second) = (testing::date("2021-12-31"), testing::date("2022-01-01"));
        for (p, realised, at) in [(0.6, 0.01, first), (0.5, -0.04, first), (0.8, 0.0, second), (1.0, 0.05, second)] {
            sums.push(at, &served(p), realised);
        }
        let near = |value: Option<f64>, by_hand: f64| assert!((value.unwrap() - by_hand).abs() < 1e-12, "{value:?}");
        near(sums.base_rate(), 0.5);
        near(sums.brier(), (0.16 + 0.25 + 0.64 + 0.0) / 4.0);
        near(sums.brier_base(), 0.25);
        // -ln 0.6, -ln 0.5, -ln 0.2, -ln 0.999
        let losses =
            0.510_825_623_765_990_7 + std::f64::consts::LN_2 + 1.609_437_912_434_100_3 + 0.001_000_500_333_583_533_5;
        near(sums.log_loss(), losses / 4.0);
        near(sums.log_loss_base(), std::f64::consts::LN_2);
        // Width 0.05 each; -4 % lies 0.02 below, +5 % 0.02 above: 20 times 0.02 each.
        near(sums.interval_score(), (4.0 * 0.05 + 2.0 * 0.4) / 4.0);
        let years: Vec<_> = sums.years().iter().map(|(year, covered)| (*year, covered.inside, covered.all)).collect();
        assert_eq!(years, [(2021, 1, 2), (2022, 1, 2)]);
        assert_eq!(Sharpness::default().brier(), None);
    }

    #[test]
    fn thirds_are_cut_by_volatility() {
        let outcomes = [(0.03, false), (0.01, true), (0.02, true), (0.05, false), (0.04, true), (0.06, false)];
        let shares = by_tercile(outcomes.to_vec()).unwrap().map(|third| third.share().unwrap());
        assert_eq!(shares, [1.0, 0.5, 0.0]);
        assert_eq!(by_tercile(outcomes[..2].to_vec()), None);
    }
}
