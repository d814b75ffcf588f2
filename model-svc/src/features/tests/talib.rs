//! Values and warm-up against TA-Lib (the version stands in the golden file's first line).
//!
//! Tolerance 1e-14, absolute on ratios and relative to 100 for RSI. Bollinger bands get 1e-11: TA-Lib's variance is the
//! difference of two large running sums there, ours has no such cancellation.

use super::super::atr::AverageTrueRange;
use super::super::bollinger::Bollinger;
use super::super::family::{Family, Step};
use super::super::macd::Macd;
use super::super::moving_average::{EmaRatios, SmaRatios};
use super::super::returns::Returns;
use super::super::rsi::RelativeStrength;
use super::Table;

const EXACT: f64 = 1e-14;

/// Feeds the golden bars to one family.
fn run<const N: usize, F: Family<N>>(table: &Table) -> Vec<Option<[f64; N]>> {
    let mut family = F::default();
    let mut previous = None;
    table.bars().into_iter().map(|bar| family.update(&Step { bar, previous: previous.replace(bar) })).collect()
}

/// The value `at` of the family, and the same formula from TA-Lib's `columns` and the close; absent on the same bars.
fn compare<const N: usize, F: Family<N>>(
    at: usize,
    columns: &[&str],
    tolerance: f64,
    formula: impl Fn(f64, &[f64]) -> f64,
) {
    let table = Table::golden();
    let close = table.column("close");
    let golden: Vec<_> = columns.iter().map(|name| table.column(name)).collect();
    for (row, ours) in run::<N, F>(&table).iter().enumerate() {
        let theirs: Option<Vec<f64>> = golden.iter().map(|column| column[row]).collect();
        let theirs = theirs.map(|values| formula(close[row].unwrap(), &values));
        assert_eq!(ours.is_some(), theirs.is_some(), "{columns:?} row {row}: warm on different bars");
        if let (Some(ours), Some(theirs)) = (ours, theirs) {
            assert!((ours[at] - theirs).abs() <= tolerance, "{columns:?} row {row}: {} is not {theirs}", ours[at]);
        }
    }
}

#[test]
fn rsi_is_talibs() {
    compare::<1, RelativeStrength>(0, &["rsi_14"], 100.0 * EXACT, |_, v| v[0]);
}

#[test]
fn atr_is_talibs() {
    compare::<1, AverageTrueRange>(0, &["atr_14"], EXACT, |close, v| v[0] / close);
}

#[test]
fn macd_is_talibs() {
    for (at, name) in ["macd", "macd_signal", "macd_histogram"].into_iter().enumerate() {
        compare::<3, Macd>(at, &[name], EXACT, |close, v| v[0] / close);
    }
}

#[test]
fn exponential_averages_are_talibs() {
    // A family speaks once all of it is warm, so the slower column is asked for too.
    compare::<2, EmaRatios>(0, &["ema_12", "ema_26"], EXACT, |close, v| close / v[0] - 1.0);
    compare::<2, EmaRatios>(1, &["ema_26"], EXACT, |close, v| close / v[0] - 1.0);
}

#[test]
fn simple_averages_are_talibs() {
    for (at, name) in ["sma_5", "sma_10", "sma_20", "sma_50"].into_iter().enumerate() {
        compare::<4, SmaRatios>(at, &[name, "sma_50"], EXACT, |close, v| close / v[0] - 1.0);
    }
}

#[test]
fn returns_are_talibs() {
    for (at, name) in ["rocp_1", "rocp_2", "rocp_3", "rocp_5", "rocp_10", "rocp_20"].into_iter().enumerate() {
        compare::<6, Returns>(at, &[name, "rocp_20"], 0.0, |_, v| v[0]);
    }
}

#[test]
fn bollinger_bands_are_talibs_but_for_its_running_sums() {
    compare::<2, Bollinger>(0, &["upper", "lower"], 1e-11, |close, v| (close - v[1]) / (v[0] - v[1]));
    compare::<2, Bollinger>(1, &["upper", "lower"], 1e-11, |_, v| (v[0] - v[1]) / ((v[0] + v[1]) / 2.0));
}

#[test]
fn the_warm_up_of_each_feature_is_talibs() {
    let table = Table::golden();
    let first = |name: &str| table.column(name).iter().position(Option::is_some).unwrap() + 1;
    let pairs = [
        ("rsi_14", "rsi_14"),
        ("atr_ratio_14", "atr_14"),
        ("macd_line", "macd"),
        ("macd_signal", "macd_signal"),
        ("macd_histogram", "macd_histogram"),
        ("ema_ratio_12", "ema_12"),
        ("ema_ratio_26", "ema_26"),
        ("sma_ratio_5", "sma_5"),
        ("sma_ratio_10", "sma_10"),
        ("sma_ratio_20", "sma_20"),
        ("sma_ratio_50", "sma_50"),
        ("return_1", "rocp_1"),
        ("return_2", "rocp_2"),
        ("return_3", "rocp_3"),
        ("return_5", "rocp_5"),
        ("return_10", "rocp_10"),
        ("return_20", "rocp_20"),
        ("bollinger_percent_b", "upper"),
        ("bollinger_width", "lower"),
    ];
    let set = super::super::FeatureSet::standard();
    for (ours, theirs) in pairs {
        let feature = set.describe().iter().find(|feature| feature.name == ours).unwrap();
        assert_eq!(feature.warm_up, first(theirs), "{ours}");
    }
}
