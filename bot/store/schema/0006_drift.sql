-- Rows that were not in sync, as scans saw them; `row_key` is the SHA-256 of type, site code and PkgServer. What carries
-- a moment after the site's `scanned_at` belongs to a scan that is not finished.
CREATE TABLE dbo.drift_row (
    site $key NOT NULL,
    package $key NOT NULL,
    row_key $key NOT NULL,
    type $number,
    site_code $key NOT NULL,
    server_path $text NOT NULL,
    server $key NOT NULL,
    held $number,
    status $number,
    expected $number,
    drift_class $key NOT NULL,
    seen_at $key NOT NULL,
    moved_at $key NOT NULL,
    drifted_at $key NOT NULL,
    healed_at $key NOT NULL,
    gone $number NOT NULL,
    PRIMARY KEY (site, package, row_key)
) $clustered;

CREATE TABLE dbo.drift_package (
    package $key NOT NULL PRIMARY KEY,
    name $text NOT NULL
);

-- When each site was last read through, and what hindered a newer attempt.
CREATE TABLE dbo.drift_site (
    site $key NOT NULL PRIMARY KEY,
    scanned_at $key NOT NULL,
    tried_at $key NOT NULL,
    trouble $key NOT NULL
);

-- What the last scan of a day counted; a line without a package says that there was one.
CREATE TABLE dbo.drift_day (
    site $key NOT NULL,
    day $key NOT NULL,
    package $key NOT NULL,
    drift_class $key NOT NULL,
    amount $number NOT NULL,
    PRIMARY KEY (site, day, package, drift_class)
) $clustered;
