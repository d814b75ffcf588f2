use std::fmt;
use std::time::Duration;

const NANOS: i64 = 1_000_000_000;

/// A moment in UTC: nanoseconds since 1970-01-01T00:00:00Z, from 1677 to 2262.
///
/// ```
/// use tickmesh_proto::types::Timestamp;
/// let close = Timestamp::from_nanos(1_609_794_000_000_000_000);
/// assert_eq!(close.to_string(), "2021-01-04T21:00:00Z");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// Why a protobuf timestamp is not a moment that tickmesh can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseTimestampError {
    /// Nanoseconds outside 0 to 999,999,999.
    #[error("must have nanos from 0 to 999,999,999")]
    Nanos,
    /// Outside the range of 64-bit nanoseconds.
    #[error("must lie between the years 1678 and 2261")]
    Range,
}

impl Timestamp {
    /// The earliest moment.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest moment.
    pub const MAX: Self = Self(i64::MAX);

    /// A moment by its nanoseconds since the epoch.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the epoch.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// How long this is after `earlier`; zero if it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// This moment later by `duration`, or [`MAX`](Self::MAX).
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)))
    }
}

impl From<Timestamp> for prost_types::Timestamp {
    fn from(time: Timestamp) -> Self {
        Self {
            seconds: time.0.div_euclid(NANOS),
            nanos: i32::try_from(time.0.rem_euclid(NANOS)).expect("a remainder by 1e9 fits 32 bits"),
        }
    }
}

impl TryFrom<prost_types::Timestamp> for Timestamp {
    type Error = ParseTimestampError;

    fn try_from(wire: prost_types::Timestamp) -> Result<Self, Self::Error> {
        let prost_types::Timestamp { seconds, nanos } = wire;
        if !(0..1_000_000_000).contains(&nanos) {
            return Err(ParseTimestampError::Nanos);
        }
        let whole = seconds.checked_mul(NANOS).ok_or(ParseTimestampError::Range)?;
        whole.checked_add(i64::from(nanos)).map(Self).ok_or(ParseTimestampError::Range)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&prost_types::Timestamp::from(*self), f)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn survives_the_wire(nanos in any::<i64>()) {
            let time = Timestamp::from_nanos(nanos);
            let wire = prost_types::Timestamp::from(time);
            match Timestamp::try_from(wire) {
                Ok(back) => prop_assert_eq!(back, time),
                // The first second of the range begins before i64::MIN.
                Err(ParseTimestampError::Range) => prop_assert!(nanos < i64::MIN + NANOS),
                Err(other) => prop_assert!(false, "{}", other),
            }
        }

        #[test]
        fn prices_of_15_digits_survive_a_double(digits in 1u64..1_000_000_000_000_000, scale in 0i32..12) {
            let text = format!("{digits}e-{scale}");
            let price: f64 = text.parse().unwrap();
            let back: f64 = format!("{price:.14e}").parse().unwrap();
            prop_assert_eq!(price, back);
        }
    }

    #[test]
    fn refuses_what_does_not_fit() {
        let bad = |seconds, nanos| Timestamp::try_from(prost_types::Timestamp { seconds, nanos });
        assert_eq!(bad(0, -1), Err(ParseTimestampError::Nanos));
        assert_eq!(bad(i64::MAX, 0), Err(ParseTimestampError::Range));
    }
}
