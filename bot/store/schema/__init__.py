"""The tables, as numbered steps forward: each file runs once, in order, and is never edited after a release.

The files name four types, `$number`, `$code` (64 characters), `$key` (200) and `$text`, and say `$clustered` where rows
shall lie in the order of their key. Before the name of an index stands `$index`, before that of its table `$indexed`:
SQLite wants the schema at the one, the servers at the other. That is all that differs between engines.
"""
