use std::collections::BTreeMap;
use std::sync::Arc;

use tickmesh_proto::types::{Symbol, Timestamp};

use super::Universe;
use super::kept::Kept;
use crate::prices::{Close, GONE_AFTER, LEAST_RETURNS, Series};

/// Adjusted closes by symbol: a cache of what market-svc has.
#[derive(Debug, Default)]
pub struct Closes {
    kept: BTreeMap<Symbol, Kept>,
    losses: Losses,
    doubts: u64,
}

/// How often closes were lost: what is computed across a loss is worth nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    generation: u64,
    breaks: u64,
}

/// A time between two events that leave closes without a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phase {
    losses: Losses,
    doubts: u64,
}

/// A question for closes: what it brings is judged by what has happened since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    phase: Phase,
    /// For those of bars that opened at this time or later; `None` for all.
    pub since: Option<Timestamp>,
}

impl Closes {
    /// Takes a live close; of a symbol that nobody has asked for too, so that a fetch under way misses nothing.
    pub fn put(&mut self, symbol: Symbol, close: Close) {
        self.kept.entry(symbol).or_default().put(close);
    }

    /// Takes a fetched history, or what is new in it, unless the cache was cleared since `asked`.
    pub fn merge(&mut self, symbol: Symbol, history: impl IntoIterator<Item = Close>, asked: Asked) {
        if asked.phase.losses.generation != self.losses.generation {
            return;
        }
        let is_whole = asked.phase == self.phase();
        let kept = self.kept.entry(symbol).or_default();
        match asked.since {
            Some(_) => kept.add(history),
            None => kept.complete(history),
        }
        kept.is_whole = is_whole;
    }

    /// Takes how many bars of each instrument there are.
    pub fn list(&mut self, universe: &Universe) {
        for (symbol, kept) in &mut self.kept {
            kept.list(universe.daily_bars(symbol));
        }
    }

    /// Those of `symbols` of which there are more bars than have come: the next is on its way, or they were imported.
    pub fn short(&self, symbols: &[Symbol]) -> Vec<Symbol> {
        let is_short = |symbol: &&Symbol| self.kept.get(*symbol).is_some_and(Kept::is_short);
        symbols.iter().filter(is_short).cloned().collect()
    }

    /// The history of those of `symbols` that are short is to be fetched anew.
    pub fn doubt(&mut self, symbols: &[Symbol]) {
        let short = self.short(symbols);
        for symbol in &short {
            self.kept.entry(symbol.clone()).and_modify(|kept| kept.is_whole = false);
        }
        self.doubts += u64::from(!short.is_empty());
    }

    /// Live closes begin that do not follow on those before: what lies in between is missing until it is fetched, and a
    /// fetch that is under way may have come too early for it.
    pub fn break_off(&mut self) {
        self.kept.values_mut().for_each(|kept| kept.is_whole = false);
        self.losses.breaks += 1;
    }

    /// The present phase.
    pub fn phase(&self) -> Phase {
        Phase { losses: self.losses, doubts: self.doubts }
    }

    /// How often closes were lost so far.
    pub fn losses(&self) -> Losses {
        self.losses
    }

    /// The question that brings what is new of `symbols`.
    pub fn ask(&self, symbols: &[Symbol]) -> Asked {
        Asked { phase: self.phase(), since: self.since(symbols) }
    }

    /// Forgets everything: the feed has begun anew, or closes were lost.
    pub fn clear(&mut self) {
        self.kept.clear();
        self.losses.generation += 1;
    }

    /// From when on closes of `symbols` may be new; `None` when the history of one is missing.
    ///
    /// The newest close's own bar is among them: it opened less than a day before it closed, or some days for a session
    /// that spans a weekend.
    fn since(&self, symbols: &[Symbol]) -> Option<Timestamp> {
        const LONGEST_SESSION: i64 = 4 * 86_400_000_000_000;
        let newest = |symbol| self.kept.get(symbol).filter(|kept| kept.is_whole).and_then(|kept| kept.series.newest());
        let times: Option<Vec<Timestamp>> = symbols.iter().map(|symbol| Some(newest(symbol)?.time)).collect();
        let oldest = times?.into_iter().min()?;
        Some(Timestamp::from_nanos(oldest.nanos().saturating_sub(LONGEST_SESSION)))
    }

    /// Those of `symbols` whose history is to be fetched.
    pub fn missing(&self, symbols: &[Symbol]) -> Vec<Symbol> {
        let whole = |symbol: &&Symbol| self.kept.get(*symbol).is_some_and(|kept| kept.is_whole);
        symbols.iter().filter(|symbol| !whole(symbol)).cloned().collect()
    }

    /// Whether each of `symbols` has a close at or after `time`.
    pub fn reach(&self, symbols: &[Symbol], time: Timestamp) -> bool {
        let newest = |symbol| self.kept.get(symbol).and_then(|kept: &Kept| kept.series.newest());
        symbols.iter().all(|symbol| newest(symbol).is_some_and(|close| close.time >= time))
    }

    /// The closes of each of `symbols` as they are now, to compute on without holding anything up.
    pub fn series(&self, symbols: &[Symbol]) -> Vec<Arc<Series>> {
        let series = |symbol| self.kept.get(symbol).map_or_else(Arc::default, |kept: &Kept| Arc::clone(&kept.series));
        symbols.iter().map(series).collect()
    }

