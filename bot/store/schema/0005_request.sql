-- Where each request stands and where its card is: an index over the ledger, which alone is the truth.
CREATE TABLE dbo.request (
    id $key NOT NULL PRIMARY KEY,
    stage $key NOT NULL,
    site $key NOT NULL,
    package $key NOT NULL,
    requester $key NOT NULL,
    created_at $key NOT NULL,
    card_channel $key NOT NULL,
    card_ts $key NOT NULL,
    card_link $key NOT NULL
);

-- The rows of open requests: the key lets only one request at a time hold a row. `server` is the SHA-256 of PkgServer.
CREATE TABLE dbo.request_row (
    site $code NOT NULL,
    package $code NOT NULL,
    type $number NOT NULL,
    site_code $code NOT NULL,
    server $code NOT NULL,
    request $key NOT NULL,
    PRIMARY KEY (site, package, type, site_code, server)
) $clustered;
