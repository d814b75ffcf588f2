use std::fmt;

use tickmesh_proto::types::Timestamp;

const NANOS_A_DAY: i64 = 86_400_000_000_000;

/// A market date: the UTC date on which a daily bar opens.
///
/// Closes cannot be matched by their close time, because a crypto day ends at midnight and a New York session at 21:00;
/// both open on the date that they are named after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

impl Day {
    /// The date of a daily bar that opens at `open_time`.
    ///
    /// ```
    /// use portfolio_svc::prices::Day;
    /// use tickmesh_proto::types::Timestamp;
    /// let open = Timestamp::from_nanos(1_609_770_600_000_000_000); // 2021-01-04T14:30:00Z
    /// assert_eq!(Day::of_open(open).to_string(), "2021-01-04");
    /// ```
    pub fn of_open(open_time: Timestamp) -> Self {
        Self(open_time.nanos().div_euclid(NANOS_A_DAY))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let midnight = Timestamp::from_nanos(self.0.saturating_mul(NANOS_A_DAY)).to_string();
        f.write_str(midnight.split('T').next().unwrap_or_default())
    }
}
