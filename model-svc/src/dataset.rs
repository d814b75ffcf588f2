//! Rows to learn from: features known at the close of bar t, and the return from there to bar t + h.

use std::fmt::Write as _;

use ndarray::{Array1, Array2};
use sha2::{Digest, Sha256};
use tickmesh_proto::types::{Symbol, Timestamp};

use crate::features::{self, FeatureSet, Row, WIDTH};
use crate::history::DailyBar;

/// Smallest volatility by which anything is divided: a hundredth of a basis point a bar. A price that never moves has
/// none of its own.
pub const MIN_VOLATILITY: f64 = 1e-6;

/// One row with its label.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Close of bar t: the moment at which the row is known and a forecast from it is made.
    pub time: Timestamp,
    /// Close of bar t + h: the moment at which the label is known.
    pub label_time: Timestamp,
    /// Features known at `time`.
    pub row: Row,
    /// Simple return of adjusted closes from t to t + h.
    pub label: f64,
    /// Volatility known at `time`, at least [`MIN_VOLATILITY`].
    pub sigma: f64,
    /// Adjusted close of bar t.
    pub close: f64,
}

/// Labelled rows of one symbol in the order of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// The symbol.
    pub symbol: Symbol,
    /// Bars ahead that labels reach.
    pub horizon: usize,
    /// The rows; the last `horizon` bars have no label yet and so no row.
    pub samples: Vec<Sample>,
    /// SHA-256 of the bars behind the rows and labels, in hexadecimal digits.
    pub digest: String,
}

impl Dataset {
    /// Rows of a history: warm-up left out at its begin, the last `horizon` bars at its end.
    #[must_use]
    pub fn new(symbol: Symbol, set: &FeatureSet, bars: &[DailyBar], horizon: usize) -> Self {
        let adjusted: Vec<features::Bar> = bars.iter().map(|bar| bar.adjusted).collect();
        let rows = features::fold(set, &adjusted);
        let labelled = bars.iter().zip(rows).zip(bars.iter().skip(horizon));
        let samples = labelled.filter_map(|((bar, row), later)| row.map(|row| Sample::new(bar, row, later))).collect();
        Self { symbol, horizon, samples, digest: digest(bars) }
    }
}

impl Sample {
    fn new(bar: &DailyBar, row: Row, later: &DailyBar) -> Self {
        Self {
            time: bar.time(),
            label_time: later.time(),
            row,
            label: bar.return_to(later),
            sigma: scale(&row),
            close: bar.adjusted.close,
        }
    }
}

/// The volatility by which a row's return is scaled.
#[must_use]
pub fn scale(row: &Row) -> f64 {
    row.volatility().max(MIN_VOLATILITY)
}

/// Rows and labels as matrices, for fitting.
#[must_use]
pub fn matrices(samples: &[Sample]) -> linfa::Dataset<f64, f64, ndarray::Ix1> {
    let values = samples.iter().flat_map(|sample| sample.row.as_slice().iter().copied()).collect();
    let records = Array2::from_shape_vec((samples.len(), WIDTH), values).expect("every row is WIDTH wide");
    let labels = Array1::from_iter(samples.iter().map(|sample| sample.label));
    linfa::Dataset::new(records, labels)
}

fn digest(bars: &[DailyBar]) -> String {
    let mut hash = Sha256::new();
    for DailyBar { last_price: _, adjusted } in bars {
        let features::Bar { time, open, high, low, close, volume } = *adjusted;
        hash.update(time.to_le_bytes());
        [open, high, low, close, volume].iter().for_each(|value| hash.update(value.to_le_bytes()));
    }
    hex(&hash.finalize())
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn a_label_is_the_return_over_the_horizon() {
        let bars = testing::walk(7, 120);
        let set = FeatureSet::standard();
        for horizon in [1, 3] {
            let data = Dataset::new(testing::symbol("AAPL"), &set, &bars, horizon);
            assert_eq!(data.samples.len(), bars.len() - (set.warm_up() - 1) - horizon);
            let last = data.samples.last().unwrap();
            let t = bars.len() - 1 - horizon;
            assert_eq!((last.time, last.label_time), (bars[t].time(), bars[t + horizon].time()));
            assert_eq!(last.label, bars[t].return_to(&bars[t + horizon]));
        }
    }

    #[test]
    fn one_changed_bit_changes_the_digest() {
        let mut bars = testing::walk(7, 90);
        let before = Dataset::new(testing::symbol("A"), &FeatureSet::standard(), &bars, 1).digest;
        bars[3].adjusted.volume += 1.0;
        assert_ne!(Dataset::new(testing::symbol("A"), &FeatureSet::standard(), &bars, 1).digest, before);
    }
}
