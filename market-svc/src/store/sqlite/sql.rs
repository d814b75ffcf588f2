//! The statements, in the dialect that SQLite and PostgreSQL share.

pub(super) const INSTRUMENTS: &str =
    "SELECT symbol, name, asset_class, venue, currency, tick_size, calendar FROM instruments ORDER BY symbol";

pub(super) const PUT_INSTRUMENT: &str =
    "INSERT INTO instruments (symbol, name, asset_class, venue, currency, tick_size, calendar)
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (symbol) DO NOTHING";

pub(super) const BLOCK: &str =
    "SELECT period, body FROM bar_blocks WHERE symbol = $1 AND time_frame = $2 AND period = $3";

pub(super) const BLOCKS_ASCENDING: &str = "SELECT period, body FROM bar_blocks
     WHERE symbol = $1 AND time_frame = $2 AND period BETWEEN $3 AND $4 ORDER BY period";

pub(super) const BLOCKS_DESCENDING: &str = "SELECT period, body FROM bar_blocks
     WHERE symbol = $1 AND time_frame = $2 AND period BETWEEN $3 AND $4 ORDER BY period DESC";

pub(super) const NEXT_PERIOD: &str =
    "SELECT MIN(period) FROM bar_blocks WHERE time_frame = $1 AND period BETWEEN $2 AND $3";

pub(super) const BLOCKS_OF_SYMBOLS_AFTER: &str = "SELECT symbol, period, body FROM bar_blocks
     WHERE time_frame = $1 AND period = $2 AND symbol > $3 ORDER BY symbol";

pub(super) const BLOCKS_OF_SYMBOLS_UNTIL: &str = "SELECT symbol, period, body FROM bar_blocks
     WHERE time_frame = $1 AND period = $2 AND symbol <= $3 ORDER BY symbol";

pub(super) const BLOCKS_CLOSING_AFTER: &str =
    "SELECT symbol, time_frame, period, body FROM bar_blocks WHERE last_close > $1";

pub(super) const BLOCKS_ACROSS: &str =
    "SELECT symbol, period, body FROM bar_blocks WHERE last_close > $1 AND period <= $1";

pub(super) const PUT_BLOCK: &str =
    "INSERT INTO bar_blocks (symbol, time_frame, period, bars, last_close, body) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (symbol, time_frame, period)
     DO UPDATE SET bars = excluded.bars, last_close = excluded.last_close, body = excluded.body";

pub(super) const PUT_SOURCE: &str =
    "INSERT INTO bar_sources (symbol, time_frame, source, first_open, last_open) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (symbol, time_frame, source) DO UPDATE SET
       first_open = CASE WHEN excluded.first_open < bar_sources.first_open
         THEN excluded.first_open ELSE bar_sources.first_open END,
       last_open = CASE WHEN excluded.last_open > bar_sources.last_open
         THEN excluded.last_open ELSE bar_sources.last_open END";

pub(super) const NEWEST_CLOSE: &str = "SELECT MAX(last_close) FROM bar_blocks WHERE last_close <= $1";

pub(super) const MARK: &str = "SELECT value FROM marks WHERE name = $1";

pub(super) const PUT_MARK: &str =
    "INSERT INTO marks (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
