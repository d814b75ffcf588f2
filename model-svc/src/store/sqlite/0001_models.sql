-- Times are nanoseconds since 1970, UTC. What is written here is read back to the last bit.

CREATE TABLE versions (
    symbol          TEXT    NOT NULL,
    number          INTEGER NOT NULL,
    owner           TEXT    NOT NULL,
    create_time     INTEGER NOT NULL,
    train_start     INTEGER NOT NULL,
    train_end       INTEGER NOT NULL,
    family          TEXT    NOT NULL,
    facts           TEXT    NOT NULL, -- JSON
    artefact        BLOB    NOT NULL,
    artefact_digest TEXT    NOT NULL, -- SHA-256 of artefact
    PRIMARY KEY (symbol, number)
);

CREATE TABLE aliases (
    symbol TEXT    NOT NULL,
    alias  TEXT    NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (symbol, alias)
);

-- Append-only: which version an alias named from when.
CREATE TABLE serving_history (
    symbol      TEXT    NOT NULL,
    alias       TEXT    NOT NULL,
    place       INTEGER NOT NULL, -- 1, 2, … for each (symbol, alias)
    number      INTEGER NOT NULL,
    newest_bar  INTEGER NOT NULL, -- serves the bars after it
    change_time INTEGER NOT NULL, -- wall clock
    owner       TEXT    NOT NULL,
    PRIMARY KEY (symbol, alias, place)
);

CREATE TABLE operations (
    id          TEXT    NOT NULL PRIMARY KEY,
    owner       TEXT    NOT NULL,
    request_id  TEXT    UNIQUE,
    metadata    BLOB    NOT NULL,
    response    BLOB,             -- set when it ended well
    failure     BLOB,             -- set when it did not
    create_time INTEGER NOT NULL,
    update_time INTEGER NOT NULL
);

-- First answers to requests that carry an id.
CREATE TABLE answers (
    method      TEXT    NOT NULL,
    request_id  TEXT    NOT NULL,
    answer      BLOB    NOT NULL,
    create_time INTEGER NOT NULL,
    PRIMARY KEY (method, request_id)
);

-- A run is one epoch of the market's log; the newest is served.
CREATE TABLE runs (
    run          TEXT    NOT NULL PRIMARY KEY,
    place        INTEGER NOT NULL UNIQUE,
    begin_time   INTEGER NOT NULL,
    -- At log_position of this epoch of the signal log, the forecasts up to log_place were in it.
    log_epoch    TEXT    NOT NULL,
    log_position INTEGER NOT NULL,
    log_place    INTEGER NOT NULL
);

CREATE TABLE forecasts (
    run          TEXT    NOT NULL,
    place        INTEGER NOT NULL, -- 1, 2, … in the order in which they were made
    symbol       TEXT    NOT NULL,
    as_of        INTEGER NOT NULL,
    number       INTEGER NOT NULL,
    owner        TEXT    NOT NULL,
    target_time  INTEGER NOT NULL,
    last_price   REAL    NOT NULL,
    horizon      INTEGER NOT NULL,
    feature_set  TEXT    NOT NULL,
    features     BLOB    NOT NULL, -- doubles, little endian
    raw          REAL    NOT NULL,
    expected     REAL    NOT NULL,
    sigma        REAL    NOT NULL,
    level        REAL    NOT NULL,
    lower        REAL    NOT NULL,
    upper        REAL    NOT NULL,
    up           REAL    NOT NULL,
    above_cost   REAL    NOT NULL,
    below_cost   REAL    NOT NULL,
    decision     TEXT    NOT NULL, -- JSON
    quality      TEXT    NOT NULL,
    pool_digest  TEXT    NOT NULL,
    input_cursor TEXT    NOT NULL,
    PRIMARY KEY (run, symbol, as_of, number),
    UNIQUE (run, place)
);
CREATE INDEX forecasts_by_time ON forecasts (run, as_of);

CREATE TABLE outcomes (
    run         TEXT    NOT NULL,
    symbol      TEXT    NOT NULL,
    as_of       INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    realised    REAL    NOT NULL,
    scored_time INTEGER NOT NULL,
    PRIMARY KEY (run, symbol, as_of, number)
);
