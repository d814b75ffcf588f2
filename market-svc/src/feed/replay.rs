use std::collections::BTreeMap;

use jiff::civil::Date;
use tickmesh_mesh::readiness::Latch;
use tickmesh_proto::types::{Timestamp, utc_date, utc_midnight};

use super::{Data, Desk, Gated, Pace, data};
use crate::bar::{Bar, Series};
use crate::error::Error;
use crate::event::Event;
use crate::market::{FeedState, ReplaySpan};
use crate::store::Mark;

/// Daily bars played again: those before `start` are history, the rest come session by session.
pub struct Replay {
    /// The bars.
    pub data: Data,
    /// The first date that is replayed.
    pub start: Date,
    /// Sessions a second.
    pub speed: f64,
}

impl Replay {
    pub(super) async fn run(self, desk: Desk, latch: Latch, gate: Gated) -> Result<(), Error> {
        desk.market.recover().await?;
        let Some(bars) = self.data.bars(&desk, None).await? else { return Ok(()) };
        let (history, mut sessions) = self.split(bars);
        self.import_history(&desk, &history, &latch).await?;
        sessions.correct(desk.market.hidden().await?);
        let mut script = Script::new(sessions, desk.market.now(), self.start);
        desk.market.describe_feed(|feed| feed.replay = script.span());
        desk.loaded(latch);
        if !desk.opened(gate).await {
            return Ok(());
        }
        desk.market.describe_feed(|feed| feed.state = FeedState::Live);
        let mut pace = Pace::new(self.speed);
        while let Some(events) = script.next() {
            if !pace.next(&desk.stop).await || !desk.publish(events).await {
                return Ok(());
            }
            script.played();
            desk.market.describe_feed(|feed| feed.replay = script.span());
        }
        end(&desk, &script);
        desk.stop.cancelled().await;
        Ok(())
    }

    /// History, and the sessions after it by date.
    fn split(&self, bars: Vec<Bar>) -> (Vec<Bar>, Sessions) {
        let mut history = Vec::new();
        let mut sessions = Sessions::default();
        for bar in bars {
            if utc_date(bar.candle.open_time) < self.start { history.push(bar) } else { sessions.put(bar) }
        }
        (history, sessions)
    }

    async fn import_history(&self, desk: &Desk, history: &[Bar], latch: &Latch) -> Result<(), Error> {
        if desk.market.mark(Mark::HistoryImported).await?.is_some() {
            return Ok(());
        }
        data::import(&desk.market, history, self.data.name(), self.data.digest(), latch).await
    }
}

fn end(desk: &Desk, script: &Script) {
    let date = script.span().map(|span| utc_date(span.end));
    let note = match date {
        Some(date) => format!(
            "the data ended on {date} after {} sessions; start with --replay-again for a new run over the same bars",
            script.sessions.len()
        ),
        None => "the data has no bars to replay; choose an earlier --replay-from".into(),
    };
    tracing::info!("{note}");
    desk.market.describe_feed(|feed| {
        feed.state = FeedState::Ended;
        feed.note = note;
    });
}

/// The bars to play, by the date on which each is known.
#[derive(Clone, Debug, Default)]
struct Sessions(BTreeMap<Date, BTreeMap<(Timestamp, Series), Bar>>);

impl Sessions {
    fn put(&mut self, bar: Bar) {
        // A session that closes at midnight is that of the day before.
        let last = bar.candle.close_time.nanos().saturating_sub(1);
        let session = self.0.entry(utc_date(Timestamp::from_nanos(last))).or_default();
        session.insert((bar.candle.open_time, bar.series.clone()), bar);
    }

    /// Plays stored bars in place of the data's, and those that the data does not have: an earlier run has replayed
    /// them, or a client has imported them since, and what it was told is stored does not change.
    fn correct(&mut self, stored: Vec<Bar>) {
        for bar in stored {
            let key = (bar.candle.open_time, bar.series.clone());
            if let Some(session) = self.0.get_mut(&utc_date(bar.candle.open_time)) {
                session.remove(&key);
            }
            self.put(bar);
        }
        self.0.retain(|_, session| !session.is_empty());
    }

    fn in_order(self) -> Vec<Vec<Bar>> {
        self.0.into_values().map(|session| session.into_values().collect()).collect()
    }
}

