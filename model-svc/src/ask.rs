//! Answers about one symbol: a forecast now or of the past, and the features behind it.
//!
//! A forecast of now comes from the board alone: one evaluation of the model on the newest row, no SQL, no queue. One
//! of the past is the same fold over the bars known then, on the compute pool.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use tickmesh_mesh::cpu::CpuPool;
use tickmesh_mesh::status::{Code, Fault, beyond_clock};
use tickmesh_proto::types::{Symbol, Timestamp};

use crate::decision::Reason;
use crate::family::Fitted;
use crate::features::{self, FeatureSet, Row, State, WIDTH, fold};
use crate::forecast::{Forecast, Moment, Rules, Tracker};
use crate::history::DailyBar;
use crate::live::{Reign, Standing, serving};
use crate::shared::Shared;
use crate::store::{ForecastQuery, Store};
use crate::usable::usable_version;
use crate::version::{Version, VersionName};

/// A question about one symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The symbol.
    pub symbol: String,
    /// From the last bar closed at or before this moment; none means now.
    pub as_of: Option<Timestamp>,
    /// The version; none means the champion, of that time.
    pub version: Option<VersionName>,
    /// Whether to say what each feature contributed.
    pub explain: bool,
}

/// A forecast, or why there is none.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// There is one.
    Made(Box<Made>),
    /// There is none.
    Unavailable {
        /// The symbol.
        symbol: Symbol,
        /// The last bar known at the moment asked for.
        bar: Option<DailyBar>,
        /// Why.
        reason: Reason,
    },
}

/// A forecast with what belongs to the answer alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// The forecast.
    pub forecast: Forecast,
    /// The place of its bar in the market's stream; empty when it came from history.
    pub cursor: Arc<str>,
    /// What each feature contributed, when asked for.
    pub explanation: Option<Explanation>,
}

/// Shares of a raw forecast, which they sum to.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The part that no feature explains.
    pub bias: f64,
    /// Each feature's value and share, in the order of a model's input.
    pub shares: Vec<(f64, f64)>,
}

/// Features at one bar.
#[derive(Clone, Debug, PartialEq)]
pub struct FeaturesAt {
    /// The symbol.
    pub symbol: Symbol,
    /// Close of the last bar used.
    pub as_of: Timestamp,
    /// The values.
    pub row: Row,
}

/// What served forecasts were made from, by the close at which they were.
type Served = HashMap<Timestamp, [f64; WIDTH]>;

/// How far two computations of the same features are apart.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Parity {
    /// Rows compared.
    pub rows: usize,
    /// Those of them that a served forecast was made from, and were compared with what it was made from.
    pub served: usize,
    /// Largest absolute difference; infinite when one has a row that the other has not, or a value is no number.
    pub difference: f64,
}

/// Answers questions.
#[derive(Clone)]
pub struct Answers {
    /// What the live loop shows.
    pub shared: Arc<Shared>,
    /// Keeps versions.
    pub store: Arc<dyn Store>,
    /// Where computation runs.
    pub cpu: CpuPool,
    /// The rules of decisions.
    pub rules: Rules,
}

impl Answers {
    /// The forecast now, by the champion.
    ///
    /// # Errors
    /// NOT_FOUND, reason SYMBOL_UNKNOWN.
    pub fn now(&self, symbol: &str) -> Result<Answer, Fault> {
        let standing = self.shared.standing(symbol)?;
        Ok(self.at_newest(&standing))
    }

    fn at_newest(&self, standing: &Standing) -> Answer {
        let Some(newest) = &standing.newest else { return unavailable(standing, None, Reason::WarmingUp) };
        let stale = standing.is_stale(newest.bar.time(), self.shared.board.load().clock);
        match (&standing.forecaster, newest.moment(stale)) {
            (None, _) => unavailable(standing, Some(newest.bar), Reason::NoModel),
            (_, None) => unavailable(standing, Some(newest.bar), Reason::WarmingUp),
            (Some(forecaster), Some(moment)) => Answer::Made(Box::new(Made {
                forecast: forecaster.forecast(&moment, &self.rules),
                cursor: Arc::clone(&newest.cursor),
                explanation: None,
            })),
        }
    }

