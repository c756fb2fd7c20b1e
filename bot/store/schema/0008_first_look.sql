-- When each site was read through for the first time: what was found then is not new. Empty for a site that was read
-- before this was kept.
CREATE TABLE dbo.drift_first_look (
    site $code NOT NULL PRIMARY KEY,
    first_at $key NOT NULL
);
INSERT INTO dbo.drift_first_look (site, first_at) SELECT site, '' FROM dbo.drift_site WHERE scanned_at <> '';

-- The name of a package at each site, in place of dbo.drift_package: one ID can stand for packages of two hierarchies.
CREATE TABLE dbo.drift_name (
    site $code NOT NULL,
    package $code NOT NULL,
    name $text NOT NULL,
    PRIMARY KEY (site, package)
) $clustered;
INSERT INTO dbo.drift_name (site, package, name)
    SELECT r.site, r.package, p.name FROM (SELECT DISTINCT site, package FROM dbo.drift_row) r
    INNER JOIN dbo.drift_package p ON p.package = r.package
