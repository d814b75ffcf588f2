-- What has a price.
CREATE TABLE instruments (
  symbol TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  asset_class TEXT NOT NULL,
  venue TEXT NOT NULL,
  currency TEXT NOT NULL,
  tick_size DOUBLE PRECISION NOT NULL,
  calendar TEXT NOT NULL
);

-- The bars of one symbol, time frame and period as one columnar block; times are nanoseconds since 1970 (UTC).
CREATE TABLE bar_blocks (
  symbol TEXT NOT NULL,
  time_frame BIGINT NOT NULL,
  period BIGINT NOT NULL,
  bars BIGINT NOT NULL,
  last_close BIGINT NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (symbol, time_frame, period)
);
CREATE INDEX bar_blocks_by_period ON bar_blocks (time_frame, period, symbol);
CREATE INDEX bar_blocks_by_close ON bar_blocks (last_close);

-- Where bars came from: the widest span of open times that each source has written.
CREATE TABLE bar_sources (
  symbol TEXT NOT NULL,
  time_frame BIGINT NOT NULL,
  source TEXT NOT NULL,
  first_open BIGINT NOT NULL,
  last_open BIGINT NOT NULL,
  PRIMARY KEY (symbol, time_frame, source)
);

-- Facts about the data directory, by name.
CREATE TABLE marks (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
);
