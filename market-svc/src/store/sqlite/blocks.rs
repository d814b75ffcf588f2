use std::collections::BTreeMap;

use futures_util::TryStreamExt as _;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection, SqlitePool};
use tickmesh_proto::types::{Symbol, TimeFrame, Timestamp};

use super::{Period, SliceQuery, StoreError, sql};
use crate::bar::{Bar, Candle, Series};
use crate::store::block::{self, Block};
use crate::store::window::Window;
use crate::store::{BlockError, BlockKey};

/// The bars of one block; none where there is no such block.
pub(super) async fn get(
    connection: &mut SqliteConnection,
    series: &Series,
    period: Period,
) -> Result<Vec<Candle>, StoreError> {
    let row = block_row(connection, series, period).await?;
    row.map_or(Ok(Vec::new()), |row| read_block(&row, &series.symbol))
}

async fn block_row(
    connection: &mut SqliteConnection,
    series: &Series,
    period: Period,
) -> Result<Option<SqliteRow>, StoreError> {
    let row = sqlx::query(sql::BLOCK)
        .bind(series.symbol.as_str())
        .bind(i64::from(series.time_frame.code()))
        .bind(period.nanos())
        .fetch_optional(connection)
        .await?;
    Ok(row)
}

/// The next bars of every symbol in one period.
pub(super) async fn all(pool: &SqlitePool, query: &SliceQuery, period: Period) -> Result<Vec<Bar>, StoreError> {
    let last = query.after.as_ref().map_or("", |(_, symbol)| symbol.as_str());
    let mut window = Window::new(query);
    // The symbols that come next first, then round to them again.
    for statement in [sql::BLOCKS_OF_SYMBOLS_AFTER, sql::BLOCKS_OF_SYMBOLS_UNTIL] {
        let code = i64::from(query.time_frame.code());
        let mut rows = sqlx::query(statement).bind(code).bind(period.nanos()).bind(last).fetch(pool);
        while !window.is_final() {
            let Some(row) = rows.try_next().await? else { break };
            offer(&mut window, &symbol(&row)?, &row)?;
            // Some microseconds a block, for thousands of blocks: others have their turn in between.
            tokio::task::consume_budget().await;
        }
    }
    Ok(window.into_bars())
}

/// The next bars of some symbols in one period.
pub(super) async fn some(
    pool: &SqlitePool,
    query: &SliceQuery,
    period: Period,
    symbols: &[Symbol],
) -> Result<Vec<Bar>, StoreError> {
    let next = query.after.as_ref().map_or(0, |(_, last)| symbols.partition_point(|symbol| symbol <= last));
    let (before, after) = symbols.split_at(next);
    let mut connection = pool.acquire().await?;
    let mut window = Window::new(query);
    for symbol in after.iter().chain(before) {
        let series = Series { symbol: symbol.clone(), time_frame: query.time_frame };
        if let Some(row) = block_row(&mut connection, &series, period).await? {
            offer(&mut window, symbol, &row)?;
        }
        if window.is_final() {
            break;
        }
    }
    Ok(window.into_bars())
}

fn offer(window: &mut Window<'_>, symbol: &Symbol, row: &SqliteRow) -> Result<(), StoreError> {
    let offered = Block::open(row.try_get("body")?).and_then(|block| window.offer(symbol, &block));
    offered.map_err(|reason| damaged(row, symbol, reason))
}

/// Writes a block in place of an older one.
pub(super) async fn put_block(
    connection: &mut SqliteConnection,
    series: &Series,
    period: Period,
    candles: &[Candle],
) -> Result<(), StoreError> {
    let last_close = candles.iter().map(|candle| candle.close_time).max().unwrap_or(Timestamp::MIN);
    sqlx::query(sql::PUT_BLOCK)
        .bind(series.symbol.as_str())
        .bind(i64::from(series.time_frame.code()))
        .bind(period.nanos())
        .bind(i64::try_from(candles.len()).expect("a block has fewer than 2^32 bars"))
        .bind(last_close.nanos())
        .bind(block::encode(candles))
        .execute(connection)
        .await?;
    Ok(())
}

/// Remembers that `source` gave these bars.
pub(super) async fn put_source(
    connection: &mut SqliteConnection,
    series: &Series,
    source: &str,
    bars: &BTreeMap<Timestamp, Candle>,
) -> Result<(), StoreError> {
    let (Some((first, _)), Some((last, _))) = (bars.first_key_value(), bars.last_key_value()) else { return Ok(()) };
    sqlx::query(sql::PUT_SOURCE)
        .bind(series.symbol.as_str())
        .bind(i64::from(series.time_frame.code()))
        .bind(source)
        .bind(first.nanos())
        .bind(last.nanos())
        .execute(connection)
        .await?;
    Ok(())
}

/// The bars that close after `time`.
pub(super) async fn closing_after(pool: &SqlitePool, time: Timestamp) -> Result<Vec<Bar>, StoreError> {
    let mut rows = sqlx::query(sql::BLOCKS_CLOSING_AFTER).bind(time.nanos()).fetch(pool);
    let mut bars = Vec::new();
    while let Some(row) = rows.try_next().await? {
        let symbol = symbol(&row)?;
        let series = Series { time_frame: time_frame(&row, &symbol)?, symbol };
        let candles = read_block(&row, &series.symbol)?.into_iter().filter(|candle| candle.close_time > time);
        bars.extend(candles.map(|candle| Bar { series: series.clone(), candle }));
    }
    Ok(bars)
}

/// The latest close at `until` or before.
pub(super) async fn newest_close(pool: &SqlitePool, until: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    let row = sqlx::query(sql::NEWEST_CLOSE).bind(until.nanos()).fetch_one(pool).await?;
    let mut newest = row.try_get::<Option<i64>, _>(0)?.map(Timestamp::from_nanos);
    let mut rows = sqlx::query(sql::BLOCKS_ACROSS).bind(until.nanos()).fetch(pool);
    while let Some(row) = rows.try_next().await? {
        let closes = read_block(&row, &symbol(&row)?)?.into_iter().map(|candle| candle.close_time);
        newest = newest.max(closes.filter(|close| *close <= until).max());
    }
    Ok(newest)
}

/// The bars in a row's `body`.
pub(super) fn read_block(row: &SqliteRow, symbol: &Symbol) -> Result<Vec<Candle>, StoreError> {
    block::decode(row.try_get("body")?).map_err(|reason| damaged(row, symbol, reason))
}

fn damaged(row: &SqliteRow, symbol: &Symbol, reason: BlockError) -> StoreError {
    let period = Period::from_nanos(row.try_get("period").unwrap_or_default());
    StoreError::Damaged { key: BlockKey { symbol: symbol.clone(), period }, reason }
}

fn symbol(row: &SqliteRow) -> Result<Symbol, StoreError> {
    let text: String = row.try_get("symbol")?;
    Symbol::try_from(text.as_str()).map_err(|_| StoreError::Instrument(text))
}

fn time_frame(row: &SqliteRow, symbol: &Symbol) -> Result<TimeFrame, StoreError> {
    let code = u8::try_from(row.try_get::<i64, _>("time_frame")?).ok();
    let frame = code.and_then(|code| TimeFrame::from_code(code).ok());
    frame.ok_or_else(|| damaged(row, symbol, BlockError::Format))
}
