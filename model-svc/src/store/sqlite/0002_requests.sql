-- A request's id counts for its owner and method, and only for the same request: request_digest tells another one.

CREATE TABLE operations_new (
    id             TEXT    NOT NULL PRIMARY KEY,
    owner          TEXT    NOT NULL,
    method         TEXT    NOT NULL,
    request_id     TEXT,
    request_digest TEXT,             -- of rows from before this change it is not known
    metadata       BLOB    NOT NULL,
    response       BLOB,             -- set when it ended well
    failure        BLOB,             -- set when it did not
    create_time    INTEGER NOT NULL,
    update_time    INTEGER NOT NULL,
    UNIQUE (owner, method, request_id)
);
INSERT INTO operations_new
    SELECT id, owner, '', request_id, NULL, metadata, response, failure, create_time, update_time FROM operations;
DROP TABLE operations;
ALTER TABLE operations_new RENAME TO operations;

-- First answers to moves of an alias that carry an id. What was answered before this change is forgotten: pointing an
-- alias where it points already does nothing.
DROP TABLE answers;
CREATE TABLE answers (
    owner          TEXT    NOT NULL,
    method         TEXT    NOT NULL,
    request_id     TEXT    NOT NULL,
    request_digest TEXT    NOT NULL,
    answer         TEXT    NOT NULL, -- JSON
    create_time    INTEGER NOT NULL,
    PRIMARY KEY (owner, method, request_id)
);
