"""Domain values in, Block Kit dicts and words out. No SDK, no client, no clock: everything shown is passed in."""
