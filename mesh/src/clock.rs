//! The wall clock, read here and nowhere else: everywhere below the edge time is an argument.

use std::time::{SystemTime, UNIX_EPOCH};

use tickmesh_proto::types::Timestamp;

/// The wall clock's time.
#[allow(clippy::disallowed_methods)] // the one place that may
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