    /// Any question.
    ///
    /// # Errors
    /// NOT_FOUND, reason SYMBOL_UNKNOWN or MODEL_VERSION_UNKNOWN; FAILED_PRECONDITION, reason FEATURE_SET_MISMATCH;
    /// OUT_OF_RANGE, reason BEYOND_CLOCK; RESOURCE_EXHAUSTED when the compute queue is full.
    pub async fn ask(&self, question: Question) -> Result<Answer, Fault> {
        let Question { symbol, as_of, version, explain } = question;
        let standing = self.shared.standing(&symbol)?;
        let past = self.past(&standing, as_of)?;
        if past.is_none() && version.is_none() {
            return if explain { self.explain_newest(standing).await } else { Ok(self.at_newest(&standing)) };
        }
        let time = past.unwrap_or(Timestamp::MAX);
        let bars = standing.bars_until(time);
        let Some(bar) = bars.last().copied() else { return Ok(unavailable(&standing, None, Reason::WarmingUp)) };
        let name = version.or_else(|| champion_at(&standing, bar.time()));
        let Some(name) = name else { return Ok(unavailable(&standing, Some(bar), Reason::NoModel)) };
        let version = self.version(&name).await?;
        let clock = past.or(self.shared.board.load().clock);
        let stale = standing.is_stale(bar.time(), clock);
        let target_time = standing.calendar.next_close(bar.time()).unwrap_or(Timestamp::MAX);
        let rules = self.rules;
        let made = self.cpu.run(move || recompute(version, &bars, target_time, stale, &rules, explain)).await?;
        Ok(made
            .map_or_else(|| unavailable(&standing, Some(bar), Reason::WarmingUp), |made| Answer::Made(Box::new(made))))
    }

    async fn explain_newest(&self, standing: Arc<Standing>) -> Result<Answer, Fault> {
        let answer = self.at_newest(&standing);
        let (Answer::Made(mut made), Some(forecaster)) = (answer.clone(), &standing.forecaster) else {
            return Ok(answer);
        };
        let row = standing.newest.as_ref().and_then(|newest| newest.row).expect("a forecast is made from a row");
        let version = Arc::clone(forecaster.version());
        made.explanation = Some(self.cpu.run(move || explain(&version.fitted, &row)).await?);
        Ok(Answer::Made(made))
    }

    /// The moment of the past that is meant; none for one since the newest bar.
    fn past(&self, standing: &Standing, as_of: Option<Timestamp>) -> Result<Option<Timestamp>, Fault> {
        let Some(as_of) = as_of else { return Ok(None) };
        let clock = self.shared.clock()?;
        if as_of > clock {
            return Err(beyond_clock("as_of", as_of, Some(clock)));
        }
        let newest = standing.newest.as_ref().map(|newest| newest.bar.time());
        Ok(Some(as_of).filter(|as_of| newest.is_none_or(|newest| *as_of < newest)))
    }

    async fn version(&self, name: &VersionName) -> Result<Arc<Version>, Fault> {
        let standing = self.shared.standing(name.symbol.as_str())?;
        if let Some(forecaster) = standing.forecaster.as_ref().filter(|one| one.version().name == *name) {
            return Ok(Arc::clone(forecaster.version()));
        }
        usable_version(self.store.as_ref(), name).await.map(Arc::new)
    }

    /// The features now or of the past.
    ///
    /// # Errors
    /// NOT_FOUND, reason SYMBOL_UNKNOWN; FAILED_PRECONDITION, reason WARMING_UP; OUT_OF_RANGE, reason BEYOND_CLOCK.
    pub async fn features(&self, symbol: &str, as_of: Option<Timestamp>) -> Result<FeaturesAt, Fault> {
        let standing = self.shared.standing(symbol)?;
        let newest = standing.newest.as_ref();
        let found = match self.past(&standing, as_of)? {
            None => newest.and_then(|newest| newest.row.map(|row| (newest.bar.time(), row))),
            Some(time) => {
                let bars = standing.bars_until(time);
                self.cpu
                    .run(move || rows(&bars).pop().flatten().zip(bars.last().copied()))
                    .await?
                    .map(|(row, bar)| (bar.time(), row))
            }
        };
        let (as_of, row) = found.ok_or_else(|| warming_up(symbol))?;
        Ok(FeaturesAt { symbol: standing.symbol.clone(), as_of, row })
    }

    /// Computes all features once bar by bar and once as a batch, and compares those of bars in the range; also with
    /// those that served forecasts were made from, and the newest bar's with what the live loop holds.
    ///
    /// # Errors
    /// NOT_FOUND, reason SYMBOL_UNKNOWN; DATA_LOSS, reason FEATURES_APART, when they differ by
    /// more than a number can say.
    pub async fn parity(&self, symbol: &str, range: Range<Timestamp>) -> Result<Parity, Fault> {
        let standing = self.shared.standing(symbol)?;
        let newest = standing.newest.clone();
        let until = newest.as_ref().map_or(Timestamp::MIN, |newest| newest.bar.time());
        let bars = standing.bars_until(until);
        let live = newest.and_then(|newest| newest.row);
        let served = self.served_features(&standing, &range).await?;
        let parity = self.cpu.run(move || compare(&bars, live, &served, &range)).await?;
        if parity.difference.is_finite() { Ok(parity) } else { Err(apart(symbol)) }
    }

    /// What served forecasts in the range were made from, if features were defined then as today.
    async fn served_features(&self, standing: &Standing, range: &Range<Timestamp>) -> Result<Served, Fault> {
        let query = ForecastQuery {
            symbols: vec![standing.symbol.clone()],
            start: Some(range.start),
            end: Some(range.end),
            limit: usize::MAX,
            ..ForecastQuery::default()
        };
        let run = self.shared.run.load_full();
        let stored = self.store.forecasts(&run, &query).await.map_err(Fault::internal)?;
        let today = FeatureSet::standard();
        let alike = stored.into_iter().map(|one| one.issued).filter(|one| *one.forecast.feature_set == *today.id());
        Ok(alike.map(|one| (one.forecast.as_of, one.features)).collect())
    }
}

