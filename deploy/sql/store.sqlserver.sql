-- The bot's own database on SQL Server, for the DBA: needed only where several bot processes share the work; one alone is
-- well served by a SQLite file. Safe to run again. The bot makes and upgrades its tables itself when it starts.
IF DB_ID(N'pkgstatus') IS NULL
    CREATE DATABASE pkgstatus;
GO
-- Who reads does not wait for who writes.
IF EXISTS (SELECT 1 FROM sys.databases WHERE name = N'pkgstatus' AND is_read_committed_snapshot_on = 0)
    ALTER DATABASE pkgstatus SET READ_COMMITTED_SNAPSHOT ON WITH ROLLBACK IMMEDIATE;
GO
USE pkgstatus;
GO
IF DATABASE_PRINCIPAL_ID(N'pkgstatus_store') IS NULL
    CREATE ROLE pkgstatus_store;
GRANT SELECT, INSERT, UPDATE, DELETE, ALTER ON SCHEMA::dbo TO pkgstatus_store;
GRANT CREATE TABLE TO pkgstatus_store;

-- Who has them: put your account in the place of CONTOSO\svc-pkgstatus, here and below.
IF SUSER_ID(N'CONTOSO\svc-pkgstatus') IS NULL
    CREATE LOGIN [CONTOSO\svc-pkgstatus] FROM WINDOWS;
IF DATABASE_PRINCIPAL_ID(N'CONTOSO\svc-pkgstatus') IS NULL
    CREATE USER [CONTOSO\svc-pkgstatus] FOR LOGIN [CONTOSO\svc-pkgstatus];
ALTER ROLE pkgstatus_store ADD MEMBER [CONTOSO\svc-pkgstatus];

-- What somebody could do who can write this database and has nothing else:
--   * stop the bot, hide or reject requests, lift a freeze, remove or rewrite its record. A changed record shows against the
--     audit channel and against a head that was kept elsewhere (`pkgstatus-bot ledger verify --head ...`);
--   * bring back a request that two people did approve; its rows must still read exactly as they saw them;
--   * not cast a vote, or make up a click: these bear a mark whose key is made of the Slack app-level token, which is not in
--     here. What does not bear it is not done, and the audit channel says that it was found.
-- If you want the server itself to keep the bot from ever changing an entry or a table: after the first start, and again
-- after each upgrade (before one, GRANT what is revoked here):
--   REVOKE ALTER ON SCHEMA::dbo FROM pkgstatus_store;
--   REVOKE CREATE TABLE FROM pkgstatus_store;
--   DENY UPDATE, DELETE ON dbo.ledger_entry TO pkgstatus_store;
--
-- Undo (the ledger goes with it: keep a copy, and the head that `pkgstatus-bot ledger head` prints):
--   USE master;
--   DROP DATABASE pkgstatus;
-- The login of the server stays; drop it (DROP LOGIN) only if nothing else is done with that account.
