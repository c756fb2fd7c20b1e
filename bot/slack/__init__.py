"""Slack at the edge: the only folder that imports Slack's libraries. Translates payloads in and messages out."""
