//! What every backend must do: named behaviours, each over a fresh store.

use tickmesh_proto::types::{Symbol, TimeFrame, Timestamp};

use super::*;
use crate::bar::tests::candle;
use crate::bar::{Bar, Candle, Series};

/// Declares a test per behaviour for the backend that `$make` opens.
macro_rules! passes {
    ($make:path) => {
        $crate::store::suite::passes!($make:
            a_repeated_write_changes_nothing,
            a_changed_bar_replaces_the_stored_one,
            the_later_of_two_bars_with_one_key_counts,
            pages_in_both_directions_hold_each_bar_once,
            a_span_has_an_inclusive_start_and_an_exclusive_end,
            nothing_past_the_clock_is_seen,
            slices_give_all_symbols_in_order_of_time,
            slices_may_be_of_some_symbols,
            slices_go_on_where_the_one_before_ended,
            time_frames_do_not_mix,
            instruments_keep_their_first_description,
            the_newest_close_may_be_asked_for_until_a_moment,
            bars_that_close_after_a_moment_are_found,
            marks_are_remembered,
        );
    };
    ($make:path: $($name:ident,)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                $crate::store::suite::$name(&$make().await).await;
            }
        )*
    };
}
pub(crate) use passes;

const DAY: i64 = 86_400_000_000_000;
/// 2020-12-30, so that five days lie in two yearly blocks.
const START: i64 = 18_626 * DAY;

fn series(symbol: &str) -> Series {
    Series { symbol: Symbol::try_from(symbol).unwrap(), time_frame: TimeFrame::D1 }
}

fn day(n: i64) -> Candle {
    candle(START + n * DAY, DAY / 4, 100.0 + n as f64)
}

fn batch(symbol: &str, candles: &[Candle]) -> Batch {
    let bars = candles.iter().map(|candle| Bar { series: series(symbol), candle: *candle }).collect();
    let instruments = vec![Instrument::of(&Symbol::try_from(symbol).unwrap())];
    Batch { instruments, bars, source: Some("test".into()), marks: vec![] }
}

pub(crate) fn five_days(symbol: &str) -> Batch {
    batch(symbol, &[3, 0, 4, 1, 2].map(day))
}

pub(crate) fn all_of(symbol: &str) -> Query {
    Query { series: series(symbol), span: Span::all(Timestamp::MAX), descending: false, after: None, limit: 100 }
}

async fn candles(store: &dyn Store, query: &Query) -> Vec<Candle> {
    store.page(query).await.unwrap().candles
}

pub(crate) async fn a_repeated_write_changes_nothing(store: &dyn Store) {
    let first = store.write(&five_days("AAPL")).await.unwrap();
    let second = store.write(&five_days("AAPL")).await.unwrap();
    assert_eq!(first, Written { written: 5, unchanged: 0 });
    assert_eq!(second, Written { written: 0, unchanged: 5 });
    assert_eq!(candles(store, &all_of("AAPL")).await, [0, 1, 2, 3, 4].map(day));
}

pub(crate) async fn a_changed_bar_replaces_the_stored_one(store: &dyn Store) {
    store.write(&five_days("AAPL")).await.unwrap();
    let changed = candle(START + DAY, DAY / 4, 7.0);
    let count = store.write(&batch("AAPL", &[changed, day(2)])).await.unwrap();
    assert_eq!(count, Written { written: 1, unchanged: 1 });
    assert_eq!(candles(store, &all_of("AAPL")).await, [day(0), changed, day(2), day(3), day(4)]);
}

pub(crate) async fn the_later_of_two_bars_with_one_key_counts(store: &dyn Store) {
    let changed = candle(START, DAY / 4, 7.0);
    store.write(&batch("AAPL", &[day(0), changed])).await.unwrap();
    assert_eq!(candles(store, &all_of("AAPL")).await, [changed]);
}

