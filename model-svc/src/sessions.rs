//! When the next bar closes, and how old a bar is in sessions.

use std::sync::LazyLock;

use jiff::Span;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use tickmesh_proto::types::Timestamp;

/// New York's clock by the rule that has held since 2007.
static NEW_YORK: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").expect("a valid POSIX time zone"));

/// Hour at which a session of New York closes.
const CLOSING_HOUR: i8 = 16;

/// How an instrument's sessions follow each other. Holidays are taken for sessions: a forecast made before one is then
/// scored a day after its target time, by the next bar that does close.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Calendar {
    /// Weekdays, closing at 16:00 in New York.
    #[default]
    Weekdays,
    /// Every day, closing at midnight UTC.
    Always,
}

impl Calendar {
    /// The calendar by the name that market-svc gives it: `24/7` never closes.
    #[must_use]
    pub fn by_name(name: &str) -> Self {
        if name == "24/7" { Self::Always } else { Self::Weekdays }
    }

    /// The close of the first session that ends after `time`; none beyond the year 2261.
    #[must_use]
    pub fn next_close(self, time: Timestamp) -> Option<Timestamp> {
        let mut date = local_date(time)?;
        loop {
            let close = self.close(date)?;
            if close > time && self.trades_on(date) {
                return Some(close);
            }
            date = date.tomorrow().ok()?;
        }
    }

    /// Whether more than `sessions` have closed after `time` and at or before `clock`.
    #[must_use]
    pub fn is_older(self, time: Timestamp, clock: Timestamp, sessions: u32) -> bool {
        // The usual case, on the path of every forecast: the newest bar is the clock.
        if clock <= time {
            return false;
        }
        let mut close = time;
        (0..=sessions).all(|_| {
            self.next_close(close).is_some_and(|next| {
                close = next;
                next <= clock
            })
        })
    }

    fn trades_on(self, date: Date) -> bool {
        match self {
            Self::Weekdays => !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday),
            Self::Always => true,
        }
    }

    fn close(self, date: Date) -> Option<Timestamp> {
        let close = match self {
            Self::Weekdays => NEW_YORK.to_timestamp(date.at(CLOSING_HOUR, 0, 0, 0)).ok()?,
            Self::Always => TimeZone::UTC.to_timestamp(date.tomorrow().ok()?.at(0, 0, 0, 0)).ok()?,
        };
        i64::try_from(close.as_nanosecond()).ok().map(Timestamp::from_nanos)
    }
}

/// The date of `time` in UTC, less one: before the date in any time zone's session that may still be open.
fn local_date(time: Timestamp) -> Option<Date> {
    let instant = jiff::Timestamp::from_nanosecond(i128::from(time.nanos())).ok()?;
    TimeZone::UTC.to_datetime(instant).date().checked_sub(Span::new().days(1)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        let instant: jiff::Timestamp = text.parse().unwrap();
        Timestamp::from_nanos(i64::try_from(instant.as_nanosecond()).unwrap())
    }

    #[test]
    fn a_friday_is_followed_by_a_monday_and_clocks_change_between() {
        let next = |time| Calendar::Weekdays.next_close(at(time)).unwrap();
        assert_eq!(next("2021-03-11T21:00:00Z"), at("2021-03-12T21:00:00Z"));
        assert_eq!(next("2021-03-12T21:00:00Z"), at("2021-03-15T20:00:00Z"));
        assert_eq!(next("2021-03-13T12:00:00Z"), at("2021-03-15T20:00:00Z"));
        assert_eq!(Calendar::Always.next_close(at("2021-03-13T12:00:00Z")).unwrap(), at("2021-03-14T00:00:00Z"));
    }

    #[test]
    fn age_counts_sessions_and_not_weekends() {
        let friday = at("2021-03-12T21:00:00Z");
        let is_older = |clock| Calendar::Weekdays.is_older(friday, at(clock), 3);
        assert!(!is_older("2021-03-17T20:00:00Z"), "Monday, Tuesday, Wednesday");
        assert!(is_older("2021-03-18T20:00:00Z"));
        assert!(!Calendar::Weekdays.is_older(friday, friday, 0));
        assert_eq!(Calendar::Weekdays.next_close(Timestamp::MAX), None);
    }
}
