-- What is looked for every second is found by what is open, however long the history is: untold messages, requests by
-- stage, the requests of one package, and the request whose card a message is.
CREATE INDEX ${index}outbox_untold ON ${indexed}outbox (told, destination, sequence);
CREATE INDEX ${index}request_stage ON ${indexed}request (stage, created_at, id);
CREATE INDEX ${index}request_package ON ${indexed}request (package, created_at, id);
CREATE INDEX ${index}request_card ON ${indexed}request (card_channel, card_ts)
