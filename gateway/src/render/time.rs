//! Times and durations in their canonical text: RFC 3339 in UTC, and seconds; fractions of 0, 3, 6 or 9 digits.

use prost::encoding::{WireType, decode_key};

use super::scalar::varint;

const SECONDS_PER_DAY: i64 = 86_400;
const NANOS_PER_SECOND: i32 = 1_000_000_000;

/// 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z.
const TIMES: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// About ten thousand years either way.
const MAX_DURATION: u64 = 315_576_000_000;

/// Writes an encoded `google.protobuf.Timestamp`; `None` if it is out of range or not in its normal form.
pub(super) fn timestamp(bytes: &[u8], json: &mut Vec<u8>) -> Option<()> {
    let (seconds, nanos) = read(bytes)?;
    if !TIMES.contains(&seconds) {
        return None;
    }
    let nanos = u32::try_from(nanos).ok()?;
    let (year, month, day) = date(seconds.div_euclid(SECONDS_PER_DAY));
    let second = seconds.rem_euclid(SECONDS_PER_DAY);
    json.push(b'"');
    digits(year, 4, json);
    for (before, part) in
        [(b'-', month), (b'-', day), (b'T', second / 3600), (b':', second / 60 % 60), (b':', second % 60)]
    {
        json.push(before);
        digits(part, 2, json);
    }
    fraction(nanos, json);
    json.extend_from_slice(b"Z\"");
    Some(())
}

/// Writes an encoded `google.protobuf.Duration`; `None` if it is out of range or not in its normal form.
pub(super) fn duration(bytes: &[u8], json: &mut Vec<u8>) -> Option<()> {
    let (seconds, nanos) = read(bytes)?;
    let is_negative = seconds < 0 || nanos < 0;
    let is_positive = seconds > 0 || nanos > 0;
    if seconds.unsigned_abs() > MAX_DURATION || (is_negative && is_positive) {
        return None;
    }
    json.push(b'"');
    if is_negative {
        json.push(b'-');
    }
    serde_json::to_writer(&mut *json, &seconds.unsigned_abs()).ok()?;
    fraction(nanos.unsigned_abs(), json);
    json.extend_from_slice(b"s\"");
    Some(())
}

/// Reads seconds (field 1) and nanoseconds (field 2) of less than one second.
fn read(mut bytes: &[u8]) -> Option<(i64, i32)> {
    let (mut seconds, mut nanos, mut last) = (0, 0, 0);
    while !bytes.is_empty() {
        let (number, wire_type) = decode_key(&mut bytes).ok()?;
        if wire_type != WireType::Varint || number <= last {
            return None;
        }
        last = number;
        match number {
            1 => seconds = varint(&mut bytes)?.cast_signed(),
            2 => nanos = varint(&mut bytes)? as i32,
            _ => return None,
        }
    }
    (nanos.unsigned_abs() < NANOS_PER_SECOND.unsigned_abs()).then_some((seconds, nanos))
}

/// Year, month and day of a number of days since 1970-01-01, after Howard Hinnant's `civil_from_days`: years begin in
/// March, so that a leap day is the last one of its year.
fn date(days: i64) -> (i64, i64, i64) {
    const DAYS_PER_ERA: i64 = 146_097; // 400 years
    let days = days + 719_468; // since 0000-03-01
    let (era, day) = (days.div_euclid(DAYS_PER_ERA), days.rem_euclid(DAYS_PER_ERA));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next_year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (400 * era + year + next_year, month, day)
}

/// Nothing, milliseconds, microseconds or nanoseconds: the fewest that say it all.
fn fraction(nanos: u32, json: &mut Vec<u8>) {
    let (value, width) = match nanos {
        0 => return,
        nanos if nanos.is_multiple_of(1_000_000) => (nanos / 1_000_000, 3),
        nanos if nanos.is_multiple_of(1_000) => (nanos / 1_000, 6),
        nanos => (nanos, 9),
    };
    json.push(b'.');
    digits(value.into(), width, json);
}

/// Writes a number that is not negative with leading zeros.
fn digits(mut value: i64, width: usize, json: &mut Vec<u8>) {
    let start = json.len();
    json.resize(start + width, b'0');
    for digit in json[start..].iter_mut().rev() {
        *digit = b'0' + u8::try_from(value % 10).expect("a digit is below ten");
        value /= 10;
    }
}