    /// The newest close of all.
    pub fn newest(&self) -> Option<Timestamp> {
        self.kept.values().filter_map(|kept| kept.series.newest()).map(|close| close.time).max()
    }

    /// Those of `symbols` that are not fed any more at `time`, each with its last close until then.
    pub fn stale(&self, symbols: &[Symbol], time: Timestamp) -> Vec<(Symbol, Close)> {
        let last = |symbol: &Symbol| Some((symbol.clone(), *self.kept.get(symbol)?.series.until(time).last()?));
        symbols.iter().filter_map(last).filter(|(_, close)| time.since(close.time) > GONE_AFTER).collect()
    }

    /// Whether a symbol can be part of a live portfolio at `time`: it has history enough and is still fed.
    pub fn is_ripe(&self, symbol: &Symbol, time: Timestamp) -> bool {
        let known = self.kept.get(symbol).map_or(&[][..], |kept| kept.series.until(time));
        known.len() > LEAST_RETURNS && known.last().is_some_and(|close| time.since(close.time) <= GONE_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::universe::Listed;
    use super::*;
    use crate::plan::Periods;
    use crate::prices::Day;

    fn symbol() -> Symbol {
        Symbol::try_from("AAPL").unwrap()
    }

    fn close(day: i64) -> Close {
        let open = Timestamp::from_nanos(day * 86_400_000_000_000);
        Close { day: Day::of_open(open), time: open.plus(Duration::from_secs(3_600)), price: 100.0 + day as f64 }
    }

    #[test]
    fn a_close_that_arrives_during_a_fetch_is_kept() {
        let mut closes = Closes::default();
        let asked = closes.ask(&[symbol()]);
        closes.put(symbol(), close(100));
        assert_eq!(closes.missing(&[symbol()]), [symbol()], "a live close is no history");
        closes.merge(symbol(), (0..100).map(close), asked);
        assert!(closes.missing(&[symbol()]).is_empty());
        assert!(closes.reach(&[symbol()], close(100).time));
        assert_eq!(closes.series(&[symbol()])[0].until(Timestamp::MAX).len(), 101);
        assert!(closes.since(&[symbol()]).unwrap() < close(100).time);
    }

    #[test]
    fn what_is_computed_on_stays_as_it_was() {
        let mut closes = Closes::default();
        closes.put(symbol(), close(1));
        let before = closes.series(&[symbol()]);
        closes.put(symbol(), close(2));
        let after = closes.series(&[symbol()]);
        assert_eq!((before[0].newest(), after[0].newest()), (Some(&close(1)), Some(&close(2))));
    }

    #[test]
    fn a_fetch_that_began_before_a_clearing_is_let_go() {
        let mut closes = Closes::default();
        let asked = closes.ask(&[symbol()]);
        closes.clear();
        closes.merge(symbol(), (0..100).map(close), asked);
        assert_eq!(closes.missing(&[symbol()]), [symbol()]);
    }

    #[test]
    fn closes_that_do_not_follow_on_those_before_are_no_history() {
        let mut closes = Closes::default();
        closes.merge(symbol(), (0..100).map(close), closes.ask(&[symbol()]));
        let early = closes.ask(&[symbol()]);
        closes.break_off();
        closes.put(symbol(), close(115));
        assert_eq!(closes.missing(&[symbol()]), [symbol()], "100 to 114 are missing");
        closes.merge(symbol(), (0..101).map(close), early);
        assert_eq!(closes.missing(&[symbol()]), [symbol()], "asked for too early");
        closes.merge(symbol(), (0..116).map(close), closes.ask(&[symbol()]));
        assert!(closes.missing(&[symbol()]).is_empty());
    }

    #[test]
    fn bars_that_are_listed_and_do_not_come_are_asked_for_once() {
        let listed =
            |bars: u64| [(symbol(), Listed { periods: Periods::Sessions, daily_bars: bars })].into_iter().collect();
        let fetch = |closes: &mut Closes, days: i64| {
            let asked = closes.ask(&[symbol()]);
            assert_eq!(asked.since, None);
            closes.merge(symbol(), (0..days).map(close), asked);
        };
        let mut closes = Closes::default();
        fetch(&mut closes, 100);
        closes.list(&listed(101));
        assert_eq!(closes.short(&[symbol()]), [symbol()]);
        closes.put(symbol(), close(100));
        assert!(closes.short(&[symbol()]).is_empty(), "the stream has brought it");
        closes.list(&listed(105));
        closes.doubt(&[symbol()]);
        assert_eq!(closes.missing(&[symbol()]), [symbol()]);
        fetch(&mut closes, 104);
        closes.list(&listed(105));
        assert!(closes.short(&[symbol()]).is_empty(), "one of them cannot be had");
        closes.list(&listed(106));
        assert_eq!(closes.short(&[symbol()]), [symbol()]);
    }

    #[test]
    fn is_ripe_with_history_and_fresh_closes() {
        let mut closes = Closes::default();
        closes.merge(symbol(), (0..60).map(close), Closes::default().ask(&[]));
        assert!(!closes.is_ripe(&symbol(), close(59).time), "59 returns are too few");
        closes.put(symbol(), close(60));
        assert!(closes.is_ripe(&symbol(), close(60).time));
        assert!(!closes.is_ripe(&symbol(), close(68).time), "a week without a close");
    }
}
