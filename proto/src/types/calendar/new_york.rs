use std::sync::LazyLock;

use jiff::civil::Date;
use jiff::tz::TimeZone;

/// New York's clock by rule rather than by the machine's time zone database, so that every machine computes the same.
/// US daylight saving time changed its dates by law in 1967, 1987 and 2007.
static ERAS: LazyLock<[(i16, TimeZone); 3]> = LazyLock::new(|| {
    [(2007, "EST5EDT,M3.2.0,M11.1.0"), (1987, "EST5EDT,M4.1.0,M10.5.0"), (i16::MIN, "EST5EDT,M4.5.0,M10.5.0")]
        .map(|(since, rule)| (since, TimeZone::posix(rule).expect("a valid POSIX time zone")))
});

/// 09:30 and 16:00 of `date` in New York.
pub(super) fn hours(date: Date) -> Option<(jiff::Timestamp, jiff::Timestamp)> {
    let (_, zone) = ERAS.iter().find(|(since, _)| date.year() >= *since)?;
    let at = |hour, minute| zone.to_timestamp(date.at(hour, minute, 0, 0)).ok();
    Some((at(9, 30)?, at(16, 0)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Date, open and close in UTC, from Python's zoneinfo.
    const ZONEINFO: &str = "
        1986-03-13 14:30 21:00
        1986-04-25 14:30 21:00
        1986-04-28 13:30 20:00
        1987-04-03 14:30 21:00
        1987-04-06 13:30 20:00
        2006-03-31 14:30 21:00
        2006-04-03 13:30 20:00
        2006-10-27 13:30 20:00
        2006-10-30 14:30 21:00
        2007-03-09 14:30 21:00
        2007-03-12 13:30 20:00
        2007-11-02 13:30 20:00
        2007-11-05 14:30 21:00
        2013-01-02 14:30 21:00
        2021-01-04 14:30 21:00
        2021-03-12 14:30 21:00
        2021-03-15 13:30 20:00
        2021-11-05 13:30 20:00
        2021-11-08 14:30 21:00
        2023-09-21 13:30 20:00";

    #[test]
    fn hours_equal_those_of_zoneinfo() {
        for line in ZONEINFO.trim().lines() {
            let (date, expected) = line.trim().split_once(' ').unwrap();
            let (open, close) = hours(date.parse().unwrap()).unwrap();
            assert_eq!(format!("{} {}", open.strftime("%H:%M"), close.strftime("%H:%M")), expected, "{date}");
        }
    }
}
