use tickmesh_mesh::status::{Code, Fault};
use tickmesh_proto::types::{Symbol, Timestamp};

use crate::calibration::Calibration;
use crate::evaluation::Evaluation;
use crate::store::VersionFacts;
use crate::version::VersionName;

/// Encodes what operations carry. The gRPC face brings it, so that nothing here knows its messages.
pub trait Wire: Send + Sync {
    /// Progress of a training.
    fn training(&self, progress: &TrainProgress) -> Vec<u8>;
    /// Result of a training.
    fn trained(&self, report: &TrainReport) -> Vec<u8>;
    /// Progress of an evaluation.
    fn evaluating(&self, progress: &EvaluateProgress) -> Vec<u8>;
    /// Result of an evaluation.
    fn evaluated(&self, report: &EvaluateReport) -> Vec<u8>;
    /// A failure.
    fn failure(&self, fault: Fault) -> Vec<u8>;
    /// The code of an encoded failure.
    fn code(&self, failure: &[u8]) -> Code;
}

/// How far a training is.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainProgress {
    /// Units of work done: folds and final fits.
    pub done: usize,
    /// Units of work in all; 0 before it is known.
    pub total: usize,
    /// The symbol being trained.
    pub symbol: Option<Symbol>,
    /// Best walk-forward skill of the models made.
    pub best: Option<f64>,
    /// When it began.
    pub begun: Timestamp,
    /// When it is expected to end.
    pub expected_end: Option<Timestamp>,
    /// Symbols whose models are kept.
    pub trained: Vec<Symbol>,
}

impl TrainProgress {
    /// Before the first unit.
    #[must_use]
    pub fn begun(time: Timestamp) -> Self {
        Self { done: 0, total: 0, symbol: None, best: None, begun: time, expected_end: None, trained: Vec::new() }
    }

    /// One unit more at `now`.
    pub(super) fn advance(&mut self, now: Timestamp) {
        self.done += 1;
        let left = (self.total - self.done) as f64 / self.done as f64;
        self.expected_end = Some(now.plus(now.since(self.begun).mul_f64(left)));
    }
}

/// What a training has made.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainReport {
    /// The versions, in ascending order of their symbols.
    pub versions: Vec<VersionFacts>,
    /// Symbols that were not trained.
    pub skipped: Vec<Skipped>,
}

/// A symbol that was not trained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The symbol.
    pub symbol: Symbol,
    /// Why, for programs.
    pub reason: &'static str,
    /// Why, for people.
    pub message: String,
}

/// How far an evaluation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvaluateProgress {
    /// Rows scored.
    pub done: usize,
    /// Rows in all.
    pub total: usize,
    /// When it began.
    pub begun: Timestamp,
}

/// What an evaluation has found.
#[derive(Clone, Debug, PartialEq)]
pub struct EvaluateReport {
    /// The version.
    pub version: VersionName,
    /// Its figures.
    pub evaluation: Evaluation,
    /// The calibration that made its forecasts.
    pub calibration: Calibration,
    /// When the first scored forecast was made.
    pub start: Timestamp,
    /// When the last one was.
    pub end: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_expected_from_the_pace_so_far() {
        let at = |seconds: i64| Timestamp::from_nanos(seconds * 1_000_000_000);
        let mut progress = TrainProgress { total: 4, ..TrainProgress::begun(at(100)) };
        assert_eq!(progress.expected_end, None);
        progress.advance(at(110));
        assert_eq!(progress.expected_end, Some(at(140)), "three more of ten seconds each");
        (0..3).for_each(|_| progress.advance(at(150)));
        assert_eq!((progress.done, progress.expected_end), (4, Some(at(150))));
    }
}
