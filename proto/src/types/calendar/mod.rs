//! When markets trade: sessions of New York and of markets that never close.
//!
//! A session of New York is 09:30 to 16:00 local time on weekdays that are no NYSE holiday. Early closes (13:00 on
//! three days a year) count as full sessions, and one-off closures (a president's funeral) as sessions: a daily bar is
//! stamped with the regular hours.

mod holidays;
mod new_york;

use std::fmt;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use super::Timestamp;

const NANOS_PER_DAY: i64 = 86_400_000_000_000;

/// A trading calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Calendar {
    /// US equities: the New York Stock Exchange's sessions.
    NewYork,
    /// Every day of the year, midnight to midnight UTC.
    Always,
}

/// One trading session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// When it opens.
    pub open: Timestamp,
    /// When it closes.
    pub close: Timestamp,
}

impl Calendar {
    /// The calendar's name: `XNYS` or `24/7`.
    pub fn name(self) -> &'static str {
        match self {
            Self::NewYork => "XNYS",
            Self::Always => "24/7",
        }
    }

    /// The calendar of a [`name`](Self::name).
    pub fn by_name(name: &str) -> Option<Self> {
        [Self::NewYork, Self::Always].into_iter().find(|c| c.name() == name)
    }

    /// The hours of the session on `date`, whether or not the market trades on that date.
    ///
    /// `None` outside the years 1678 to 2261.
    pub fn hours(self, date: Date) -> Option<Session> {
        let (open, close) = match self {
            Self::NewYork => new_york::hours(date)?,
            Self::Always => (utc(date)?, utc(date.tomorrow().ok()?)?),
        };
        Some(Session { open: to_time(open)?, close: to_time(close)? })
    }

    /// Whether the market trades on `date`.
    pub fn trades_on(self, date: Date) -> bool {
        match self {
            Self::NewYork => !is_weekend(date) && !holidays::new_york(date),
            Self::Always => true,
        }
    }

    /// How many sessions closed after `from` and at or before `to`. Counts no further than `at_most`.
    pub fn sessions_closed(self, from: Timestamp, to: Timestamp, at_most: u32) -> u32 {
        // The usual case, and on the path of every forecast: what is asked about is the newest there is.
        if to <= from {
            return 0;
        }
        let (mut date, mut count) = (utc_date(from), 0);
        while count < at_most {
            let Some(session) = self.hours(date) else { break };
            if session.close > to {
                break;
            }
            count += u32::from(session.close > from && self.trades_on(date));
            let Ok(next) = date.tomorrow() else { break };
            date = next;
        }
        count
    }

    /// The close of the first session that ends after `after`, on a date on which the market trades.
    ///
    /// `None` outside the years 1678 to 2261.
    pub fn next_close(self, after: Timestamp) -> Option<Timestamp> {
        // No session of an earlier date is still open: New York closes before midnight UTC.
        let mut date = utc_date(after);
        loop {
            let close = self.hours(date)?.close;
            if close > after && self.trades_on(date) {
                return Some(close);
            }
            date = date.tomorrow().ok()?;
        }
    }
}

impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The date of `time` in UTC.
pub fn utc_date(time: Timestamp) -> Date {
    let days = time.nanos().div_euclid(NANOS_PER_DAY);
    let epoch = Date::constant(1970, 1, 1);
    epoch.checked_add(jiff::Span::new().days(days)).expect("64-bit nanoseconds stay within the years 1677 to 2262")
}

/// Midnight UTC at which `date` begins; `None` outside the years 1678 to 2261.
pub fn utc_midnight(date: Date) -> Option<Timestamp> {
    to_time(utc(date)?)
}

fn is_weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

fn utc(date: Date) -> Option<jiff::Timestamp> {
    TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()
}

