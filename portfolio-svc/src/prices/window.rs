use std::time::Duration;

use tickmesh_proto::types::{Symbol, Timestamp};

use super::{BadReturns, Close, Day, Returns};

/// The fewest common returns from which moments are estimated.
pub const LEAST_RETURNS: usize = 60;

/// A close older than this is no longer of today: its symbol is delisted, or no longer fed.
pub const GONE_AFTER: Duration = Duration::from_secs(7 * 86_400);

/// The newest common returns of a set of instruments.
#[derive(Clone, Debug)]
pub struct Window {
    /// The returns, one column a symbol in the order asked for.
    pub returns: Returns,
    /// The close of the newest bar used.
    pub as_of: Timestamp,
    /// The newest common date.
    pub day: Day,
    /// When each symbol's session of that date ended.
    pub closes: Vec<Timestamp>,
}

/// Why a set of instruments has no window.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TooShort {
    /// Too few dates on which all have a close.
    #[error("{found} common returns, {LEAST_RETURNS} are needed; {symbol} has the fewest closes ({closes})")]
    Common {
        /// Returns on common dates.
        found: usize,
        /// The instrument with the fewest closes.
        symbol: Symbol,
        /// How many it has.
        closes: usize,
    },
    /// Prices that give no returns.
    #[error(transparent)]
    Returns(#[from] BadReturns),
}

impl Window {
    /// The newest `lookback` returns on the dates common to all series; `known` are the closes of each.
    ///
    /// With fewer common dates the window is shorter, down to [`LEAST_RETURNS`].
    ///
    /// # Errors
    /// If there are fewer than [`LEAST_RETURNS`].
    ///
    /// # Panics
    /// If `known` is empty.
    pub fn newest(known: &[(Symbol, &[Close])], lookback: usize) -> Result<Self, TooShort> {
        let (symbols, known): (Vec<&Symbol>, Vec<&[Close]>) = known.iter().map(|(s, closes)| (s, *closes)).unzip();
        let rows = common(&known, lookback.saturating_add(1));
        if rows.len() < LEAST_RETURNS + 1 {
            let (at, shortest) = known.iter().enumerate().min_by_key(|(_, c)| c.len()).expect("there is a series");
            let symbol = symbols[at].clone();
            return Err(TooShort::Common { found: rows.len().saturating_sub(1), symbol, closes: shortest.len() });
        }
        let newest: Vec<&Close> = known.iter().zip(&rows[0]).map(|(closes, at)| &closes[*at]).collect();
        let closes: Vec<Timestamp> = newest.iter().map(|close| close.time).collect();
        let as_of = closes.iter().copied().max().expect("there is a series");
        let column = |i: usize| rows.iter().rev().map(|row| known[i][row[i]].price).collect();
        let prices: Vec<Vec<f64>> = (0..known.len()).map(column).collect();
        Ok(Self { returns: Returns::of_prices(&prices)?, as_of, day: newest[0].day, closes })
    }
}

/// The newest `most` days that all have, newest first: for each day the place of its close in each of `known`.
fn common(known: &[&[Close]], most: usize) -> Vec<Vec<usize>> {
    let mut left: Vec<usize> = known.iter().map(|c| c.len()).collect();
    let mut rows = Vec::new();
    while rows.len() < most {
        let Some(days) = left.iter().zip(known).map(|(&n, c)| n.checked_sub(1).map(|at| c[at].day)).collect() else {
            break;
        };
        let days: Vec<Day> = days;
        let oldest = *days.iter().min().expect("series is not empty");
        if days.iter().all(|d| *d == oldest) {
            left.iter_mut().for_each(|n| *n -= 1);
            rows.push(left.clone());
        } else {
            // No day after the oldest of the newest can be common.
            left.iter_mut().zip(known).for_each(|(n, c)| *n = c[..*n].partition_point(|close| close.day <= oldest));
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prices::Series;

    const DAY: i64 = 86_400_000_000_000;

    fn symbol(text: &str) -> Symbol {
        Symbol::try_from(text).unwrap()
    }

    /// A series that has the days for which `on` holds; the price tells the day.
    fn series(days: std::ops::Range<i64>, hours: i64, on: impl Fn(i64) -> bool) -> Series {
        days.filter(|d| on(*d))
            .map(|d| Close {
                day: Day::of_open(Timestamp::from_nanos(d * DAY)),
                time: Timestamp::from_nanos(d * DAY + hours * DAY / 24),
                price: 100.0 + d as f64,
            })
            .collect()
    }

    fn window(series: &[(Symbol, &Series)], as_of: Timestamp, lookback: usize) -> Result<Window, TooShort> {
        let known: Vec<_> = series.iter().map(|(symbol, series)| (symbol.clone(), series.until(as_of))).collect();
        Window::newest(&known, lookback)
    }

    #[test]
    fn takes_only_dates_that_all_have() {
        let weekdays = series(0..200, 21, |d| d % 7 < 5);
        let always = series(0..200, 24, |_| true);
        let pair = [(symbol("STOCK"), &weekdays), (symbol("BTC-USD"), &always)];
        let window = window(&pair, Timestamp::MAX, 1000).unwrap();
        let days: Vec<i64> = (0..200).filter(|d| d % 7 < 5).collect();
        assert_eq!(window.returns.dates(), days.len() - 1);
        assert_eq!(window.returns.asset(0), window.returns.asset(1));
        let last = days[days.len() - 1];
        assert_eq!(window.as_of.nanos(), (last + 1) * DAY, "the later of the two closes");
        assert_eq!(window.closes, [Timestamp::from_nanos(last * DAY + 21 * DAY / 24), window.as_of]);
    }

    #[test]
    fn counts_returns_and_takes_the_newest() {
        let one = series(0..300, 21, |_| true);
        let window = window(&[(symbol("A"), &one)], Timestamp::MAX, 100).unwrap();
        assert_eq!(window.returns.dates(), 100);
        assert_eq!(window.returns.asset(0)[99], 399.0 / 398.0 - 1.0);
    }

    #[test]
    fn sees_nothing_after_as_of() {
        let one = series(0..300, 21, |_| true);
        let as_of = Timestamp::from_nanos(200 * DAY);
        let window = window(&[(symbol("A"), &one)], as_of, 100).unwrap();
        assert_eq!(window.returns.asset(0)[99], 299.0 / 298.0 - 1.0);
    }

    #[test]
    fn names_the_shortest_when_there_is_too_little() {
        let long = series(0..300, 21, |_| true);
        let short = series(250..300, 21, |_| true);
        let pair = [(symbol("LONG"), &long), (symbol("SHORT"), &short)];
        let refused = window(&pair, Timestamp::MAX, 504).unwrap_err();
        assert_eq!(refused, TooShort::Common { found: 49, symbol: symbol("SHORT"), closes: 50 });
        let least = series(239..300, 21, |_| true);
        assert!(window(&[(symbol("LONG"), &long), (symbol("X"), &least)], Timestamp::MAX, 504).is_ok());
    }
}
