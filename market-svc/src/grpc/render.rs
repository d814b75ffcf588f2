use tickmesh_proto::market::v1 as wire;
use tickmesh_proto::r#type::v1 as shared;
use tickmesh_proto::types::TimeFrame;

use crate::bar::{Candle, Draft, Series};
use crate::config::FeedKind;
use crate::event::{Quote, Trade};
use crate::instrument::{AssetClass, Instrument};
use crate::market::{Feed, FeedState, ReplaySpan};
use crate::snapshot::{Bands, Indicators, Snapshot};

pub(super) fn bar(series: &Series, candle: &Candle, adjusted: bool) -> wire::Bar {
    let draft = if adjusted { candle.adjusted() } else { **candle };
    let Draft { open_time, close_time, open, high, low, close, volume, vwap, trade_count, adjustment_factor } = draft;
    wire::Bar {
        symbol: series.symbol.to_string(),
        time_frame: shared::TimeFrame::from(series.time_frame).into(),
        open_time: Some(open_time.into()),
        close_time: Some(close_time.into()),
        open,
        high,
        low,
        close,
        volume,
        vwap,
        trade_count,
        adjusted,
        quality: wire::BarQuality::Good.into(),
        adjustment_factor,
        is_snapshot: false,
    }
}

pub(super) fn trade(trade: &Trade) -> wire::Trade {
    wire::Trade { price: trade.price, size: trade.size }
}

pub(super) fn quote(quote: &Quote) -> wire::Quote {
    wire::Quote {
        bid_price: quote.bid.map(|level| level.price),
        bid_size: quote.bid.map(|level| level.size),
        ask_price: quote.ask.map(|level| level.price),
        ask_size: quote.ask.map(|level| level.size),
    }
}

pub(super) fn instrument((instrument, daily_bars): (Instrument, u64)) -> wire::Instrument {
    let Instrument { symbol, name, asset_class, venue, currency, tick_size, calendar } = instrument;
    wire::Instrument {
        symbol: symbol.into(),
        name,
        asset_class: class(asset_class).into(),
        venue,
        currency,
        tick_size,
        calendar: calendar.name().into(),
        daily_bars,
    }
}

fn class(class: AssetClass) -> wire::AssetClass {
    match class {
        AssetClass::Equity => wire::AssetClass::Equity,
        AssetClass::Etf => wire::AssetClass::Etf,
        AssetClass::Crypto => wire::AssetClass::Crypto,
        AssetClass::Fx => wire::AssetClass::Fx,
        AssetClass::Index => wire::AssetClass::Index,
    }
}

pub(super) fn snapshot(snapshot: &Snapshot) -> wire::Snapshot {
    let series = Series { symbol: snapshot.symbol.clone(), time_frame: TimeFrame::D1 };
    wire::Snapshot {
        symbol: snapshot.symbol.to_string(),
        last_price: snapshot.last_price,
        last_trade: snapshot.last_trade.as_ref().map(trade),
        quote: snapshot.quote.as_ref().map(quote),
        day_bar: snapshot.day_bar.as_ref().map(|candle| bar(&series, candle, false)),
        previous_close: snapshot.previous_close,
        day_change: snapshot.day_change(),
        indicators: Some(indicators(&snapshot.indicators)),
        event_time: Some(snapshot.event_time.into()),
        age: Some(duration(snapshot.age)),
        stale: snapshot.stale,
    }
}

fn indicators(values: &Indicators) -> wire::Indicators {
    let Indicators { rsi_14, bollinger, sma_20, sma_50, ema_12, ema_26 } = *values;
    let band = |of: fn(Bands) -> f64| bollinger.map(of);
    wire::Indicators {
        rsi_14,
        bollinger_upper: band(|bands| bands.upper),
        bollinger_middle: band(|bands| bands.middle),
        bollinger_lower: band(|bands| bands.lower),
        sma_20,
        sma_50,
        ema_12,
        ema_26,
    }
}

fn duration(duration: std::time::Duration) -> prost_types::Duration {
    prost_types::Duration {
        seconds: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(duration.subsec_nanos()).expect("below 1e9"),
    }
}

pub(super) fn feed(feed: &Feed) -> wire::Feed {
    let Feed { kind, state: now, market_time, speed, replay, note } = feed;
    let kind = match kind {
        FeedKind::Replay => wire::feed::Kind::Replay,
        FeedKind::Synthetic => wire::feed::Kind::Synthetic,
        FeedKind::None => wire::feed::Kind::None,
    };
    let (done, total) = replay.map_or((0, 0), |ReplaySpan { done, total, .. }| (done, total));
    wire::Feed {
        kind: kind.into(),
        state: state(*now).into(),
        market_time: market_time.map(Into::into),
        speed: *speed,
        replay_start_time: replay.map(|span| span.start.into()),
        replay_end_time: replay.map(|span| span.end.into()),
        sessions_done: done,
        sessions_total: total,
        note: note.clone(),
    }
}

pub(super) fn state(state: FeedState) -> shared::FeedState {
    match state {
        FeedState::Waiting => shared::FeedState::Waiting,
        FeedState::Live => shared::FeedState::Live,
        FeedState::Silent => shared::FeedState::Silent,
        FeedState::Ended => shared::FeedState::Ended,
    }
}
