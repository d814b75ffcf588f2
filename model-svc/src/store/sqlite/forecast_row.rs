//! A served forecast as a row of columns, there and back.

use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Row as _, Sqlite};
use tickmesh_proto::types::Timestamp;

use super::super::{StoreError, StoredForecast};
use super::{number, symbol};
use crate::conformal::Interval;
use crate::decision::Decision;
use crate::features::WIDTH;
use crate::forecast::{Forecast, Quality};
use crate::live::Issued;
use crate::version::VersionName;

/// The columns in the order in which [`bind`] fills them; run and place come before.
pub(super) const COLUMNS: &str = "symbol, as_of, number, owner, target_time, last_price, horizon, feature_set, \
    features, raw, expected, sigma, level, lower, upper, up, above_cost, below_cost, decision, quality, pool_digest, \
    input_cursor";

type Statement<'q> = Query<'q, Sqlite, SqliteArguments>;

pub(super) fn bind<'q>(query: Statement<'q>, owner: &'q str, issued: &'q Issued) -> Result<Statement<'q>, StoreError> {
    let Issued { forecast, features, pool_digest, input_cursor } = issued;
    let Forecast { interval, .. } = forecast;
    let decision = serde_json::to_string(&forecast.decision).map_err(|e| StoreError::damaged("decision", e))?;
    let features: Vec<u8> = features.iter().flat_map(|value| value.to_le_bytes()).collect();
    Ok(query
        .bind(forecast.symbol.as_str())
        .bind(forecast.as_of.nanos())
        .bind(i64::from(forecast.version.number))
        .bind(owner)
        .bind(forecast.target_time.nanos())
        .bind(forecast.last_price)
        .bind(i64::try_from(forecast.horizon).unwrap_or(i64::MAX))
        .bind(forecast.feature_set.as_ref())
        .bind(features)
        .bind(forecast.raw)
        .bind(forecast.expected)
        .bind(forecast.sigma)
        .bind(forecast.level)
        .bind(interval.lower)
        .bind(interval.upper)
        .bind(forecast.up_probability)
        .bind(forecast.above_cost)
        .bind(forecast.below_cost)
        .bind(decision)
        .bind(quality_name(forecast.quality()))
        .bind(pool_digest)
        .bind(input_cursor))
}

pub(super) fn read(row: &SqliteRow) -> Result<StoredForecast, StoreError> {
    let outcome = row.try_get::<Option<f64>, _>("realised")?.zip(row.try_get::<Option<i64>, _>("scored_time")?);
    let issued = Issued {
        forecast: forecast(row)?,
        features: features(row.try_get("features")?)?,
        pool_digest: row.try_get("pool_digest")?,
        input_cursor: row.try_get("input_cursor")?,
    };
    Ok(StoredForecast { issued, outcome: outcome.map(|(r, time)| (r, Timestamp::from_nanos(time))) })
}

fn forecast(row: &SqliteRow) -> Result<Forecast, StoreError> {
    let symbol = symbol(row.try_get("symbol")?)?;
    Ok(Forecast {
        symbol: symbol.clone(),
        as_of: Timestamp::from_nanos(row.try_get("as_of")?),
        target_time: Timestamp::from_nanos(row.try_get("target_time")?),
        last_price: row.try_get("last_price")?,
        version: VersionName { symbol, number: number(row.try_get("number")?)? },
        feature_set: row.try_get::<&str, _>("feature_set")?.into(),
        horizon: usize::try_from(row.try_get::<i64, _>("horizon")?).map_err(|e| StoreError::damaged("horizon", e))?,
        raw: row.try_get("raw")?,
        expected: row.try_get("expected")?,
        sigma: row.try_get("sigma")?,
        level: row.try_get("level")?,
        interval: interval(row)?,
        up_probability: row.try_get("up")?,
        above_cost: row.try_get("above_cost")?,
        below_cost: row.try_get("below_cost")?,
        decision: decision(row)?,
    })
}

pub(super) fn interval(row: &SqliteRow) -> Result<Interval, StoreError> {
    Ok(Interval { lower: row.try_get("lower")?, upper: row.try_get("upper")? })
}

pub(super) fn decision(row: &SqliteRow) -> Result<Decision, StoreError> {
    serde_json::from_str(row.try_get("decision")?).map_err(|e| StoreError::damaged("decision", e))
}

/// A decision's reasons say it too; as a column it can be looked for.
fn quality_name(quality: Quality) -> &'static str {
    match quality {
        Quality::Good => "good",
        Quality::InSample => "in_sample",
        Quality::Stale => "stale",
    }
}

fn features(bytes: &[u8]) -> Result<[f64; WIDTH], StoreError> {
    let (values, rest) = bytes.as_chunks::<8>();
    let values: Vec<f64> = values.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
    match <[f64; WIDTH]>::try_from(values) {
        Ok(values) if rest.is_empty() => Ok(values),
        _ => Err(StoreError::damaged("row of features", format!("{} bytes", bytes.len()))),
    }
}
