-- The rights of the login that makes approved resets, for the DBA; nothing else is needed and nothing else should be given.
-- First make a login and, in the site database, a user of that name, for example with Windows authentication:
--   CREATE LOGIN [CONTOSO\svc-pkgstatus] FROM WINDOWS;  CREATE USER pkgstatus_writer FOR LOGIN [CONTOSO\svc-pkgstatus];
-- Safe to run again. Undo: the same lines with REVOKE ... FROM instead of GRANT ... TO.
GRANT SELECT ON dbo.PkgStatus TO pkgstatus_writer;
GRANT UPDATE (SourceVersion, Status) ON dbo.PkgStatus TO pkgstatus_writer;
GRANT SELECT, INSERT ON dbo.PkgStatus_BU TO pkgstatus_writer;
