-- The backup table, for SQLite (trials). Run it in the site database, or in a database of the bot's own, which keeps the site's
-- schema as Microsoft ships it; then set PKGSTATUS_RESET__BACKUP_TABLE to its name (for example BotDb.dbo.PkgStatus_BU).
-- Safe to run again. The bot never creates it and never changes or deletes a row of it.
-- Undo: DROP TABLE PkgStatus_BU;  (keep it as long as resets may be asked about)
--
-- One row for each changed row: RequestId and RowNumber say which request changed it and in which order; the rest is the
-- row as it was. The primary key makes a second apply of one request impossible. A row with only RequestId and RowNumber
-- means: this request was given up and can never be applied any more.
CREATE TABLE IF NOT EXISTS PkgStatus_BU (
    RequestId     nvarchar(64)  NOT NULL,
    RowNumber     int           NOT NULL,
    BackedUpAt    datetime      NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PKID          bigint        NULL,
    ID            nvarchar(8)   NULL,
    Type          int           NULL,
    SiteCode      nvarchar(3)   NULL,
    PkgServer     nvarchar(255) NULL,
    Status        int           NULL,
    UpdateTime    datetime      NULL,
    Location      nvarchar(255) NULL,
    ShareName     nvarchar(255) NULL,
    HTTPUrl       nvarchar(512) NULL,
    SourceVersion int           NULL,
    Personality   int           NULL,
    State         int           NULL,
    SigURL        nvarchar(512) NULL,
    SigLocation   nvarchar(255) NULL,
    CONSTRAINT PkgStatus_BU_PK PRIMARY KEY (RequestId, RowNumber)
);
