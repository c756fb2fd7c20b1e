-- The record. Rows of ledger_entry are inserted and read, never anything else.
CREATE TABLE dbo.ledger_entry (
    sequence $number NOT NULL PRIMARY KEY,
    at $key NOT NULL,
    stream $key NOT NULL,
    version $number NOT NULL,
    kind $key NOT NULL,
    actor_user $key NOT NULL,
    actor_team $key NOT NULL,
    facts $text NOT NULL,
    previous_hash $key NOT NULL,
    hash $key NOT NULL,
    UNIQUE (stream, version)
);

-- One row: whoever appends locks it first, and that makes one order.
CREATE TABLE dbo.ledger_lock (
    id $number NOT NULL PRIMARY KEY
);

INSERT INTO dbo.ledger_lock (id) VALUES (1);
