-- The bot's own mark on the place of a card. A card whose place bears none is posted anew.
ALTER TABLE dbo.request ADD card_mark $key NOT NULL DEFAULT ''
