-- The rights of the login that reads a site, for the DBA. Run it in the site database; it is safe to run again.
-- It grants SELECT on what the bot reads and nothing else. The product's own users and roles are left alone.
-- The last five may be left out; the bot's answers then say what they cannot tell, and without v_Identification it cannot
-- prove that a reset is made in the site's own database: rows read alike in the databases of other sites.
IF DATABASE_PRINCIPAL_ID(N'pkgstatus_reader') IS NULL
    CREATE ROLE pkgstatus_reader;
GRANT SELECT ON dbo.v_Package TO pkgstatus_reader;
GRANT SELECT ON dbo.PkgStatus TO pkgstatus_reader;
GRANT SELECT ON dbo.DistributionPoints TO pkgstatus_reader;
GRANT SELECT ON dbo.DistributionJobs TO pkgstatus_reader;
GRANT SELECT ON dbo.PkgServers TO pkgstatus_reader;
GRANT SELECT ON dbo.vSMS_DistributionDPStatus TO pkgstatus_reader;
GRANT SELECT ON dbo.v_Identification TO pkgstatus_reader;

-- Who has them: put your account in the place of CONTOSO\svc-pkgstatus, here and below.
IF SUSER_ID(N'CONTOSO\svc-pkgstatus') IS NULL
    CREATE LOGIN [CONTOSO\svc-pkgstatus] FROM WINDOWS;
IF DATABASE_PRINCIPAL_ID(N'CONTOSO\svc-pkgstatus') IS NULL
    CREATE USER [CONTOSO\svc-pkgstatus] FOR LOGIN [CONTOSO\svc-pkgstatus];
ALTER ROLE pkgstatus_reader ADD MEMBER [CONTOSO\svc-pkgstatus];

-- Undo:
--   ALTER ROLE pkgstatus_reader DROP MEMBER [CONTOSO\svc-pkgstatus];
--   DROP ROLE pkgstatus_reader;
--   DROP USER [CONTOSO\svc-pkgstatus];
-- The login of the server stays; drop it (DROP LOGIN) only if nothing else is done with that account.
