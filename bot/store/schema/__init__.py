"""The tables, as numbered steps forward: each file runs once, in order, and is never edited after a release.

The files name four types, `$number`, `$code` (64 characters), `$key` (200) and `$text`, and say `$clustered` where rows
shall lie in the order of their key; that is all that differs between engines.
"""
