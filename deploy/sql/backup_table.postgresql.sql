-- The backup table, for PostgreSQL (tests and trials). Run it in the site database, or in a database of the bot's own, which keeps the site's
-- schema as Microsoft ships it; then set PKGSTATUS_RESET__BACKUP_TABLE to its name (for example BotDb.dbo.PkgStatus_BU).
-- Safe to run again. The bot never creates it and never changes or deletes a row of it.
-- Undo: DROP TABLE dbo.PkgStatus_BU;  (keep it as long as resets may be asked about)
--
-- One row for each changed row: RequestId and RowNumber say which request changed it and in which order; the rest is the
-- row as it was. The primary key makes a second apply of one request impossible. A row with only RequestId and RowNumber
-- means: this request was given up and can never be applied any more.
CREATE TABLE IF NOT EXISTS dbo.PkgStatus_BU (
    RequestId     varchar(64)  NOT NULL,
    RowNumber     int           NOT NULL,
    BackedUpAt    timestamp     NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PKID          bigint        NULL,
    ID            varchar(8)   NULL,
    Type          int           NULL,
    SiteCode      varchar(3)   NULL,
    PkgServer     varchar(255) NULL,
    Status        int           NULL,
    UpdateTime    timestamp     NULL,
    Location      varchar(255) NULL,
    ShareName     varchar(255) NULL,
    HTTPUrl       varchar(512) NULL,
    SourceVersion int           NULL,
    Personality   int           NULL,
    State         int           NULL,
    SigURL        varchar(512) NULL,
    SigLocation   varchar(255) NULL,
    CONSTRAINT PkgStatus_BU_PK PRIMARY KEY (RequestId, RowNumber)
);