pub(crate) async fn pages_in_both_directions_hold_each_bar_once(store: &dyn Store) {
    store.write(&five_days("AAPL")).await.unwrap();
    for descending in [false, true] {
        let mut query = Query { descending, limit: 2, ..all_of("AAPL") };
        let (mut seen, mut sizes) = (Vec::new(), Vec::new());
        loop {
            let page = store.page(&query).await.unwrap();
            sizes.push((page.candles.len(), page.more));
            query.after = page.candles.last().map(|candle| candle.open_time);
            seen.extend(page.candles);
            if !page.more {
                break;
            }
        }
        if descending {
            seen.reverse();
        }
        assert_eq!(seen, [0, 1, 2, 3, 4].map(day));
        assert_eq!(sizes, [(2, true), (2, true), (1, false)]);
    }
}

pub(crate) async fn a_span_has_an_inclusive_start_and_an_exclusive_end(store: &dyn Store) {
    store.write(&five_days("AAPL")).await.unwrap();
    let span = Span { start: day(1).open_time, end: day(3).open_time, known_at: Timestamp::MAX };
    assert_eq!(candles(store, &Query { span, ..all_of("AAPL") }).await, [1, 2].map(day));
}

pub(crate) async fn nothing_past_the_clock_is_seen(store: &dyn Store) {
    store.write(&five_days("AAPL")).await.unwrap();
    let span = Span::all(day(2).close_time);
    for descending in [false, true] {
        let seen = candles(store, &Query { span, descending, ..all_of("AAPL") }).await;
        assert_eq!(seen.len(), 3);
        assert!(seen.iter().all(|candle| candle.close_time <= span.known_at));
    }
    assert_eq!(slices(store, SliceQuery { span, ..all_daily() }).await.len(), 3);
}

async fn slices(store: &dyn Store, mut query: SliceQuery) -> Vec<Bar> {
    let mut bars = Vec::new();
    loop {
        let slice = store.slice(&query).await.unwrap();
        assert!(slice.len() <= query.limit);
        if slice.is_empty() {
            return bars;
        }
        query.go_on_after(&slice);
        bars.extend(slice);
    }
}

fn all_daily() -> SliceQuery {
    let span = Span::all(Timestamp::MAX);
    SliceQuery { symbols: None, time_frame: TimeFrame::D1, span, after: None, limit: 100 }
}

pub(crate) async fn slices_give_all_symbols_in_order_of_time(store: &dyn Store) {
    for symbol in ["MSFT", "AAPL"] {
        store.write(&five_days(symbol)).await.unwrap();
    }
    let bars = slices(store, all_daily()).await;
    let keys: Vec<_> = bars.iter().map(|bar| (bar.candle.open_time, bar.series.symbol.as_str())).collect();
    assert_eq!(keys.len(), 10);
    assert!(keys.is_sorted());
}

pub(crate) async fn slices_may_be_of_some_symbols(store: &dyn Store) {
    for symbol in ["MSFT", "AAPL", "IBM"] {
        store.write(&five_days(symbol)).await.unwrap();
    }
    let symbols = Some(["AAPL", "IBM"].map(|s| Symbol::try_from(s).unwrap()).into());
    let bars = slices(store, SliceQuery { symbols, ..all_daily() }).await;
    assert_eq!(bars.len(), 10);
    assert!(bars.iter().all(|bar| bar.series.symbol.as_str() != "MSFT"));
}

pub(crate) async fn slices_go_on_where_the_one_before_ended(store: &dyn Store) {
    let names = ["AAPL", "AMD", "IBM", "MSFT", "V"];
    for (n, name) in names.into_iter().enumerate() {
        // Each lacks another day.
        let days = (0..5).filter(|day| *day != n as i64).map(day).collect::<Vec<_>>();
        store.write(&batch(name, &days)).await.unwrap();
    }
    let listed = Some(names.map(|s| Symbol::try_from(s).unwrap()).into());
    let whole = slices(store, all_daily()).await;
    assert_eq!(whole.len(), 20);
    assert!(whole.is_sorted_by_key(|bar| (bar.candle.open_time, bar.series.symbol.clone())));
    for limit in 1..=21 {
        assert_eq!(slices(store, SliceQuery { limit, ..all_daily() }).await, whole, "{limit} at a time");
        let symbols = listed.clone();
        assert_eq!(
            slices(store, SliceQuery { limit, symbols, ..all_daily() }).await,
            whole,
            "listed, {limit} at a time"
        );
    }
}

