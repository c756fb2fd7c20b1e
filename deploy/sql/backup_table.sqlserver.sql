-- The backup table and the right to fill it, for the DBA. Run it in the site database, or in a database of the bot's own
-- on the same server, which keeps the site's schema as Microsoft ships it; then set PKGSTATUS_RESET__BACKUP_TABLE to its
-- name (for example pkgstatus.dbo.PkgStatus_BU). It must fail over together with the site database: in an availability
-- group keep it in the site database, or put its database into the same group, created WITH (DTC_SUPPORT = PER_DB); else a
-- failover can keep changed rows without their backup. Safe to run again. The bot never makes it and never changes or deletes
-- a row of it. A site whose PkgStatus has more columns: add them here too (ALTER TABLE dbo.PkgStatus_BU ADD X int NULL),
-- a reset says which are missing.
--
-- One row for each changed row: RequestId and RowNumber say which request changed it and in which order; the rest is the
-- row as it was. The primary key makes a second apply of one request impossible. A row with only RequestId and RowNumber
-- means: this request was given up and can never be applied any more.
-- BackedUpAt tells which of two copies of one row is the newer: no undo writes an older value over a newer one.
IF OBJECT_ID(N'dbo.PkgStatus_BU', N'U') IS NULL
CREATE TABLE dbo.PkgStatus_BU (
    RequestId     nvarchar(64)  NOT NULL,
    RowNumber     int           NOT NULL,
    BackedUpAt    datetime2(7)  NOT NULL DEFAULT SYSUTCDATETIME(),
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

-- The index finds all copies of one row: an undo looks at them while it holds the row's lock.
IF INDEXPROPERTY(OBJECT_ID(N'dbo.PkgStatus_BU'), N'PkgStatus_BU_ID_idx', 'IndexID') IS NULL
CREATE INDEX PkgStatus_BU_ID_idx ON dbo.PkgStatus_BU (ID, Type, SiteCode);

IF DATABASE_PRINCIPAL_ID(N'pkgstatus_writer') IS NULL
    CREATE ROLE pkgstatus_writer;
GRANT SELECT, INSERT ON dbo.PkgStatus_BU TO pkgstatus_writer;

-- Who has it: the account of writer.sqlserver.sql, here and below.
IF SUSER_ID(N'CONTOSO\svc-pkgstatus-w') IS NULL
    CREATE LOGIN [CONTOSO\svc-pkgstatus-w] FROM WINDOWS;
IF DATABASE_PRINCIPAL_ID(N'CONTOSO\svc-pkgstatus-w') IS NULL
    CREATE USER [CONTOSO\svc-pkgstatus-w] FOR LOGIN [CONTOSO\svc-pkgstatus-w];
ALTER ROLE pkgstatus_writer ADD MEMBER [CONTOSO\svc-pkgstatus-w];

-- Undo (keep the table as long as resets may be asked about):
--   REVOKE SELECT, INSERT ON dbo.PkgStatus_BU FROM pkgstatus_writer;
--   DROP TABLE dbo.PkgStatus_BU;
-- In a database of the bot's own also what writer.sqlserver.sql says under Undo; in the site database that is for both.
