/// Applied once each, in order.
pub(super) const MIGRATIONS: &[(&str, &str)] = &[
    (
        "0001_books",
        "CREATE TABLE books (
            book TEXT PRIMARY KEY,
            owner TEXT NOT NULL,
            as_of BIGINT,
            position BIGINT NOT NULL
        );
        CREATE TABLE holdings (
            book TEXT NOT NULL,
            symbol TEXT NOT NULL,
            weight DOUBLE PRECISION NOT NULL,
            PRIMARY KEY (book, symbol)
        );
        CREATE TABLE streams (
            stream TEXT PRIMARY KEY,
            epoch TEXT NOT NULL,
            cursor TEXT NOT NULL
        );",
    ),
    (
        "0002_plans_and_runs",
        "ALTER TABLE books ADD COLUMN plan BLOB;
        ALTER TABLE books ADD COLUMN asked_time BIGINT NOT NULL DEFAULT 0;
        ALTER TABLE books ADD COLUMN run TEXT;
        UPDATE books SET run = (SELECT epoch FROM streams WHERE stream = 'signals');",
    ),
    ("0003_rounds_done", "ALTER TABLE books ADD COLUMN done BIGINT; UPDATE books SET done = as_of;"),
];
