"""Slack bot for Configuration Manager admins: versions per distribution point, drift digests, two-person resets."""
