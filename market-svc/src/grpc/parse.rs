use std::collections::BTreeSet;

use tickmesh_fanout::topic::{Fields, Filter as Kinds, Subscription};
use tickmesh_mesh::status::{Fault, Violations, beyond_clock};
use tickmesh_proto::market::v1 as wire;
use tickmesh_proto::r#type::v1::Delivery;
use tickmesh_proto::types::{Symbol, TimeFrame, Timestamp, utc_date};

use super::page_token::{PageToken, page_size};
use crate::bar::{Bar, Draft, Series};
use crate::instrument::{Filter, Instrument};
use crate::store::{Query, SliceQuery, Span};

/// The most symbols of one request.
const MAX_SYMBOLS: usize = 1000;

/// Bars in one message of BatchListBars: about 40 KiB.
const MESSAGE_BARS: usize = 400;

pub(super) struct InstrumentPage {
    pub(super) filter: Filter,
    pub(super) after: Option<String>,
    pub(super) size: usize,
    /// What the next page's token belongs to.
    pub(super) request: String,
}

pub(super) fn instruments(request: wire::ListInstrumentsRequest) -> Result<InstrumentPage, Fault> {
    let wire::ListInstrumentsRequest { page_size: size, page_token, filter: text } = request;
    let mut violations = Violations::new();
    let size = page_size(size, &mut violations);
    let after = PageToken::read(&page_token, &text, &mut violations);
    let filter = violations.take("filter", Filter::parse(&text)).unwrap_or_default();
    violations.finish(InstrumentPage { filter, after, size, request: text })
}

pub(super) fn symbol(text: String) -> Result<Symbol, Fault> {
    let mut violations = Violations::new();
    let symbol = violations.take("symbol", Symbol::try_from(text));
    violations.finish_some(symbol)
}

/// What a batch of snapshots lists, which may be no symbols; empty means all.
pub(super) fn listed(request: wire::BatchGetSnapshotsRequest) -> Result<Vec<String>, Fault> {
    let wire::BatchGetSnapshotsRequest { symbols } = request;
    let mut violations = Violations::new();
    bounded(&symbols, &mut violations);
    violations.finish(symbols)
}

fn bounded(list: &[String], violations: &mut Violations) -> bool {
    let bounded = list.len() <= MAX_SYMBOLS;
    if !bounded {
        violations.add("symbols", format_args!("must list {MAX_SYMBOLS} at most, has {}", list.len()));
    }
    bounded
}

/// Symbols of a batch; empty means all.
fn symbols(list: Vec<String>, violations: &mut Violations) -> Vec<Symbol> {
    if !bounded(&list, violations) {
        return Vec::new();
    }
    let parse = |(n, text)| violations.take(&format!("symbols[{n}]"), Symbol::try_from(text));
    list.into_iter().enumerate().filter_map(parse).collect()
}

/// A page of bars and how to show it.
pub(super) struct BarPage {
    pub(super) query: Query,
    pub(super) adjusted: bool,
    pub(super) request: String,
}

pub(super) fn bars(request: wire::ListBarsRequest, now: Option<Timestamp>) -> Result<BarPage, Fault> {
    let wire::ListBarsRequest {
        symbol,
        time_frame,
        start_time,
        end_time,
        adjusted,
        page_size: size,
        page_token,
        descending,
    } = request;
    let same = format!("{symbol} {time_frame} {start_time:?} {end_time:?} {adjusted} {descending}");
    let mut violations = Violations::new();
    let symbol = violations.take("symbol", Symbol::try_from(symbol));
    let time_frame = frame(time_frame, &mut violations);
    let span = span(start_time, end_time, now, &mut violations);
    let limit = page_size(size, &mut violations);
    let after = PageToken::read(&page_token, &same, &mut violations);
    let after = after.and_then(|place| violations.take("page_token", place.parse()).map(Timestamp::from_nanos));
    let query = symbol.zip(time_frame).map(|(symbol, time_frame)| {
        let series = Series { symbol, time_frame };
        BarPage { query: Query { series, span, descending, after, limit }, adjusted, request: same }
    });
    violations.finish_some(query)
}

pub(super) fn batch_bars(
    request: wire::BatchListBarsRequest,
    now: Option<Timestamp>,
) -> Result<(SliceQuery, bool), Fault> {
    let wire::BatchListBarsRequest { symbols: list, time_frame, start_time, end_time, adjusted } = request;
    let mut violations = Violations::new();
    let symbols = symbols(list, &mut violations);
    let time_frame = frame(time_frame, &mut violations);
    let span = span(start_time, end_time, now, &mut violations);
    // A symbol that is named twice has its bars once.
    let symbols: BTreeSet<_> = symbols.into_iter().collect();
    let query = time_frame.map(|time_frame| {
        let symbols = (!symbols.is_empty()).then(|| symbols.into_iter().collect());
        (SliceQuery { symbols, time_frame, span, after: None, limit: MESSAGE_BARS }, adjusted)
    });
    violations.finish_some(query)
}

