use jiff::civil::Date;
use tickmesh_proto::types::{TimeFrame, Timestamp, utc_date, utc_midnight};

/// The span whose bars stand in one block, by its first nanosecond: a year of days, a month of hours, a day of minutes,
/// an hour of seconds (UTC, by open time). So a block has between 24 and 3,600 rows, enough to read fast and few enough
/// to rewrite when one is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period(i64);

const NANOS_PER_HOUR: i64 = 3_600_000_000_000;

impl Period {
    /// The period of a bar that opens at `open_time`.
    pub fn of(time_frame: TimeFrame, open_time: Timestamp) -> Self {
        let date = utc_date(open_time);
        Self(match time_frame {
            TimeFrame::D1 => midnight(date.first_of_year()),
            TimeFrame::H1 | TimeFrame::M15 => midnight(date.first_of_month()),
            TimeFrame::M5 | TimeFrame::M1 => midnight(date),
            TimeFrame::S1 => open_time.nanos().div_euclid(NANOS_PER_HOUR).saturating_mul(NANOS_PER_HOUR),
        })
    }

    /// The period that begins at `nanos`.
    pub(super) fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// The period's first nanosecond since the epoch.
    pub fn nanos(self) -> i64 {
        self.0
    }
}

/// The first period of time begins where time does.
fn midnight(date: Date) -> i64 {
    utc_midnight(date).map_or(i64::MIN, Timestamp::nanos)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(time_frame: TimeFrame, time: &str) -> String {
        let time: jiff::Timestamp = time.parse().unwrap();
        let period = Period::of(time_frame, Timestamp::from_nanos(time.as_nanosecond().try_into().unwrap()));
        Timestamp::from_nanos(period.nanos()).to_string()
    }

    #[test]
    fn shorter_bars_have_shorter_periods() {
        let time = "2021-03-12T14:30:05Z";
        assert_eq!(of(TimeFrame::D1, time), "2021-01-01T00:00:00Z");
        assert_eq!(of(TimeFrame::H1, time), "2021-03-01T00:00:00Z");
        assert_eq!(of(TimeFrame::M1, time), "2021-03-12T00:00:00Z");
        assert_eq!(of(TimeFrame::S1, time), "2021-03-12T14:00:00Z");
    }

    proptest! {
        #[test]
        fn order_of_times_is_order_of_periods(a in any::<i64>(), b in any::<i64>(), frame in 0..6usize) {
            let of = |nanos| Period::of(TimeFrame::ALL[frame], Timestamp::from_nanos(nanos));
            prop_assert!(of(a.min(b)) <= of(a.max(b)));
            prop_assert!(of(a).nanos() <= a);
        }
    }
}
