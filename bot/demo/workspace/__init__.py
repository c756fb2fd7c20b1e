"""A local stand-in for Slack, as strict as Slack: Web API, Socket Mode, response URLs, modals, limits, faults.

It keeps everything in memory, listens on 127.0.0.1 only and knows nothing of the bot beyond manifest.yml.
The entry point is `server.RunningWorkspace`.
"""
