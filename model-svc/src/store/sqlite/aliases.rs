use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection, SqlitePool};
use tickmesh_proto::types::{Symbol, Timestamp};

use super::super::{Alias, AliasChange, Claim, ModelFacts, Moved, ReignRecord, StoreError};
use super::{limit, number, requests, symbol};
use crate::live::Reign;

const EXISTS: &str = "SELECT 1 FROM versions WHERE symbol = $1 AND number = $2";
const CURRENT: &str = "SELECT number FROM aliases WHERE symbol = $1 AND alias = $2";
const POINT: &str = "INSERT INTO aliases (symbol, alias, number) VALUES ($1, $2, $3) \
    ON CONFLICT (symbol, alias) DO UPDATE SET number = excluded.number";
const REMEMBER: &str = "INSERT INTO serving_history \
    (symbol, alias, place, number, newest_bar, change_time, owner) \
    SELECT $1, $2, COALESCE(MAX(place), 0) + 1, $3, $4, $5, $6 \
    FROM serving_history WHERE symbol = $1 AND alias = $2";
const REIGNS: &str = "SELECT symbol, number, newest_bar FROM serving_history WHERE alias = $1 ORDER BY symbol, place";
const OF_SYMBOL: &str = "SELECT alias, number FROM aliases WHERE symbol = $1 ORDER BY alias";
const MODELS: &str = "SELECT symbol, MIN(create_time) AS first, COUNT(*) AS versions FROM versions \
    WHERE symbol > $1 GROUP BY symbol ORDER BY symbol LIMIT $2";
const MODEL: &str = "SELECT symbol, MIN(create_time) AS first, COUNT(*) AS versions FROM versions \
    WHERE symbol = $1 GROUP BY symbol";

pub(super) async fn set(pool: &SqlitePool, change: &AliasChange) -> Result<Moved, StoreError> {
    let mut transaction = pool.begin().await?;
    if let Some(request) = &change.request
        && let Some(known) = requests::known(&mut *transaction, &change.owner, &change.version.symbol, request).await?
    {
        return Ok(Moved::Claimed(known));
    }
    let (symbol, number) = (change.version.symbol.as_str(), i64::from(change.version.number));
    if sqlx::query(EXISTS).bind(symbol).bind(number).fetch_optional(&mut *transaction).await?.is_none() {
        return Ok(Moved::NoSuchVersion);
    }
    let current = sqlx::query(CURRENT).bind(symbol).bind(change.alias.name()).fetch_optional(&mut *transaction).await?;
    if current.map(|row| row.try_get::<i64, _>(0)).transpose()? != Some(number) {
        point(&mut transaction, change).await?;
    }
    let row = sqlx::query(MODEL).bind(symbol).fetch_one(&mut *transaction).await?;
    let model = complete(&mut transaction, &row).await?;
    requests::answer(&mut transaction, change, &model).await?;
    transaction.commit().await?;
    Ok(Moved::Claimed(Claim::Done(model)))
}

/// Points an alias at a version and remembers it.
pub(super) async fn point(connection: &mut SqliteConnection, change: &AliasChange) -> Result<(), StoreError> {
    let AliasChange { alias, version, newest_bar, time, owner, request: _ } = change;
    let (symbol, number) = (version.symbol.as_str(), i64::from(version.number));
    sqlx::query(POINT).bind(symbol).bind(alias.name()).bind(number).execute(&mut *connection).await?;
    sqlx::query(REMEMBER)
        .bind(symbol)
        .bind(alias.name())
        .bind(number)
        .bind(newest_bar.nanos())
        .bind(time.nanos())
        .bind(owner)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn reigns(pool: &SqlitePool) -> Result<Vec<ReignRecord>, StoreError> {
    let rows = sqlx::query(REIGNS).bind(Alias::Champion.name()).fetch_all(pool).await?;
    let reign = |row: &SqliteRow| {
        let after = Timestamp::from_nanos(row.try_get("newest_bar")?);
        let reign = Reign { version: number(row.try_get("number")?)?, after };
        Ok(ReignRecord { symbol: symbol(row.try_get("symbol")?)?, reign })
    };
    rows.iter().map(reign).collect()
}

pub(super) async fn of(connection: &mut SqliteConnection, symbol: &Symbol) -> Result<Vec<(Alias, u32)>, StoreError> {
    let rows = sqlx::query(OF_SYMBOL).bind(symbol.as_str()).fetch_all(connection).await?;
    let alias = |row: &SqliteRow| {
        let name: &str = row.try_get("alias")?;
        let alias = Alias::by_name(name).ok_or_else(|| StoreError::damaged("alias", name))?;
        Ok((alias, number(row.try_get("number")?)?))
    };
    rows.iter().map(alias).collect()
}

pub(super) async fn models(
    pool: &SqlitePool,
    after: Option<&Symbol>,
    count: usize,
) -> Result<Vec<ModelFacts>, StoreError> {
    let after = after.map_or("", Symbol::as_str);
    let mut connection = pool.acquire().await?;
    let rows = sqlx::query(MODELS).bind(after).bind(limit(count)).fetch_all(&mut *connection).await?;
    let mut models = Vec::with_capacity(rows.len());
    for row in &rows {
        models.push(complete(&mut connection, row).await?);
    }
    Ok(models)
}

pub(super) async fn model(pool: &SqlitePool, symbol: &Symbol) -> Result<Option<ModelFacts>, StoreError> {
    let mut connection = pool.acquire().await?;
    match sqlx::query(MODEL).bind(symbol.as_str()).fetch_optional(&mut *connection).await? {
        Some(row) => Ok(Some(complete(&mut connection, &row).await?)),
        None => Ok(None),
    }
}

async fn complete(connection: &mut SqliteConnection, row: &SqliteRow) -> Result<ModelFacts, StoreError> {
    let symbol = symbol(row.try_get("symbol")?)?;
    let aliases = of(connection, &symbol).await?;
    let create_time = Timestamp::from_nanos(row.try_get("first")?);
    Ok(ModelFacts { symbol, create_time, versions: number(row.try_get("versions")?)?, aliases })
}
