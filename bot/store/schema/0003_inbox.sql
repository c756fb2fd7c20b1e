-- What came in from Slack under Slack's own id.
CREATE TABLE dbo.inbox (
    id $key NOT NULL PRIMARY KEY,
    kind $key NOT NULL,
    body $text NOT NULL,
    received_at $key NOT NULL,
    state $key NOT NULL,
    holder $key NOT NULL,
    UNIQUE (state, holder, id)
) $clustered;