/// The version that was champion at `time`. Before the first champion it is the first one, and what
/// it has seen then is in sample.
fn champion_at(standing: &Standing, time: Timestamp) -> Option<VersionName> {
    let reigns: &[Reign] = &standing.reigns;
    let number = serving(reigns, time).or_else(|| reigns.first().map(|reign| reign.version))?;
    Some(VersionName { symbol: standing.symbol.clone(), number })
}

fn unavailable(standing: &Standing, bar: Option<DailyBar>, reason: Reason) -> Answer {
    Answer::Unavailable { symbol: standing.symbol.clone(), bar, reason }
}

fn recompute(
    version: Arc<Version>,
    bars: &[DailyBar],
    target_time: Timestamp,
    stale: bool,
    rules: &Rules,
    explained: bool,
) -> Option<Made> {
    let rows = rows(bars);
    let (bar, row) = (*bars.last()?, rows.last().copied().flatten()?);
    let explanation = explained.then(|| explain(&version.fitted, &row));
    let tracker = Tracker::over(version, bars, &rows)?;
    let forecast = tracker.forecaster().forecast(&Moment { bar, row, target_time, stale }, rules);
    Some(Made { forecast, cursor: "".into(), explanation })
}

fn rows(bars: &[DailyBar]) -> Vec<Option<Row>> {
    let adjusted: Vec<features::Bar> = bars.iter().map(|bar| bar.adjusted).collect();
    fold(&FeatureSet::standard(), &adjusted)
}

fn explain(fitted: &Fitted, row: &Row) -> Explanation {
    let (bias, contributions) = fitted.contributions(row.as_slice());
    Explanation { bias, shares: row.as_slice().iter().copied().zip(contributions).collect() }
}

fn compare(bars: &[DailyBar], live: Option<Row>, served: &Served, range: &Range<Timestamp>) -> Parity {
    let mut state = State::new(&FeatureSet::standard());
    let streamed: Vec<Option<Row>> = bars.iter().map(|bar| state.update(&bar.adjusted)).collect();
    let batch = rows(bars);
    let within = |bar: &DailyBar| range.contains(&bar.time());
    let mut parity = Parity::default();
    for ((bar, one), other) in bars.iter().zip(&streamed).zip(&batch).filter(|((bar, _), _)| within(bar)) {
        let batch = other.as_ref().map(Row::as_slice);
        parity.rows += usize::from(one.is_some() || other.is_some());
        parity.add(one.as_ref().map(Row::as_slice), batch);
        if bars.last() == Some(bar) {
            parity.add(live.as_ref().map(Row::as_slice), batch);
        }
        if let Some(features) = served.get(&bar.time()) {
            parity.served += 1;
            parity.add(Some(features), batch);
        }
    }
    parity
}

impl Parity {
    fn add(&mut self, one: Option<&[f64]>, other: Option<&[f64]>) {
        self.difference = self.difference.max(distance(one, other));
    }
}

/// Largest absolute difference of two rows; what is no number is as far from all as can be.
fn distance(one: Option<&[f64]>, other: Option<&[f64]>) -> f64 {
    let between = |(a, b): (&f64, &f64)| if (a - b).is_finite() { (a - b).abs() } else { f64::INFINITY };
    match (one, other) {
        (None, None) => 0.0,
        (Some(one), Some(other)) => one.iter().zip(other).map(between).fold(0.0, f64::max),
        _ => f64::INFINITY,
    }
}

fn apart(symbol: &str) -> Fault {
    let text = format!("features of {symbol} that were computed twice differ: a row or a number is missing in one");
    Fault::new(Code::DataLoss, "FEATURES_APART", text).meta("symbol", symbol)
}

fn warming_up(symbol: &str) -> Fault {
    let needed = FeatureSet::standard().warm_up();
    let text = format!("{symbol} had fewer than {needed} bars then, which its features need");
    Fault::new(Code::FailedPrecondition, "WARMING_UP", text).meta("bars_needed", needed.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn a_served_forecast_of_other_features_than_its_bars_give_is_found() {
        let bars = testing::walk(1, 160);
        let all = rows(&bars);
        let right: [f64; WIDTH] = all[120].unwrap().as_slice().try_into().unwrap();
        let parity = |change: fn(&mut [f64; WIDTH])| {
            let mut features = right;
            change(&mut features);
            let served = Served::from([(bars[120].time(), features)]);
            compare(&bars, *all.last().unwrap(), &served, &(Timestamp::MIN..Timestamp::MAX))
        };
        let same = parity(|_| {});
        assert_eq!((same.served, same.difference), (1, 0.0));
        assert!(parity(|features| features[3] += 1e-6).difference > 0.0, "history can fail too");
        assert_eq!(parity(|features| features[3] = f64::NAN).difference, f64::INFINITY);
    }
}
