"""The tables, as numbered steps forward: each file runs once, in order, and is never edited after a release.

The files name three types, `$number`, `$key` and `$text`, and say `$clustered` where rows shall lie in the order of
their key; that is all that differs between engines.
"""
