"""The interfaces to the outside world, one module per edge: site, store, Slack and clock."""
