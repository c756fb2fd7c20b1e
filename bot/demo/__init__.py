"""A local Slack workspace and a sample site, so that the real bot can be tried without either.

Nothing here is imported by the bot itself, and nothing here imports the bot's inside: they meet over HTTP,
a WebSocket and an SQLite file, exactly as the bot meets Slack and a site database.
"""
