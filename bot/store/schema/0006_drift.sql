-- Rows that were not in sync, as scans saw them; `row_key` is the SHA-256 of type, site code and PkgServer. What carries
-- a moment after the site's `scanned_at` belongs to a scan that is not finished.
CREATE TABLE dbo.drift_row (
    site $code NOT NULL,
    package $code NOT NULL,
    row_key $code NOT NULL,
    type $number NULL,
    site_code $key NOT NULL,
    server_path $text NOT NULL,
    server $key NOT NULL,
    held $number NULL,
    status $number NULL,
    expected $number NULL,
    drift_class $code NOT NULL,
    seen_at $key NOT NULL,
    moved_at $key NOT NULL,
    drifted_at $key NOT NULL,
    healed_at $key NOT NULL,
    gone $number NOT NULL,
    PRIMARY KEY (site, package, row_key)
) $clustered;

CREATE TABLE dbo.drift_package (
    package $code NOT NULL PRIMARY KEY,
    name $text NOT NULL
);

-- When each site was last read through, and what hindered a newer attempt.
CREATE TABLE dbo.drift_site (
    site $code NOT NULL PRIMARY KEY,
    scanned_at $key NOT NULL,
    tried_at $key NOT NULL,
    trouble $key NOT NULL
);

-- What the last scan of a day counted; a line without a package says that there was one.
CREATE TABLE dbo.drift_day (
    site $code NOT NULL,
    day $code NOT NULL,
    package $code NOT NULL,
    drift_class $code NOT NULL,
    amount $number NOT NULL,
    PRIMARY KEY (site, day, package, drift_class)
) $clustered;
