use sqlx::{Row as _, SqliteConnection, SqlitePool};
use tickmesh_proto::types::Timestamp;

use super::super::{LogMark, StoreError};

const NEWEST: &str = "SELECT run, log_epoch, log_position, log_place FROM runs ORDER BY place DESC LIMIT 1";
const BEGIN: &str = "INSERT INTO runs (run, place, begin_time, log_epoch, log_position, log_place) \
    SELECT $1, COALESCE(MAX(place), 0) + 1, $2, $3, $4, $5 FROM runs WHERE true ON CONFLICT (run) DO NOTHING";
const MARK: &str = "UPDATE runs SET log_epoch = $2, log_position = $3, log_place = $4 WHERE run = $1";

pub(super) async fn newest(pool: &SqlitePool) -> Result<Option<(String, LogMark)>, StoreError> {
    let Some(row) = sqlx::query(NEWEST).fetch_optional(pool).await? else { return Ok(None) };
    let mark = LogMark {
        epoch: row.try_get("log_epoch")?,
        position: count(row.try_get("log_position")?)?,
        place: count(row.try_get("log_place")?)?,
    };
    Ok(Some((row.try_get("run")?, mark)))
}

pub(super) async fn begin(pool: &SqlitePool, run: &str, mark: &LogMark, time: Timestamp) -> Result<(), StoreError> {
    let query = sqlx::query(BEGIN).bind(run).bind(time.nanos()).bind(&mark.epoch);
    query.bind(signed(mark.position)).bind(signed(mark.place)).execute(pool).await?;
    Ok(())
}

pub(super) async fn set_mark(connection: &mut SqliteConnection, run: &str, mark: &LogMark) -> Result<(), StoreError> {
    let query = sqlx::query(MARK).bind(run).bind(&mark.epoch);
    query.bind(signed(mark.position)).bind(signed(mark.place)).execute(connection).await?;
    Ok(())
}

pub(super) fn count(value: i64) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|error| StoreError::damaged("place", error))
}

/// Places and positions count events, of which there are far fewer than 2^63.
pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
