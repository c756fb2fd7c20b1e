-- What must be told, and where it was told. Number 0 is the audit line of the entry, drawn when it is sent (so it has
-- no payload); 1 and up are its notices. The key keeps what is untold together, in the order in which it must be told.
CREATE TABLE dbo.outbox (
    destination $key NOT NULL,
    told $number NOT NULL,
    sequence $number NOT NULL,
    number $number NOT NULL,
    payload $text NULL,
    gap $number NOT NULL,
    told_at $key NOT NULL,
    channel $key NOT NULL,
    ts $key NOT NULL,
    PRIMARY KEY (destination, told, sequence, number)
) $clustered;
