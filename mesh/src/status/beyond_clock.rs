use tickmesh_proto::types::Timestamp;

use super::{Code, Fault};

/// OUT_OF_RANGE, reason BEYOND_CLOCK: the moment in `field` has not come yet by the market clock, which stands at
/// `clock`, or nowhere before the first bar.
#[must_use]
pub fn beyond_clock(field: &str, moment: Timestamp, clock: Option<Timestamp>) -> Fault {
    let clock = clock.map_or_else(|| "before its first bar".to_owned(), |clock| clock.to_string());
    let rule = format!("must not lie beyond the market clock, which stands at {clock}");
    Fault::new(Code::OutOfRange, "BEYOND_CLOCK", format!("{field} {moment} {rule}"))
        .meta("market_time", clock)
        .field(field, rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_to_come_names_its_field_and_the_clock() {
        let fault = beyond_clock("as_of", Timestamp::from_nanos(2_000_000_000), Some(Timestamp::from_nanos(0)));
        assert_eq!((fault.code(), fault.reason()), (Code::OutOfRange, "BEYOND_CLOCK"));
        assert_eq!(fault.violations()[0].0, "as_of");
        assert_eq!(fault.metadata("market_time"), Some("1970-01-01T00:00:00Z"));
        assert!(beyond_clock("as_of", Timestamp::MAX, None).message().ends_with("before its first bar"));
    }
}