pub(super) fn ticks(request: wire::StreamTicksRequest) -> Result<Subscription, Fault> {
    let wire::StreamTicksRequest { symbols, delivery, min_interval, resume_after, best_effort, heartbeat_interval } =
        request;
    let fields =
        Fields { symbols, delivery, min_interval, resume_after, best_effort, heartbeat_interval, start_time: None };
    Subscription::parse(fields, Delivery::Latest)
}

/// # Errors
/// INVALID_ARGUMENT naming every bad field; OUT_OF_RANGE, reason BEYOND_CLOCK, for history that has yet to come.
pub(super) fn bar_stream(request: wire::StreamBarsRequest, now: Option<Timestamp>) -> Result<Subscription, Fault> {
    let wire::StreamBarsRequest {
        symbols,
        delivery,
        min_interval,
        resume_after,
        best_effort,
        heartbeat_interval,
        time_frame,
        start_time,
    } = request;
    let fields = Fields { symbols, delivery, min_interval, resume_after, best_effort, heartbeat_interval, start_time };
    let mut violations = Violations::new();
    let subscription = Subscription::check(fields, Delivery::All, &mut violations);
    let time_frame = frame(time_frame, &mut violations).map(TimeFrame::code);
    let subscription = violations.finish(subscription.filter(Kinds { kind: None, time_frame }))?;
    match subscription.start_time().filter(|start_time| now.is_some_and(|now| *start_time > now)) {
        Some(start_time) => Err(beyond_clock("start_time", start_time, now)),
        None => Ok(subscription),
    }
}

fn frame(number: i32, violations: &mut Violations) -> Option<TimeFrame> {
    if number == 0 {
        return Some(TimeFrame::D1);
    }
    violations.take("time_frame", TimeFrame::try_from(number))
}

/// The span asked for, known at the market clock; nothing is known before the clock has a time.
fn span(
    start: Option<prost_types::Timestamp>,
    end: Option<prost_types::Timestamp>,
    now: Option<Timestamp>,
    violations: &mut Violations,
) -> Span {
    let mut read = |field, time: Option<prost_types::Timestamp>, absent| {
        time.map_or(Some(absent), |time| violations.take(field, Timestamp::try_from(time))).unwrap_or(absent)
    };
    let start_time = read("start_time", start, Timestamp::MIN);
    let end_time = read("end_time", end, Timestamp::MAX);
    if start_time > end_time {
        violations.add("end_time", "must not be before start_time");
    }
    Span { start: start_time, end: end_time, known_at: now.unwrap_or(Timestamp::MIN) }
}

/// A bar to import or read back.
///
/// # Errors
/// INVALID_ARGUMENT naming every field that breaks a rule.
pub(super) fn bar(bar: wire::Bar) -> Result<Bar, Fault> {
    let wire::Bar {
        symbol,
        time_frame,
        open_time,
        close_time,
        open,
        high,
        low,
        close,
        volume,
        vwap,
        trade_count,
        adjusted,
        quality: _,
        adjustment_factor,
        is_snapshot: _,
    } = bar;
    let mut violations = Violations::new();
    let symbol = violations.take("symbol", Symbol::try_from(symbol));
    let time_frame = frame(time_frame, &mut violations);
    let open_time = violations.take("open_time", required(open_time));
    let close_time = close_time.and_then(|time| violations.take("close_time", Timestamp::try_from(time)));
    if adjusted {
        violations.add("adjusted", "must be false: give raw prices and an adjustment_factor");
    }
    let (Some(symbol), Some(time_frame), Some(open_time)) = (symbol, time_frame, open_time) else {
        return violations.finish_some(None);
    };
    let close_time = close_time.unwrap_or_else(|| default_close(&symbol, time_frame, open_time));
    let draft = Draft { open_time, close_time, open, high, low, close, volume, vwap, trade_count, adjustment_factor };
    let candle = draft.check().map_err(|broken| broken.iter().for_each(|b| violations.add(b.field, b.rule))).ok();
    violations.finish_some(candle.map(|candle| Bar { series: Series { symbol, time_frame }, candle }))
}

fn required(time: Option<prost_types::Timestamp>) -> Result<Timestamp, String> {
    Timestamp::try_from(time.ok_or("must be given")?).map_err(|rule| rule.to_string())
}

/// The session's close for a daily bar, the open and the bar's length for a shorter one.
fn default_close(symbol: &Symbol, time_frame: TimeFrame, open_time: Timestamp) -> Timestamp {
    let session = match time_frame {
        TimeFrame::D1 => Instrument::of(symbol).calendar.hours(utc_date(open_time)),
        _ => None,
    };
    session.map_or_else(|| open_time.plus(time_frame.duration()), |session| session.close)
}
