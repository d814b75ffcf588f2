/// One adjusted bar: prices already multiplied by the bar's adjustment factor, volume as traded.
///
/// Prices are finite and above zero, `low <= open, close <= high`, volume is finite and not negative: the market's
/// bars are checked before they are published, and nothing here checks again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// Close of the bar, nanoseconds since the Unix epoch, UTC. Only its date is used, for the day of the week.
    pub time: i64,
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
    /// Traded volume, in shares or units, not adjusted.
    pub volume: f64,
}
