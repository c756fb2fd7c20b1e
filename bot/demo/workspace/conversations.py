"""Channels, direct messages and what was said in them; finds people, groups and channels by id or handle.

It stores and finds. Who may post or read is decided by the callers that play Slack's server or its client.
"""

import time
from collections import defaultdict
from collections.abc import Iterator

from bot.demo.workspace import people
from bot.demo.workspace.failure import Refused
from bot.demo.workspace.messages import Message
from bot.demo.workspace.people import Channel, Group, Person


class Conversations:
    """The memory of the workspace."""

    def __init__(self) -> None:
        self.people: dict[str, Person] = {person.id: person for person in people.people()}
        self.channels: dict[str, Channel] = {channel.id: channel for channel in people.channels()}
        self.groups: dict[str, Group] = {group.id: group for group in people.groups()}
        self.messages: dict[str, list[Message]] = defaultdict(list)
        self._last_ts = 0

    def next_ts(self) -> str:
        """Return a message id: seconds and microseconds, never twice the same."""
        self._last_ts = max(time.time_ns() // 1000, self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def known(self, user_id: str) -> Person | None:
        """Return the person with this id, here or in the whole organisation."""
        globally = (person for person in self.people.values() if person.global_id == user_id)
        return self.people.get(user_id) or next(globally, None)

    def person(self, reference: str) -> Person:
        """Return the person with this id or handle."""
        for person in self.people.values():
            if reference.removeprefix("@") in (person.id, person.handle):
                return person
        raise Refused(f"There is nobody called {reference!r} here.", 404)

    def channel(self, reference: str) -> Channel:
        """Return the channel with this id or name, or the direct message `@handle`."""
        if reference.startswith("@"):
            return self.direct_message(self.person(reference))
        for channel in self.channels.values():
            if reference.removeprefix("#") in (channel.id, channel.name):
                return channel
        raise Refused(f"There is no channel called {reference!r} here.", 404)

    def direct_message(self, person: Person) -> Channel:
        """Return the conversation between this person and the bot, opened if it was not."""
        kind = "0" if person.id.startswith("U") else "W"
        channel = Channel(f"D{kind}{person.id[1:]}", "", [person.id, people.BOT_USER_ID], partner=person.id)
        return self.channels.setdefault(channel.id, channel)

    def is_member(self, channel: Channel, person_id: str) -> bool:
        """Tell whether this person is in the channel."""
        return person_id in channel.members

    def find(self, channel_id: str, ts: str) -> Message | None:
        """Return a message by its address."""
        return next((m for m in self.messages[channel_id] if m.ts == ts), None)

    def remove(self, message: Message) -> None:
        """Forget a message."""
        self.messages[message.channel].remove(message)

    def visible(self, channel: Channel, reader: str | None, thread_ts: str | None) -> Iterator[Message]:
        """Yield what this person sees of a channel, or of one thread with its parent, oldest first."""
        for message in self.messages[channel.id]:
            in_thread = thread_ts is not None and thread_ts in (message.ts, message.thread_ts)
            on_top = thread_ts is None and (message.is_broadcast or message.thread_ts in (None, message.ts))
            if (in_thread or on_top) and message.is_shown_to(reader):
                yield message

    def reply_count(self, message: Message) -> int:
        """Return how many visible replies a message has."""
        replies = (m for m in self.messages[message.channel] if m.thread_ts == message.ts and m is not message)
        return sum(1 for reply in replies if not reply.is_ephemeral)