pub(crate) async fn time_frames_do_not_mix(store: &dyn Store) {
    let hour = Series { time_frame: TimeFrame::H1, ..series("AAPL") };
    let bars = vec![Bar { series: hour.clone(), candle: day(0) }];
    store.write(&Batch { bars, ..Batch::default() }).await.unwrap();
    assert_eq!(candles(store, &all_of("AAPL")).await, []);
    assert_eq!(candles(store, &Query { series: hour, ..all_of("AAPL") }).await, [day(0)]);
}

pub(crate) async fn instruments_keep_their_first_description(store: &dyn Store) {
    let first = Instrument::of(&Symbol::try_from("IBM").unwrap());
    let second = Instrument { name: "another".into(), ..first.clone() };
    for instrument in [&first, &second] {
        store.write(&Batch { instruments: vec![instrument.clone()], ..Batch::default() }).await.unwrap();
    }
    assert_eq!(store.instruments().await.unwrap(), [first]);
}

pub(crate) async fn the_newest_close_may_be_asked_for_until_a_moment(store: &dyn Store) {
    assert_eq!(store.newest_close(Timestamp::MAX).await.unwrap(), None);
    store.write(&five_days("AAPL")).await.unwrap();
    assert_eq!(store.newest_close(Timestamp::MAX).await.unwrap(), Some(day(4).close_time));
    for n in 0..5 {
        assert_eq!(store.newest_close(day(n).close_time).await.unwrap(), Some(day(n).close_time));
        assert_eq!(store.newest_close(day(n + 1).open_time).await.unwrap(), Some(day(n).close_time));
    }
    assert_eq!(store.newest_close(day(0).open_time).await.unwrap(), None);
}

pub(crate) async fn bars_that_close_after_a_moment_are_found(store: &dyn Store) {
    for symbol in ["AAPL", "MSFT"] {
        store.write(&five_days(symbol)).await.unwrap();
    }
    let hours = Series { symbol: "AAPL".try_into().unwrap(), time_frame: TimeFrame::H1 };
    let hour = Bar { series: hours, candle: candle(day(3).open_time.nanos(), DAY / 24, 7.0) };
    store.write(&Batch { bars: vec![hour.clone()], ..Batch::default() }).await.unwrap();
    let closing_after = |time| async move {
        let mut bars = store.closing_after(time).await.unwrap();
        bars.sort_by_key(|bar| (bar.series.clone(), bar.candle.open_time));
        bars
    };
    let mut expected = [five_days("AAPL").bars, five_days("MSFT").bars, vec![hour]].concat();
    expected.retain(|bar| bar.candle.close_time > day(0).close_time);
    expected.sort_by_key(|bar| (bar.series.clone(), bar.candle.open_time));
    assert_eq!(closing_after(day(0).close_time).await, expected);
    assert_eq!(closing_after(day(4).close_time).await, []);
}

pub(crate) async fn marks_are_remembered(store: &dyn Store) {
    assert_eq!(store.mark(Mark::ReplayStart).await.unwrap(), None);
    for value in ["2020-01-01", "2021-01-01"] {
        let marks = vec![(Mark::ReplayStart, value.to_owned())];
        store.write(&Batch { marks, ..Batch::default() }).await.unwrap();
    }
    assert_eq!(store.mark(Mark::ReplayStart).await.unwrap().as_deref(), Some("2021-01-01"));
    assert_eq!(store.mark(Mark::ReplayData).await.unwrap(), None);
}
