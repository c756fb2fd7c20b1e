-- The rights of the login that makes approved resets, for the DBA. Run it in the site database; it is safe to run again.
-- The backup table has its own rights, in backup_table.sqlserver.sql. Nothing else is needed and nothing else should be
-- given: no other column, no INSERT, no DELETE, no role of the product. SELECT is there because every change is read back,
-- and because v_Identification says whose database this is: a reset in that of another site is refused.
IF DATABASE_PRINCIPAL_ID(N'pkgstatus_writer') IS NULL
    CREATE ROLE pkgstatus_writer;
GRANT SELECT ON dbo.PkgStatus TO pkgstatus_writer;
GRANT SELECT ON dbo.v_Identification TO pkgstatus_writer;
GRANT UPDATE (SourceVersion, Status) ON dbo.PkgStatus TO pkgstatus_writer;

-- Who has them: put your account in the place of CONTOSO\svc-pkgstatus-w, here and below. It can be the reader's account,
-- and must be if both log in with Windows authentication from one process.
IF SUSER_ID(N'CONTOSO\svc-pkgstatus-w') IS NULL
    CREATE LOGIN [CONTOSO\svc-pkgstatus-w] FROM WINDOWS;
IF DATABASE_PRINCIPAL_ID(N'CONTOSO\svc-pkgstatus-w') IS NULL
    CREATE USER [CONTOSO\svc-pkgstatus-w] FOR LOGIN [CONTOSO\svc-pkgstatus-w];
ALTER ROLE pkgstatus_writer ADD MEMBER [CONTOSO\svc-pkgstatus-w];

-- Undo:
--   ALTER ROLE pkgstatus_writer DROP MEMBER [CONTOSO\svc-pkgstatus-w];
--   DROP ROLE pkgstatus_writer;
--   DROP USER [CONTOSO\svc-pkgstatus-w];
-- The login of the server stays; drop it (DROP LOGIN) only if nothing else is done with that account.
