//! The live score: how served forecasts turned out, each version on its symbol and all together.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use tickmesh_proto::types::{Symbol, Timestamp};
use tickmesh_stats::{Interval, RatioTally};

use crate::live::{Board, Covered, Score};
use crate::version::VersionName;

/// Scores, in ascending order of their versions, and the whole.
#[derive(Clone, Debug)]
pub struct Scores {
    /// One for each version that has served.
    pub lines: Vec<ScoreLine>,
    /// All of them pooled; none when nothing has served.
    pub total: Option<ScoreLine>,
}

/// One score with the figures that must be computed from it.
#[derive(Clone, Debug)]
pub struct ScoreLine {
    /// The version; none for the whole.
    pub version: Option<VersionName>,
    /// The sums.
    pub score: Score,
    /// Standard error of `mse / mse_persistence`.
    pub ratio_error: Option<f64>,
    /// Wilson interval of the hit rate.
    pub interval: Option<Interval>,
    /// Pearson correlation of forecast and outcome over time.
    pub pearson: Option<f64>,
    /// Spearman correlation of forecast and outcome over time.
    pub spearman: Option<f64>,
    /// Coverage within thirds by volatility, each symbol's own, calm ones first.
    pub thirds: Option<[Covered; 3]>,
}

/// What was scored on `symbols`, all when none.
///
/// In the whole, symbols move together, so the error is that of daily sums; the Wilson interval, which takes outcomes
/// as independent, and the correlations over time, which are each symbol's own, are left out.
///
/// # Panics
/// Never: no holder of a score's lock panics.
#[must_use]
pub fn scores(board: &Board, symbols: Option<&[Symbol]>) -> Scores {
    let wanted = board.symbols.values().filter(|one| symbols.is_none_or(|symbols| symbols.contains(&one.symbol)));
    let each = wanted.flat_map(|one| {
        one.scores
            .iter()
            .map(|(number, score)| (VersionName { symbol: one.symbol.clone(), number: *number }, read(score)))
    });
    let mut lines: Vec<ScoreLine> = each.map(|(version, score)| own(version, score)).collect();
    lines.sort_by(|a, b| a.version.cmp(&b.version));
    let total = whole(&lines);
    Scores { lines, total }
}

fn read(score: &Arc<RwLock<Score>>) -> Score {
    score.read().expect("no holder panics").clone()
}

fn own(version: VersionName, score: Score) -> ScoreLine {
    ScoreLine {
        version: Some(version),
        ratio_error: score.errors().error(),
        interval: score.hits().wilson(),
        pearson: score.information_coefficient(),
        spearman: score.rank_information_coefficient(),
        thirds: score.coverage_by_volatility(),
        score,
    }
}

fn whole(lines: &[ScoreLine]) -> Option<ScoreLine> {
    let score = lines.iter().map(|line| line.score.clone()).reduce(|all, one| all.pooled(&one))?;
    let mut days = BTreeMap::<Timestamp, (f64, f64)>::new();
    for (as_of, squared_error, squared_move) in lines.iter().flat_map(|line| line.score.terms()) {
        let day = days.entry(as_of).or_default();
        *day = (day.0 + squared_error, day.1 + squared_move);
    }
    let mut daily = RatioTally::default();
    days.into_values().for_each(|(errors, moves)| daily.push(errors, moves));
    let thirds = lines.iter().filter_map(|line| line.thirds).reduce(|all, one| {
        let [(a, d), (b, e), (c, f)] = [(all[0], one[0]), (all[1], one[1]), (all[2], one[2])];
        [a.merge(d), b.merge(e), c.merge(f)]
    });
    let ratio_error = daily.error();
    Some(ScoreLine { version: None, score, ratio_error, interval: None, pearson: None, spearman: None, thirds })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::{Archive, Engine};
    use crate::testing;

    #[test]
    fn the_whole_is_the_sum_of_its_parts() {
        let (histories, champions) = testing::small();
        let mut engine = Engine::new(Default::default(), champions, Archive::default());
        engine.take(testing::stream(&histories), "");
        let all = scores(&engine.board(), None);
        let total = all.total.unwrap();
        assert_eq!(all.lines.len(), 2);
        assert_eq!(total.score.count(), all.lines.iter().map(|line| line.score.count()).sum::<u64>());
        let mean = f64::midpoint(all.lines[0].score.mse().unwrap(), all.lines[1].score.mse().unwrap());
        assert!((total.score.mse().unwrap() - mean).abs() < 1e-15, "as many outcomes each");
        assert!(total.ratio_error.is_some() && total.pearson.is_none() && total.interval.is_none());
        let one = scores(&engine.board(), Some(&[testing::symbol("S1")]));
        assert_eq!(one.lines.len(), 1);
        assert_eq!(one.total.unwrap().score.count(), one.lines[0].score.count());
    }
}
