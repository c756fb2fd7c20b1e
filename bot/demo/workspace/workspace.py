"""The state of the whole workspace: conversations, journal, sockets, limits, faults; and the changes of messages.

Nothing here speaks HTTP; `server` puts it on the network.
"""

from typing import TYPE_CHECKING

from bot.demo.workspace import people
from bot.demo.workspace.conversations import Conversations
from bot.demo.workspace.failure import Failure, Json
from bot.demo.workspace.faults import Faults
from bot.demo.workspace.files import Files
from bot.demo.workspace.journal import Change, Journal
from bot.demo.workspace.manifest import Manifest
from bot.demo.workspace.messages import Message
from bot.demo.workspace.people import Channel, Place
from bot.demo.workspace.rates import Rates
from bot.demo.workspace.responses import ResponseUrls
from bot.demo.workspace.sockets import Sockets
from bot.demo.workspace.timing import Timing
from bot.demo.workspace.triggers import Triggers
from bot.demo.workspace.views import Views

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class RateLimited(Exception):
    """The caller must wait this many seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


class Workspace:
    """One Slack workspace with one app installed."""

    def __init__(self, manifest: Manifest, timing: Timing, url: str) -> None:
        self.manifest = manifest
        self.timing = timing
        self.url = url
        self.place = Place()
        self.named = Place()
        """What payloads say instead: a test may have one come from elsewhere."""
        self.hidden_block_types: Mapping[str, Collection[str]] = {}
        """Kinds of blocks that are not told with a message, by what would tell them: `answers` or `clicks`."""
        self.conversations = Conversations()
        self.journal = Journal()
        self.faults = Faults()
        self.files = Files()
        self.rates = Rates(timing)
        self.responses = ResponseUrls(timing.response_url_s)
        self.sockets = Sockets(timing, self.journal)
        self.triggers = Triggers(timing.trigger_s)
        self.views = Views()

    def limit_posts(self, channel: Channel) -> None:
        """Raise RateLimited for a post that comes too soon after the last ones in its channel."""
        retry_after = self.rates.wait_for_post(channel.id)
        if retry_after:
            raise RateLimited(retry_after)

    def post(self, message: Message) -> None:
        """Add a message to its channel."""
        parent = message.thread_ts and self.conversations.find(message.channel, message.thread_ts)
        if message.thread_ts and not parent:
            raise Failure("cannot_reply_to_message")
        self.conversations.messages[message.channel].append(message)
        self._announce(message)

    def rewrite(self, message: Message, text: str, blocks: list[Json]) -> None:
        """Replace what a message says."""
        message.text, message.blocks = text, blocks
        message.edited_ts = self.conversations.next_ts()
        message.inputs.clear()
        self._announce(message)

    def delete(self, message: Message) -> None:
        """Remove a message."""
        self.conversations.remove(message)
        self._announce(message)

    def notify(self, channel: Channel, user: str, text: str) -> None:
        """Show one person a line from Slackbot, as Slack's client shows errors."""
        ts = self.conversations.next_ts()
        self.post(Message(ts, channel.id, people.SLACKBOT_ID, text, reader=user))

    def response_url(self, channel: Channel, user: str, origin: Message | None = None) -> str:
        """Return a new response URL for something this person just did."""
        return f"{self.url}/response/{self.responses.issue(channel.id, user, origin)}"

    def _announce(self, message: Message) -> None:
        channel = self.conversations.channels[message.channel]
        reader = message.reader or channel.partner or None
        self.journal.announce(Change("message", channel.id, reader))