/// The sessions to play and how far they are.
struct Script {
    sessions: Vec<Vec<Bar>>,
    done: usize,
    start: Date,
}

impl Script {
    /// Goes on after the sessions that the clock has seen; of one that a crash cut short, after the bars that it has
    /// seen.
    fn new(sessions: Sessions, clock: Option<Timestamp>, start: Date) -> Self {
        let mut sessions = sessions.in_order();
        let clock = clock.unwrap_or(Timestamp::MIN);
        let done = sessions.iter().take_while(|session| close(session) <= clock).count();
        if let Some(next) = sessions.get_mut(done) {
            next.retain(|bar| bar.candle.close_time > clock);
        }
        Self { sessions, done, start }
    }

    /// The next session's events: its bars by symbol.
    fn next(&self) -> Option<Vec<Event>> {
        self.sessions.get(self.done).map(|session| session.iter().cloned().map(Event::closed).collect())
    }

    fn played(&mut self) {
        self.done += 1;
    }

    fn span(&self) -> Option<ReplaySpan> {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Some(ReplaySpan {
            start: utc_midnight(self.start)?,
            end: self.sessions.last().map(|session| close(session))?,
            done: count(self.done),
            total: count(self.sessions.len()),
        })
    }
}

fn close(session: &[Bar]) -> Timestamp {
    session.iter().map(|bar| bar.candle.close_time).max().unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use tickmesh_proto::types::TimeFrame;

    use super::*;
    use crate::bar::tests::candle;

    const DAY: i64 = 86_400_000_000_000;

    fn bar(symbol: &str, day: i64) -> Bar {
        priced(symbol, day, 10.0)
    }

    fn priced(symbol: &str, day: i64, price: f64) -> Bar {
        let series = Series { symbol: symbol.try_into().unwrap(), time_frame: TimeFrame::D1 };
        Bar { series, candle: candle(day * DAY, DAY / 2, price) }
    }

    fn sessions(bars: impl IntoIterator<Item = Bar>) -> Sessions {
        let mut sessions = Sessions::default();
        bars.into_iter().for_each(|bar| sessions.put(bar));
        sessions
    }

    #[test]
    fn goes_on_after_what_the_clock_has_seen() {
        let sessions = sessions([bar("A", 0), bar("B", 0), bar("A", 1), bar("A", 2)]);
        let start = Date::constant(1970, 1, 1);
        let fresh = Script::new(sessions.clone(), None, start);
        assert_eq!(fresh.next().unwrap().len(), 2);
        let resumed = Script::new(sessions, Some(Timestamp::from_nanos(DAY)), start);
        assert_eq!(resumed.next().unwrap()[0].time, Timestamp::from_nanos(DAY + DAY / 2));
        let span = resumed.span().unwrap();
        assert_eq!((span.done, span.total, span.end.nanos()), (1, 3, 2 * DAY + DAY / 2));
    }

    #[test]
    fn of_a_session_that_was_cut_short_only_the_rest_is_played() {
        let hours = Series { symbol: "A".try_into().unwrap(), time_frame: TimeFrame::H1 };
        let hour = |n: i64| Bar { series: hours.clone(), candle: candle(n * DAY / 24, DAY / 24, 10.0) };
        let sessions = sessions([bar("A", 0), hour(1), hour(2), hour(11)]);
        let script = Script::new(sessions, Some(Timestamp::from_nanos(3 * DAY / 24)), Date::constant(1970, 1, 1));
        assert_eq!(script.next().unwrap(), [bar("A", 0), hour(11)].map(Event::closed));
        assert_eq!(script.span().unwrap().done, 0);
    }

    #[test]
    fn what_is_stored_is_played_in_place_of_the_data() {
        let mut sessions = sessions([bar("A", 0), bar("B", 0), bar("A", 1)]);
        let late = Series { symbol: "B".try_into().unwrap(), time_frame: TimeFrame::D1 };
        let late = Bar { series: late, candle: candle(0, DAY + DAY / 2, 11.0) };
        sessions.correct(vec![priced("A", 1, 12.0), late.clone(), bar("C", 3)]);
        let expected = [vec![bar("A", 0)], vec![late, priced("A", 1, 12.0)], vec![bar("C", 3)]];
        assert_eq!(sessions.in_order(), expected, "each bar once, when it closes");
    }
}
