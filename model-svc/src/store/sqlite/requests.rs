use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sqlx::{Row as _, SqliteConnection, SqliteExecutor};
use tickmesh_proto::types::{Symbol, Timestamp};

use super::super::{Alias, AliasChange, Claim, ModelFacts, RequestKey, StoreError};

const ANSWER: &str = "INSERT INTO answers (owner, method, request_id, request_digest, answer, create_time) \
    VALUES ($1, $2, $3, $4, $5, $6)";
const ANSWERED: &str = "SELECT request_digest, answer FROM answers \
    WHERE owner = $1 AND method = $2 AND request_id = $3";

/// A model as it is kept as an answer.
#[derive(Serialize, Deserialize)]
struct Kept {
    create_time: i64,
    versions: u32,
    aliases: BTreeMap<String, u32>,
}

/// What a move's request was answered when it came before.
pub(super) async fn known(
    database: impl SqliteExecutor<'_>,
    owner: &str,
    model: &Symbol,
    request: &RequestKey,
) -> Result<Option<Claim<ModelFacts>>, StoreError> {
    let RequestKey { method, id, digest } = request;
    let query = sqlx::query(ANSWERED).bind(owner).bind(method).bind(id);
    let Some(row) = query.fetch_optional(database).await? else { return Ok(None) };
    if row.try_get::<&str, _>("request_digest")? != digest {
        return Ok(Some(Claim::Taken(request.clone())));
    }
    Ok(Some(Claim::Known(read(model, row.try_get("answer")?)?)))
}

/// Keeps the answer to a move's request, if that has an id.
pub(super) async fn answer(
    connection: &mut SqliteConnection,
    change: &AliasChange,
    model: &ModelFacts,
) -> Result<(), StoreError> {
    let Some(RequestKey { method, id, digest }) = &change.request else { return Ok(()) };
    let query = sqlx::query(ANSWER).bind(&change.owner).bind(method).bind(id).bind(digest).bind(write(model));
    query.bind(change.time.nanos()).execute(connection).await?;
    Ok(())
}

fn write(model: &ModelFacts) -> String {
    let ModelFacts { symbol: _, create_time, versions, aliases } = model;
    let aliases = aliases.iter().map(|(alias, number)| (alias.name().to_owned(), *number)).collect();
    let kept = Kept { create_time: create_time.nanos(), versions: *versions, aliases };
    serde_json::to_string(&kept).expect("numbers and names are JSON")
}

fn read(symbol: &Symbol, text: &str) -> Result<ModelFacts, StoreError> {
    let damaged = |reason: String| StoreError::damaged("answer", reason);
    let Kept { create_time, versions, aliases } =
        serde_json::from_str(text).map_err(|error| damaged(error.to_string()))?;
    let alias = |(name, number): (String, u32)| Ok((Alias::by_name(&name).ok_or_else(|| damaged(name))?, number));
    let aliases = aliases.into_iter().map(alias).collect::<Result<_, StoreError>>()?;
    Ok(ModelFacts { symbol: symbol.clone(), create_time: Timestamp::from_nanos(create_time), versions, aliases })
}
