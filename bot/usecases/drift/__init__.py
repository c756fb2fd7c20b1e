"""Drift over time: scans of the sites and the digests that report them."""
