use crate::{automatic_lag, newey_west};

/// Mean squared errors of forecasts and of persistence (a forecast of no change) on the same outcomes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MseSkill {
    /// Mean of `(r - f)²`.
    pub mse: f64,
    /// Mean of `r²`.
    pub persistence: f64,
    /// Standard error of `mse / persistence`, and so of the skill.
    pub error: f64,
}

impl MseSkill {
    /// Scores forecasts `f` of outcomes `r`, in the order of time; none with fewer than two pairs or without a move.
    ///
    /// The error of the ratio `R` is that of the mean of `((r - f)² - R r²) / mean(r²)`, after Newey and West (1987).
    ///
    /// # Panics
    /// When the lengths differ.
    #[must_use]
    pub fn of(f: &[f64], r: &[f64]) -> Option<Self> {
        assert_eq!(f.len(), r.len(), "every forecast has its outcome");
        let squares: Vec<(f64, f64)> = f.iter().zip(r).map(|(f, r)| ((r - f).powi(2), r * r)).collect();
        let mse = crate::mean(squares.iter().map(|(e2, _)| *e2))?;
        let persistence = crate::mean(squares.iter().map(|(_, r2)| *r2)).filter(|mse| *mse > 0.0)?;
        let ratio = mse / persistence;
        let influence: Vec<f64> = squares.iter().map(|(e2, r2)| (e2 - ratio * r2) / persistence).collect();
        let error = newey_west(&influence, automatic_lag(influence.len()))?;
        Some(Self { mse, persistence, error })
    }

    /// `1 - mse / persistence`, a fraction of either sign.
    #[must_use]
    pub fn skill(&self) -> f64 {
        1.0 - self.mse / self.persistence
    }
}

/// The ratio of two mean squared errors from running sums, for scores that grow one outcome, or one day, at a time.
///
/// The error takes the terms as uncorrelated: `f` is fixed before `r`, so that `(r - f)² - r² = f² - 2 f r` differs
/// from its expectation by a martingale difference.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RatioTally {
    count: u64,
    errors: f64,
    moves: f64,
    errors2: f64,
    moves2: f64,
    mixed: f64,
}

impl RatioTally {
    /// Takes in one term: a squared error and a squared move, or the sums of both over one day.
    pub fn push(&mut self, squared_error: f64, squared_move: f64) {
        self.count += 1;
        self.errors += squared_error;
        self.moves += squared_move;
        self.errors2 += squared_error * squared_error;
        self.moves2 += squared_move * squared_move;
        self.mixed += squared_error * squared_move;
    }

    /// Both together.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            errors: self.errors + other.errors,
            moves: self.moves + other.moves,
            errors2: self.errors2 + other.errors2,
            moves2: self.moves2 + other.moves2,
            mixed: self.mixed + other.mixed,
        }
    }

    /// Sum of the squared errors.
    #[must_use]
    pub fn errors(&self) -> f64 {
        self.errors
    }

    /// Sum of the squared moves.
    #[must_use]
    pub fn moves(&self) -> f64 {
        self.moves
    }

    /// Standard error of `errors / moves`; none with fewer than two terms or without a move.
    #[must_use]
    pub fn error(&self) -> Option<f64> {
        if self.count < 2 || self.moves <= 0.0 {
            return None;
        }
        let ratio = self.errors / self.moves;
        let squares = self.errors2 - 2.0 * ratio * self.mixed + ratio * ratio * self.moves2;
        Some(squares.max(0.0).sqrt() / self.moves)
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;
    use crate::correlation::golden::{FORECASTS, OUTCOMES};

    #[test]
    fn a_forecast_of_nothing_has_no_skill_and_no_error() {
        let skill = MseSkill::of(&[0.0; 12], &OUTCOMES).unwrap();
        assert_eq!((skill.skill(), skill.error), (0.0, 0.0));
    }

    #[test]
    fn the_outcome_itself_is_full_skill() {
        assert_eq!(MseSkill::of(&OUTCOMES, &OUTCOMES).unwrap().skill(), 1.0);
        assert_eq!(MseSkill::of(&[0.1, 0.2], &[0.0, 0.0]), None, "without a move there is no ratio");
    }

    #[test]
    fn running_sums_equal_the_series_when_terms_are_uncorrelated() {
        let mut tally = RatioTally::default();
        FORECASTS.iter().zip(&OUTCOMES).for_each(|(f, r)| tally.push((r - f).powi(2), r * r));
        let ratio = tally.errors() / tally.moves();
        let influence: Vec<f64> = FORECASTS
            .iter()
            .zip(&OUTCOMES)
            .map(|(f, r)| ((r - f).powi(2) - ratio * r * r) / (tally.moves() / 12.0))
            .collect();
        assert_relative_eq!(tally.error().unwrap(), newey_west(&influence, 0).unwrap(), epsilon = 1e-14);
        assert_eq!(RatioTally::default().error(), None);
    }
}
