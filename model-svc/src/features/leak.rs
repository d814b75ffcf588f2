//! A witness against features that read the future.
//!
//! Whatever is computed "as of bar t" may depend on bars up to t and on nothing later. The check takes the later bars
//! away and computes again: a value at or before t that changes has read them.

use std::fmt;

use super::Bar;

/// A row that reads the future.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leak {
    /// Column of the value that changed; none when the row itself appeared or vanished.
    pub feature: Option<usize>,
    /// The row, numbered like its bar from zero.
    pub row: usize,
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { feature, row } = self;
        match feature {
            Some(feature) => {
                write!(f, "feature {feature} of row {row} changes when the bars after row {row} are removed")
            }
            None => write!(f, "row {row} comes or goes when the bars after row {row} are removed"),
        }
    }
}

impl std::error::Error for Leak {}

/// Holds a computation of rows (one per bar, none while warming up) to the rule that row t is the same, bit for bit,
/// when the bars after t are removed. It computes once per bar, so give it hundreds of bars and not thousands.
///
/// # Errors
/// The first row and column that changes.
///
/// ```
/// use model_svc::features::{Bar, leak};
///
/// let bars: Vec<Bar> = (1..20_i32)
///     .map(|day| f64::from(day * day))
///     .map(|close| Bar { time: 0, open: close, high: close, low: close, close, volume: 1.0 })
///     .collect();
/// let tomorrow = |bars: &[Bar]| -> Vec<Option<[f64; 1]>> {
///     (0..bars.len()).map(|t| bars.get(t + 1).map(|next| [next.close])).collect()
/// };
/// assert_eq!(leak::check(&bars, tomorrow), Err(leak::Leak { feature: None, row: 0 }));
/// ```
pub fn check<R: AsRef<[f64]>>(bars: &[Bar], compute: impl Fn(&[Bar]) -> Vec<Option<R>>) -> Result<(), Leak> {
    let whole = compute(bars);
    (0..bars.len()).try_for_each(|row| {
        let known = compute(&bars[..=row]);
        same(value(&known, row), value(&whole, row)).map_err(|feature| Leak { feature, row })
    })
}

fn value<R: AsRef<[f64]>>(rows: &[Option<R>], at: usize) -> Option<&[f64]> {
    rows.get(at)?.as_ref().map(AsRef::as_ref)
}

/// Bit equality of two rows; the column that differs, none when one of them is missing or shorter.
fn same(known: Option<&[f64]>, whole: Option<&[f64]>) -> Result<(), Option<usize>> {
    match (known, whole) {
        (None, None) => Ok(()),
        (Some(known), Some(whole)) if known.len() == whole.len() => {
            match known.iter().zip(whole).position(|(a, b)| a.to_bits() != b.to_bits()) {
                Some(feature) => Err(Some(feature)),
                None => Ok(()),
            }
        }
        _ => Err(None),
    }
}
