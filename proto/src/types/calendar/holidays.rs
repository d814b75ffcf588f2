use jiff::civil::{Date, Weekday};

/// Whether the New York Stock Exchange is closed on the weekday `date` by its rule 7.2.
///
/// A holiday on a Sunday is kept on the Monday after it, one on a Saturday on the Friday before, except New Year's Day.
pub(super) fn new_york(date: Date) -> bool {
    let year = date.year();
    let kept = |month, day| observed(Date::constant(year, month, day)) == date;
    let nth = |month, weekday, n| {
        Date::constant(year, month, 1).nth_weekday_of_month(n, weekday).is_ok_and(|day| day == date)
    };
    kept(1, 1) && date.month() == 1
        || year >= 1998 && nth(1, Weekday::Monday, 3)
        || nth(2, Weekday::Monday, 3)
        || date == good_friday(year)
        || nth(5, Weekday::Monday, -1)
        || year >= 2022 && kept(6, 19)
        || kept(7, 4)
        || nth(9, Weekday::Monday, 1)
        || nth(11, Weekday::Thursday, 4)
        || kept(12, 25)
}

fn observed(date: Date) -> Date {
    match date.weekday() {
        Weekday::Saturday => date.yesterday().expect("years are far from the end of time"),
        Weekday::Sunday => date.tomorrow().expect("years are far from the end of time"),
        _ => date,
    }
}

/// Two days before Easter Sunday, by the anonymous Gregorian algorithm (Meeus 1991, ch. 8).
fn good_friday(year: i16) -> Date {
    let y = i32::from(year);
    let (a, b, c) = (y % 19, y / 100, y % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 19 * l) / 433;
    let month = (h + l - 7 * m + 90) / 25;
    let day = (h + l - 7 * m + 33 * month + 19) % 32;
    let narrow = |n: i32| i8::try_from(n).expect("months and days are small");
    Date::constant(year, narrow(month), narrow(day))
        .checked_sub(jiff::Span::new().days(2))
        .expect("Easter is far from the end of time")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_fridays() {
        for date in ["1997-03-28", "2008-03-21", "2011-04-22", "2024-03-29", "2038-04-23"] {
            let date: Date = date.parse().unwrap();
            assert_eq!(good_friday(date.year()), date);
        }
    }
}
