use proptest::prelude::*;

use super::super::{Bar, FeatureSet, Row, State, WIDTH, fold, leak};
use super::{DAY, real_bars};

fn standard(bars: &[Bar]) -> Vec<Option<Row>> {
    fold(&FeatureSet::standard(), bars)
}

fn scaled(bars: &[Bar], price: f64, volume: f64) -> Vec<Bar> {
    let scale = |bar: &Bar| Bar {
        time: bar.time,
        open: bar.open * price,
        high: bar.high * price,
        low: bar.low * price,
        close: bar.close * price,
        volume: bar.volume * volume,
    };
    bars.iter().map(scale).collect()
}

/// Bars of a random walk whose open, high and low surround the closes.
fn walk() -> impl Strategy<Value = Vec<Bar>> {
    let day = (-0.08..0.08f64, 0.0..0.03f64, 1.0..1e9f64);
    prop::collection::vec(day, 80..140).prop_map(|days| {
        let mut close = 100.0;
        let step = |(at, (change, spread, volume)): (usize, (f64, f64, f64))| {
            let open = close;
            close *= 1.0 + change;
            let (high, low) = (open.max(close) * (1.0 + spread), open.min(close) * (1.0 - spread));
            Bar { time: at as i64 * DAY, open, high, low, close, volume }
        };
        days.into_iter().enumerate().map(step).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_power_of_two_on_prices_and_volumes_changes_no_bit(bars in walk(), price in -8..8i32, volume in -8..8i32) {
        prop_assert_eq!(standard(&scaled(&bars, 2f64.powi(price), 2f64.powi(volume))), standard(&bars));
    }

    #[test]
    fn a_constant_on_prices_and_volumes_changes_nothing(bars in walk(), price in 1e-3..1e3f64, volume in 1e-3..1e3f64) {
        for (row, other) in standard(&bars).iter().zip(standard(&scaled(&bars, price, volume))) {
            prop_assert_eq!(row.is_some(), other.is_some());
            if let (Some(row), Some(other)) = (row, other) {
                for (a, b) in row.as_slice().iter().zip(other.as_slice()) {
                    prop_assert!((a - b).abs() <= 1e-9 * a.abs().max(1.0), "{a} became {b}");
                }
            }
        }
    }

    #[test]
    fn another_tomorrow_changes_no_row_up_to_today(bars in walk(), today in 61..79usize, factor in 0.5..2.0f64) {
        let mut edited = bars.clone();
        for bar in &mut edited[today + 1..] {
            *bar = scaled(&[*bar], factor, 3.0)[0];
        }
        prop_assert_eq!(&standard(&edited)[..=today], &standard(&bars)[..=today]);
    }

    #[test]
    fn every_value_is_finite(bars in walk()) {
        for row in standard(&bars).iter().flatten() {
            prop_assert!(row.as_slice().iter().all(|value| value.is_finite()), "{row:?}");
        }
    }
}

#[test]
fn no_standard_feature_reads_the_future() {
    assert_eq!(leak::check(&real_bars(), standard), Ok(()));
}

#[test]
fn a_planted_look_at_tomorrow_is_caught_by_name_and_row() {
    let planted = |bars: &[Bar]| -> Vec<Option<Vec<f64>>> {
        let plant = |(at, row): (usize, Option<Row>)| {
            let mut row = row?.as_slice().to_vec();
            // Tomorrow's return where there is a tomorrow: the classic shift by the wrong sign.
            row[3] = bars.get(at + 1).map_or(0.0, |next| next.close / bars[at].close - 1.0);
            Some(row)
        };
        standard(bars).into_iter().enumerate().map(plant).collect()
    };
    assert_eq!(leak::check(&real_bars(), planted), Err(leak::Leak { feature: Some(3), row: 60 }));
}

#[test]
fn a_scale_taken_from_the_whole_history_is_caught() {
    let normalised = |bars: &[Bar]| -> Vec<Option<[f64; 1]>> {
        let highest = bars.iter().map(|bar| bar.close).fold(0.0, f64::max);
        bars.iter().map(|bar| Some([bar.close / highest])).collect()
    };
    assert!(leak::check(&real_bars(), normalised).is_err());
}

#[test]
fn a_row_that_vanishes_without_its_future_is_caught() {
    let late = |bars: &[Bar]| -> Vec<Option<[f64; 1]>> {
        (0..bars.len()).map(|at| (at + 1 < bars.len()).then_some([1.0])).collect()
    };
    assert_eq!(leak::check(&real_bars(), late), Err(leak::Leak { feature: None, row: 0 }));
}

#[test]
fn rows_begin_with_the_last_feature_to_be_warm() {
    let set = FeatureSet::standard();
    let rows = standard(&real_bars());
    assert_eq!(rows.iter().position(Option::is_some), Some(set.warm_up() - 1));
    assert!(rows[set.warm_up()..].iter().all(Option::is_some));
}

#[test]
fn a_state_taken_up_by_replay_goes_on_with_the_same_bits() {
    let bars = real_bars();
    let set = FeatureSet::standard();
    let mut restored = State::new(&set);
    let before = bars[..200].iter().filter_map(|bar| restored.update(bar)).count();
    assert_eq!(before, 201 - set.warm_up());
    let resumed: Vec<_> = bars[200..].iter().map(|bar| restored.update(bar)).collect();
    assert_eq!(resumed, fold(&set, &bars)[200..]);
}

#[test]
fn a_flat_market_has_finite_features_and_no_volatility() {
    let flat: Vec<Bar> = (0..100)
        .map(|day| Bar { time: day * DAY, open: 10.0, high: 10.0, low: 10.0, close: 10.0, volume: 0.0 })
        .collect();
    let last = standard(&flat)[99].unwrap();
    assert!(last.as_slice().iter().all(|value| value.is_finite()));
    assert_eq!(last.volatility(), 0.0);
}

#[test]
fn the_set_knows_its_columns() {
    let set = FeatureSet::standard();
    assert_eq!((set.len(), set.names().len(), set.warm_up()), (WIDTH, WIDTH, 61));
    assert_eq!(set.names().last(), Some("ewma_volatility"));
    let unique: std::collections::BTreeSet<_> = set.names().collect();
    assert_eq!(unique.len(), WIDTH);
}

/// A model stored today must recognise its features tomorrow. If this fails because a definition changed on purpose,
/// raise the feature's version and write the new id here.
#[test]
fn the_id_is_stable() {
    assert_eq!(FeatureSet::standard().id(), "539bdd13c206229f");
}
