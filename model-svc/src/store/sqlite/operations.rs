use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteExecutor, SqlitePool};
use tickmesh_proto::types::Timestamp;

use super::super::{Claim, NewOperation, Operation, Outcome, RequestKey, State, StoreError};
use super::limit;

const ADD: &str = "INSERT INTO operations \
    (id, owner, method, request_id, request_digest, metadata, create_time, update_time) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (owner, method, request_id) DO NOTHING";
const BY_REQUEST: &str = "SELECT id, request_digest FROM operations \
    WHERE owner = $1 AND method = $2 AND request_id = $3";
const ONE: &str = "SELECT id, metadata, response, failure FROM operations WHERE id = $1";
const PAGE: &str = "SELECT id, metadata, response, failure FROM operations WHERE id > $1 ORDER BY id LIMIT $2";
const UPDATE: &str = "UPDATE operations SET metadata = $2, response = $3, failure = $4, update_time = $5 \
    WHERE id = $1 AND response IS NULL AND failure IS NULL";
const INTERRUPT: &str = "UPDATE operations SET failure = $1, update_time = $2 \
    WHERE response IS NULL AND failure IS NULL";
const DELETE: &str = "DELETE FROM operations WHERE id = $1";

pub(super) async fn add(pool: &SqlitePool, new: &NewOperation) -> Result<Claim<String>, StoreError> {
    let NewOperation { id, owner, request, metadata, time } = new;
    let mut transaction = pool.begin().await?;
    let added = sqlx::query(ADD)
        .bind(id)
        .bind(owner)
        .bind(request.as_ref().map_or("", |request| request.method))
        .bind(request.as_ref().map(|request| &request.id))
        .bind(request.as_ref().map(|request| &request.digest))
        .bind(metadata)
        .bind(time.nanos())
        .execute(&mut *transaction)
        .await?;
    let claim = match request {
        Some(request) if added.rows_affected() == 0 => known(&mut *transaction, owner, request).await?,
        _ => None,
    };
    transaction.commit().await?;
    Ok(claim.unwrap_or_else(|| Claim::Done(id.clone())))
}

/// The operation that a request made before.
pub(super) async fn known(
    database: impl SqliteExecutor<'_>,
    owner: &str,
    request: &RequestKey,
) -> Result<Option<Claim<String>>, StoreError> {
    let RequestKey { method, id, digest } = request;
    let query = sqlx::query(BY_REQUEST).bind(owner).bind(method).bind(id);
    let Some(row) = query.fetch_optional(database).await? else { return Ok(None) };
    let same = row.try_get::<&str, _>("request_digest")? == digest;
    Ok(Some(if same { Claim::Known(row.try_get("id")?) } else { Claim::Taken(request.clone()) }))
}

pub(super) async fn one(pool: &SqlitePool, id: &str) -> Result<Option<Operation>, StoreError> {
    let row = sqlx::query(ONE).bind(id).fetch_optional(pool).await?;
    row.as_ref().map(read).transpose()
}

pub(super) async fn page(pool: &SqlitePool, after: &str, count: usize) -> Result<Vec<Operation>, StoreError> {
    let rows = sqlx::query(PAGE).bind(after).bind(limit(count)).fetch_all(pool).await?;
    rows.iter().map(read).collect()
}

fn read(row: &SqliteRow) -> Result<Operation, StoreError> {
    let response: Option<Vec<u8>> = row.try_get("response")?;
    let failure: Option<Vec<u8>> = row.try_get("failure")?;
    let state = match (response, failure) {
        (None, None) => State::Running,
        (Some(response), _) => State::Ended(Outcome::Response(response)),
        (None, Some(failure)) => State::Ended(Outcome::Failure(failure)),
    };
    Ok(Operation { id: row.try_get("id")?, metadata: row.try_get("metadata")?, state })
}

pub(super) async fn update(
    pool: &SqlitePool,
    id: &str,
    metadata: &[u8],
    outcome: Option<&Outcome>,
    time: Timestamp,
) -> Result<(), StoreError> {
    let (response, failure) = match outcome {
        None => (None, None),
        Some(Outcome::Response(bytes)) => (Some(bytes), None),
        Some(Outcome::Failure(bytes)) => (None, Some(bytes)),
    };
    let query = sqlx::query(UPDATE).bind(id).bind(metadata).bind(response).bind(failure).bind(time.nanos());
    query.execute(pool).await?;
    Ok(())
}

pub(super) async fn interrupt(pool: &SqlitePool, status: &[u8], time: Timestamp) -> Result<u64, StoreError> {
    Ok(sqlx::query(INTERRUPT).bind(status).bind(time.nanos()).execute(pool).await?.rows_affected())
}

pub(super) async fn delete(pool: &SqlitePool, id: &str) -> Result<bool, StoreError> {
    Ok(sqlx::query(DELETE).bind(id).execute(pool).await?.rows_affected() > 0)
}
