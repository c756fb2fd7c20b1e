"""Block Kit as Slack checks it: pure functions from documents to lists of reasons, each with its JSON pointer.

`surfaces` is the entry; nothing here knows channels, people or the network.
"""
