use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection, SqlitePool};
use tickmesh_proto::types::{Calendar, Symbol};

use super::{StoreError, sql};
use crate::instrument::{AssetClass, Instrument};

pub(super) async fn all(pool: &SqlitePool) -> Result<Vec<Instrument>, StoreError> {
    sqlx::query(sql::INSTRUMENTS).fetch_all(pool).await?.iter().map(read).collect()
}

pub(super) async fn put(connection: &mut SqliteConnection, instrument: &Instrument) -> Result<(), StoreError> {
    let Instrument { symbol, name, asset_class, venue, currency, tick_size, calendar } = instrument;
    sqlx::query(sql::PUT_INSTRUMENT)
        .bind(symbol.as_str())
        .bind(name)
        .bind(asset_class.name())
        .bind(venue)
        .bind(currency)
        .bind(tick_size)
        .bind(calendar.name())
        .execute(connection)
        .await?;
    Ok(())
}

fn read(row: &SqliteRow) -> Result<Instrument, StoreError> {
    let symbol: String = row.try_get("symbol")?;
    let damaged = || StoreError::Instrument(symbol.clone());
    Ok(Instrument {
        symbol: Symbol::try_from(symbol.as_str()).map_err(|_| damaged())?,
        name: row.try_get("name")?,
        asset_class: AssetClass::by_name(row.try_get("asset_class")?).ok_or_else(damaged)?,
        venue: row.try_get("venue")?,
        currency: row.try_get("currency")?,
        tick_size: row.try_get("tick_size")?,
        calendar: Calendar::by_name(row.try_get("calendar")?).ok_or_else(damaged)?,
    })
}
