use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection, SqlitePool};
use tickmesh_proto::types::{Symbol, Timestamp};

use super::super::{Alias, AliasChange, NewVersion, StoreError, VersionFacts};
use super::{aliases, limit, number, symbol};
use crate::family::{Family, Fitted};
use crate::training::Trained;
use crate::version::{Facts, Version, VersionName, artefact_digest};

const INSERT: &str = "INSERT INTO versions \
    (symbol, number, owner, create_time, train_start, train_end, family, facts, artefact, artefact_digest) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
const NEXT_NUMBER: &str = "SELECT COALESCE(MAX(number), 0) + 1 FROM versions WHERE symbol = $1";
const ONE: &str = "SELECT * FROM versions WHERE symbol = $1 AND number = $2";
const CHAMPION: &str = "SELECT v.symbol, v.number, create_time, train_start, train_end, family, facts, artefact_digest \
    FROM versions v JOIN aliases a ON a.symbol = v.symbol AND a.number = v.number \
    WHERE a.symbol = $1 AND a.alias = $2";
const PAGE: &str = "SELECT symbol, number, create_time, train_start, train_end, family, facts, artefact_digest \
    FROM versions WHERE symbol = $1 AND number < $2 ORDER BY number DESC LIMIT $3";

pub(super) async fn add(pool: &SqlitePool, new: NewVersion) -> Result<(Version, bool), StoreError> {
    let NewVersion { trained, owner, time, newest_bar } = new;
    let Trained { symbol, fitted, train_start, train_end, facts } = trained;
    let mut transaction = pool.begin().await?;
    let next: i64 = sqlx::query(NEXT_NUMBER).bind(symbol.as_str()).fetch_one(&mut *transaction).await?.try_get(0)?;
    let name = VersionName { symbol, number: number(next)? };
    let version = Version { name, fitted, create_time: time, train_start, train_end, facts };
    insert(&mut transaction, &version, &owner).await?;
    let reigning = champion_features(&mut transaction, &version.name.symbol).await?;
    let is_used = reigning.as_ref() == Some(&version.facts.feature_set);
    let alias = if is_used { Alias::Challenger } else { Alias::Champion };
    let change = AliasChange { alias, version: version.name.clone(), newest_bar, time, owner, request: None };
    aliases::point(&mut transaction, &change).await?;
    transaction.commit().await?;
    Ok((version, alias == Alias::Champion))
}

/// The feature set of a model's champion; none without one.
async fn champion_features(connection: &mut SqliteConnection, symbol: &Symbol) -> Result<Option<String>, StoreError> {
    let query = sqlx::query(CHAMPION).bind(symbol.as_str()).bind(Alias::Champion.name());
    query.fetch_optional(connection).await?.map(|row| Ok(facts(&row)?.facts.feature_set)).transpose()
}

async fn insert(connection: &mut SqliteConnection, version: &Version, owner: &str) -> Result<(), StoreError> {
    let artefact = version.fitted.to_bytes();
    let facts = serde_json::to_string(&version.facts).map_err(|error| StoreError::damaged("version", error))?;
    sqlx::query(INSERT)
        .bind(version.name.symbol.as_str())
        .bind(i64::from(version.name.number))
        .bind(owner)
        .bind(version.create_time.nanos())
        .bind(version.train_start.nanos())
        .bind(version.train_end.nanos())
        .bind(family_name(version.fitted.family()))
        .bind(facts)
        .bind(&artefact)
        .bind(artefact_digest(&artefact))
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn one(pool: &SqlitePool, name: &VersionName) -> Result<Option<Version>, StoreError> {
    let row = sqlx::query(ONE).bind(name.symbol.as_str()).bind(i64::from(name.number)).fetch_optional(pool).await?;
    row.as_ref().map(whole).transpose()
}

fn whole(row: &SqliteRow) -> Result<Version, StoreError> {
    let VersionFacts { name, family, create_time, train_start, train_end, artefact_digest: digest, facts, aliases: _ } =
        facts(row)?;
    let artefact: Vec<u8> = row.try_get("artefact")?;
    if artefact_digest(&artefact) != digest {
        return Err(StoreError::damaged("artefact", format!("{name} has another digest")));
    }
    let fitted = Fitted::from_bytes(family, &artefact).map_err(|error| StoreError::damaged("artefact", error))?;
    Ok(Version { name, fitted, create_time, train_start, train_end, facts })
}

pub(super) async fn page(
    pool: &SqlitePool,
    symbol: &Symbol,
    before: u32,
    count: usize,
) -> Result<Vec<VersionFacts>, StoreError> {
    let query = sqlx::query(PAGE).bind(symbol.as_str()).bind(i64::from(before)).bind(limit(count));
    let mut connection = pool.acquire().await?;
    let rows = query.fetch_all(&mut *connection).await?;
    let mut page = rows.iter().map(facts).collect::<Result<Vec<_>, _>>()?;
    let aliases = aliases::of(&mut connection, symbol).await?;
    for version in &mut page {
        let named = aliases.iter().filter(|(_, number)| *number == version.name.number);
        version.aliases = named.map(|(alias, _)| *alias).collect();
    }
    Ok(page)
}

fn facts(row: &SqliteRow) -> Result<VersionFacts, StoreError> {
    let time = |column| row.try_get::<i64, _>(column).map(Timestamp::from_nanos);
    let facts: Facts = serde_json::from_str(row.try_get("facts")?).map_err(|e| StoreError::damaged("version", e))?;
    Ok(VersionFacts {
        name: VersionName { symbol: symbol(row.try_get("symbol")?)?, number: number(row.try_get("number")?)? },
        family: family_by_name(row.try_get("family")?)?,
        create_time: time("create_time")?,
        train_start: time("train_start")?,
        train_end: time("train_end")?,
        artefact_digest: row.try_get("artefact_digest")?,
        facts,
        aliases: Vec::new(),
    })
}

fn family_name(family: Family) -> &'static str {
    match family {
        Family::Forest => "forest",
        Family::Ridge => "ridge",
    }
}

fn family_by_name(name: &str) -> Result<Family, StoreError> {
    let known = [Family::Forest, Family::Ridge].into_iter().find(|family| family_name(*family) == name);
    known.ok_or_else(|| StoreError::damaged("model family", name))
}