fn to_time(time: jiff::Timestamp) -> Option<Timestamp> {
    i64::try_from(time.as_nanosecond()).ok().map(Timestamp::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        to_time(text.parse().unwrap()).unwrap()
    }

    fn close(date: &str) -> Timestamp {
        Calendar::NewYork.hours(date.parse().unwrap()).unwrap().close
    }

    #[test]
    fn counts_sessions_over_a_weekend_and_a_holiday() {
        let count = |from, to| Calendar::NewYork.sessions_closed(close(from), close(to), 100);
        assert_eq!(count("2021-01-04", "2021-01-04"), 0);
        assert_eq!(count("2021-01-04", "2021-01-05"), 1);
        assert_eq!(count("2021-01-15", "2021-01-19"), 1, "Saturday, Sunday, Martin Luther King Day");
        assert_eq!(count("2021-01-05", "2021-01-04"), 0, "backwards");
        assert_eq!(count("2021-01-04", "2022-01-04"), 100, "no further than asked");
    }

    #[test]
    fn age_counts_sessions_and_not_weekends() {
        let friday = at("2021-03-12T21:00:00Z");
        let closed = |clock| Calendar::NewYork.sessions_closed(friday, at(clock), 4);
        assert_eq!(closed("2021-03-17T20:00:00Z"), 3, "Monday, Tuesday, Wednesday");
        assert_eq!(closed("2021-03-18T19:59:59Z"), 3);
        assert_eq!(closed("2021-03-18T20:00:00Z"), 4);
        assert_eq!(closed("2021-03-12T21:00:00Z"), 0);
    }

    #[test]
    fn the_next_close_is_after_the_time_asked_for() {
        let next = |time| Calendar::NewYork.next_close(at(time)).unwrap();
        assert_eq!(next("2021-03-12T20:59:59Z"), at("2021-03-12T21:00:00Z"), "the session is still open");
        assert_eq!(next("2021-03-11T21:00:00Z"), at("2021-03-12T21:00:00Z"), "a close is not after itself");
        assert_eq!(next("2021-03-12T23:59:59Z"), at("2021-03-15T20:00:00Z"), "the evening after the close");
    }

    #[test]
    fn a_weekend_lies_between_closes_and_the_clocks_change_in_it() {
        let next = |time| Calendar::NewYork.next_close(at(time)).unwrap();
        assert_eq!(next("2021-02-05T21:00:00Z"), at("2021-02-08T21:00:00Z"));
        assert_eq!(next("2021-03-12T21:00:00Z"), at("2021-03-15T20:00:00Z"), "summer time begins on the 14th");
        assert_eq!(next("2021-03-13T12:00:00Z"), at("2021-03-15T20:00:00Z"));
        assert_eq!(next("2021-11-05T20:00:00Z"), at("2021-11-08T21:00:00Z"), "and ends on the 7th of November");
        assert_eq!(next("1987-04-03T21:00:00Z"), at("1987-04-06T20:00:00Z"), "by the law of 1987");
    }

    #[test]
    fn a_holiday_has_no_close() {
        let next = |time| Calendar::NewYork.next_close(at(time)).unwrap();
        assert_eq!(next("2021-01-15T21:00:00Z"), at("2021-01-19T21:00:00Z"), "Martin Luther King Day");
        assert_eq!(next("2021-04-01T20:00:00Z"), at("2021-04-05T20:00:00Z"), "Good Friday");
        assert_eq!(next("2021-11-24T21:00:00Z"), at("2021-11-26T21:00:00Z"), "Thanksgiving");
        assert_eq!(next("2021-12-23T21:00:00Z"), at("2021-12-27T21:00:00Z"), "Christmas on a Saturday");
    }

    #[test]
    fn the_next_close_of_markets_that_never_close_is_midnight() {
        let next = |time| Calendar::Always.next_close(at(time)).unwrap();
        assert_eq!(next("2021-03-13T12:00:00Z"), at("2021-03-14T00:00:00Z"));
        assert_eq!(next("2021-03-14T00:00:00Z"), at("2021-03-15T00:00:00Z"));
        assert_eq!(next("2021-12-24T23:59:59.999999999Z"), at("2021-12-25T00:00:00Z"));
    }

    #[test]
    fn markets_that_never_close_have_days() {
        let day = Calendar::Always.hours("2021-01-03".parse().unwrap()).unwrap();
        assert_eq!(day.close.since(day.open).as_secs(), 86_400);
        assert_eq!(Calendar::Always.sessions_closed(day.open, day.close, 9), 1, "the previous midnight's is excluded");
    }

    #[test]
    fn names_come_back() {
        for calendar in [Calendar::NewYork, Calendar::Always] {
            assert_eq!(Calendar::by_name(calendar.name()), Some(calendar));
        }
        assert_eq!(Calendar::by_name("XLON"), None);
    }

    #[test]
    fn far_dates_have_no_hours() {
        assert_eq!(Calendar::NewYork.hours(Date::MAX), None);
        for calendar in [Calendar::NewYork, Calendar::Always] {
            assert_eq!(calendar.next_close(Timestamp::MAX), None);
        }
        assert_eq!(utc_date(Timestamp::MAX).year(), 2262);
    }
}
