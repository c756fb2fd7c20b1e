-- What came in from Slack under Slack's own id; `sequence` is the entry that answered it.
CREATE TABLE dbo.inbox (
    id $key NOT NULL PRIMARY KEY,
    kind $key NOT NULL,
    body $text NOT NULL,
    received_at $key NOT NULL,
    state $key NOT NULL,
    holder $key NOT NULL,
    sequence $number,
    UNIQUE (state, holder, id)
) $clustered;
