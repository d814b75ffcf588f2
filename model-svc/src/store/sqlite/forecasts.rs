use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection, SqlitePool};
use tickmesh_proto::types::Timestamp;

use super::super::{ForecastKey, ForecastQuery, LogMark, StoreError, StoredForecast};
use super::forecast_row::{self, COLUMNS, bind, read};
use super::runs::{count, set_mark, signed};
use super::{limit, number, symbol};
use crate::forecast::Quality;
use crate::live::{Archive, Event, Issued, Scored, Served};

const LAST_PLACE: &str = "SELECT COALESCE(MAX(place), 0) FROM forecasts WHERE run = $1";
const OUTCOME: &str = "INSERT INTO outcomes (run, symbol, as_of, number, realised, scored_time) \
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
const ARCHIVE: &str = "SELECT f.symbol, f.as_of, f.number, f.expected, f.sigma, f.lower, f.upper, f.up, \
    f.decision, o.realised IS NOT NULL AS scored \
    FROM forecasts f LEFT JOIN outcomes o USING (run, symbol, as_of, number) WHERE run = $1";
const SELECT: &str = "SELECT * FROM forecasts LEFT JOIN outcomes USING (run, symbol, as_of, number)";

pub(super) async fn record(
    pool: &SqlitePool,
    run: &str,
    owner: &str,
    events: &[Event],
    mark: &LogMark,
) -> Result<u64, StoreError> {
    let mut transaction = pool.begin().await?;
    set_mark(&mut transaction, run, mark).await?;
    let mut place: i64 = sqlx::query(LAST_PLACE).bind(run).fetch_one(&mut *transaction).await?.try_get(0)?;
    for event in events {
        match event {
            Event::Issued(issued) => {
                place += i64::from(record_forecast(&mut transaction, run, place + 1, owner, issued).await?);
            }
            Event::Scored(scored) => record_outcome(&mut transaction, run, scored).await?,
        }
    }
    transaction.commit().await?;
    count(place)
}

/// Says whether it was new.
async fn record_forecast(
    connection: &mut SqliteConnection,
    run: &str,
    place: i64,
    owner: &str,
    issued: &Issued,
) -> Result<bool, StoreError> {
    let values: Vec<String> = (1..=COLUMNS.split(',').count() + 2).map(|at| format!("${at}")).collect();
    let statement = format!(
        "INSERT INTO forecasts (run, place, {COLUMNS}) VALUES ({}) ON CONFLICT (run, symbol, as_of, number) DO NOTHING",
        values.join(", ")
    );
    // Built from constants alone.
    let query = sqlx::query(sqlx::AssertSqlSafe(statement)).bind(run).bind(place);
    Ok(bind(query, owner, issued)?.execute(connection).await?.rows_affected() > 0)
}

async fn record_outcome(connection: &mut SqliteConnection, run: &str, scored: &Scored) -> Result<(), StoreError> {
    let Scored { symbol, as_of, version, realised, scored_time } = scored;
    sqlx::query(OUTCOME)
        .bind(run)
        .bind(symbol.as_str())
        .bind(as_of.nanos())
        .bind(i64::from(*version))
        .bind(realised)
        .bind(scored_time.nanos())
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn archive(pool: &SqlitePool, run: &str) -> Result<Archive, StoreError> {
    let mut archive = Archive::default();
    for row in sqlx::query(ARCHIVE).bind(run).fetch_all(pool).await? {
        let decision = forecast_row::decision(&row)?;
        let served = Served {
            version: number(row.try_get("number")?)?,
            expected: row.try_get("expected")?,
            interval: forecast_row::interval(&row)?,
            up_probability: row.try_get("up")?,
            sigma: row.try_get("sigma")?,
            action: decision.action,
            counts: Quality::of(&decision) == Quality::Good,
            scored: row.try_get("scored")?,
        };
        archive.insert(symbol(row.try_get("symbol")?)?, Timestamp::from_nanos(row.try_get("as_of")?), served);
    }
    Ok(archive)
}

pub(super) async fn page(
    pool: &SqlitePool,
    run: &str,
    query: &ForecastQuery,
) -> Result<Vec<StoredForecast>, StoreError> {
    let ForecastQuery { symbols, version, start, end, after, limit: at_most } = query;
    let mut sql = QueryBuilder::<Sqlite>::new(SELECT);
    sql.push(" WHERE run = ").push_bind(run);
    if let Some(start) = start {
        sql.push(" AND as_of >= ").push_bind(start.nanos());
    }
    if let Some(end) = end {
        sql.push(" AND as_of < ").push_bind(end.nanos());
    }
    if let Some(version) = version {
        sql.push(" AND symbol = ").push_bind(version.symbol.as_str());
        sql.push(" AND number = ").push_bind(i64::from(version.number));
    }
    if !symbols.is_empty() {
        sql.push(" AND symbol IN (");
        let mut list = sql.separated(", ");
        for symbol in symbols {
            list.push_bind(symbol.as_str());
        }
        sql.push(")");
    }
    if let Some(ForecastKey { as_of, symbol }) = after {
        sql.push(" AND (as_of < ").push_bind(as_of.nanos()).push(" OR as_of = ").push_bind(as_of.nanos());
        sql.push(" AND symbol > ").push_bind(symbol.as_str()).push(")");
    }
    sql.push(" ORDER BY as_of DESC, symbol LIMIT ").push_bind(limit(*at_most));
    sql.build().fetch_all(pool).await?.iter().map(read).collect()
}

pub(super) async fn recorded_after(
    pool: &SqlitePool,
    run: &str,
    place: u64,
    at_most: usize,
) -> Result<Vec<StoredForecast>, StoreError> {
    let mut sql = QueryBuilder::<Sqlite>::new(SELECT);
    sql.push(" WHERE run = ").push_bind(run).push(" AND place > ").push_bind(signed(place));
    sql.push(" ORDER BY place DESC LIMIT ").push_bind(limit(at_most));
    let mut newest: Vec<StoredForecast> =
        sql.build().fetch_all(pool).await?.iter().map(read).collect::<Result<_, _>>()?;
    newest.reverse();
    Ok(newest)
}
