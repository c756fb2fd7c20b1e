"""The edge to Slack: posting messages, looking people up, inspecting the workspace, the state of the connection.

Protocols and values only; bot/slack implements them, and each protocol names its class. `None` stands for what Slack
does not tell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

Payload = Mapping[str, Any]


class PostErrorKind(StrEnum):
    """Why Slack did not take a message."""

    LATER = "rate limited"
    UNREACHABLE = "unreachable"
    CHANNEL = "channel"
    PERSON = "person"
    DENIED = "denied"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class PostError(Exception):
    """A message was not taken, as far as we know; `retry_after` is Slack's wish, in seconds.

    It is certain only where Slack said so, or where nothing was sent at all (`was_sent` false).
    """

    def __init__(self, kind: PostErrorKind, error: str, retry_after: float = 0, *, was_sent: bool = True) -> None:
        super().__init__(f"{kind}: {error}")
        self.kind = kind
        self.error = error
        self.retry_after = retry_after
        self.is_unclear = kind is PostErrorKind.UNREACHABLE and was_sent


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a message went."""

    channel: str
    ts: str


def _has_no_simpler_form() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """A message ready to go: a new one, or new content for one that was posted; `sent` is told where it went.

    `opening` is what a new message holds until its place is known; only then it gets `payload`. An answer that says
    nothing of a post then leaves a message that nobody can act on. With `is_edit` a message that is gone stays gone.
    `simpler` gives up the form the message was drawn in and says whether there is another. With `refused` the message
    waits as long as Slack does not take it, and `refused` is told Slack's reason.
    """

    payload: Payload
    replaces: Posted | None = None
    sent: Callable[[Posted], None] = lambda _: None
    opening: Payload | None = None
    is_edit: bool = False
    simpler: Callable[[], bool] = _has_no_simpler_form
    refused: Callable[[str], None] | None = None


class MessageSender(Protocol):
    """Posts messages. Raises PostError and nothing else. Implemented by bot.slack.sender.SlackMessageSender."""

    def post(self, destination: str, payload: Payload) -> Posted:
        """Post to a channel id, or to a person by user id."""
        ...

    def replace(self, posted: Posted, payload: Payload) -> bool:
        """Give a posted message new content; False when that message is gone."""
        ...


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in Slack, as `users.info` describes them at this moment."""

    id: str
    team_id: str
    is_bot: bool = False
    is_deactivated: bool = False
    is_guest: bool = False
    is_external: bool = False
    teams: frozenset[str] = frozenset()
    """The workspaces of an Enterprise Grid organisation that they belong to; empty outside one."""
    global_id: str = ""
    """Their id in the whole organisation, which may differ from `id`; empty outside one."""

    @property
    def ids(self) -> frozenset[str]:
        """Every id that Slack may give this one human."""
        return frozenset({self.id, self.global_id} - {""})


class PeopleError(Exception):
    """Slack could not say who somebody is, or who is in a group."""


class People(Protocol):
    """Looks people up. Every method raises PeopleError when Slack gives no answer.

    Implemented by bot.slack.people.SlackPeople, and by CachedPeople around another one.
    """

    def find(self, user_id: str) -> Person:
        """Look one person up."""
        ...

    def members(self, group_id: str) -> frozenset[str]:
        """Return the user ids of a user group."""
        ...


class SlackQueryError(Exception):
    """Slack refused a question, by its own word for it, or could not be reached, or something else answered."""

    def __init__(self, error: str, *, is_reached: bool = True, is_api: bool = True) -> None:
        super().__init__(error)
        self.error = error
        self.is_reached = is_reached
        self.is_api = is_api


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the bot token makes us, and what it may do."""

    team_id: str
    team: str
    user: str
    scopes: frozenset[str] | None
    enterprise_id: str = ""
    is_org_wide: bool = False
    app_id: str = ""
    """The app of the bot token, as far as Slack tells."""


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """What matters about a channel."""

    name: str
    has_bot: bool
    is_shared: bool
    is_archived: bool


class Workspace(Protocol):
    """Inspects a workspace and the app in it. Every method raises SlackQueryError.

    Implemented by bot.slack.inspector.SlackInspector.
    """

    def identity(self) -> Identity:
        """Say who we are."""
        ...

    def open_connection(self) -> str:
        """Ask for a Socket Mode connection, and do not use it; return the app that the token names, if any."""
        ...

    def channel(self, channel_id: str) -> ChannelFacts:
        """Look at a channel."""
        ...

    def violations(self, message: Mapping[str, Any]) -> tuple[str, ...]:
        """Return what Slack has against a message or a view that nobody posts."""
        ...


class Connection(Protocol):
    """The state of the Socket Mode connection. Implemented by bot.slack.socket_mode.SocketModeConnection."""

    @property
    def is_healthy(self) -> bool:
        """Connected, and Slack answered a ping lately."""
        ...

    @property
    def pong_age(self) -> float | None:
        """Seconds since Slack last answered a ping; None before there was a connection."""
        ...
