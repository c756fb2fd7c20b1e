-- The backup table on PostgreSQL, for trials of the bot without a SQL Server. Run it in the database that stands in for a
-- site. Safe to run again. The bot never makes it and never changes or deletes a row of it.
--
-- One row for each changed row: RequestId and RowNumber say which request changed it and in which order; the rest is the
-- row as it was. The primary key makes a second apply of one request impossible. A row with only RequestId and RowNumber
-- means: this request was given up and can never be applied any more.
-- BackedUpAt tells which of two copies of one row is the newer: no undo writes an older value over a newer one.
CREATE TABLE IF NOT EXISTS dbo.PkgStatus_BU (
    RequestId     varchar(64)   NOT NULL,
    RowNumber     int           NOT NULL,
    BackedUpAt    timestamp     NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'UTC'),
    PKID          bigint        NULL,
    ID            varchar(8)    NULL,
    Type          int           NULL,
    SiteCode      varchar(3)    NULL,
    PkgServer     varchar(255)  NULL,
    Status        int           NULL,
    UpdateTime    timestamp     NULL,
    Location      varchar(255)  NULL,
    ShareName     varchar(255)  NULL,
    HTTPUrl       varchar(512)  NULL,
    SourceVersion int           NULL,
    Personality   int           NULL,
    State         int           NULL,
    SigURL        varchar(512)  NULL,
    SigLocation   varchar(255)  NULL,
    CONSTRAINT PkgStatus_BU_PK PRIMARY KEY (RequestId, RowNumber)
);

-- The index finds all copies of one row: an undo looks at them while it holds the row's lock.
CREATE INDEX IF NOT EXISTS PkgStatus_BU_ID_idx ON dbo.PkgStatus_BU (ID, Type, SiteCode);

-- Undo (keep the table as long as resets may be asked about):
--   DROP TABLE dbo.PkgStatus_BU;
