-- Answers kept for paging, so that every process that shares the store shows page 2 of the same moment as page 1.
CREATE TABLE dbo.snapshot (
    id $key NOT NULL PRIMARY KEY,
    kept_at $key NOT NULL,
    row_count $number NOT NULL,
    body $text NOT NULL
);
