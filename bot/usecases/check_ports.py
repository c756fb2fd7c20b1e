"""What a look at the installation needs from the world: facts of Slack, of each login, and of the store.

Only shapes. Nothing here changes anything; `None` stands for what an engine or Slack does not tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from bot.domain.package import SiteCode
    from bot.domain.waiting import Waiting


class SlackSays(Exception):
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
    """Asks Slack. Every method raises SlackSays."""

    def identity(self) -> Identity:
        """Say who we are."""
        ...

    def open_connection(self) -> str:
        """Ask for a Socket Mode connection, and do not use it; return the app that the token names, if any."""
        ...

    def channel(self, channel_id: str) -> ChannelFacts:
        """Look at a channel."""
        ...

    def objections(self, message: Mapping[str, Any]) -> tuple[str, ...]:
        """Return what Slack has against a message or a view that nobody posts."""
        ...


@dataclass(frozen=True, slots=True)
class LoginFacts:
    """A login on a site database, and where it landed."""

    product: str
    database: str
    owner: SiteCode | None
    unread: tuple[str, ...]
    too_much: tuple[str, ...] | None
    is_mighty: bool | None
    is_updatable: bool | None
    collation: str
    key_types: tuple[str, ...]
    is_case_sensitive: bool
    clock_ahead: timedelta | None


class SiteInspector(Protocol):
    """Looks at a site's two logins. Every method raises SiteError."""

    @property
    def code(self) -> SiteCode:
        """The site code that the settings give this database."""
        ...

    @property
    def has_own_writer(self) -> bool:
        """Whether resets use a login of their own."""
        ...

    def reader(self) -> LoginFacts:
        """Look with the login that reads."""
        ...

    def writer(self) -> LoginFacts:
        """Try all that a reset needs on no row, then look with the login that writes."""
        ...


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """The bot's own database; no version means that it is yet to be made, `lacking` are rights that the bot needs."""

    product: str
    known_version: int
    version: int | None = None
    entries: int = 0
    broken: str = ""
    lacking: tuple[str, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    """The cards and digests that Slack does not take, or not yet."""


class StoreInspector(Protocol):
    """Looks at the store without bringing it up to date. Raises StoreError."""

    def look(self) -> StoreFacts:
        """Return what is there."""
        ...
