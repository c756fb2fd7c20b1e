"""Lookups: packages and their rows from every site, and the snapshots kept for paging."""
