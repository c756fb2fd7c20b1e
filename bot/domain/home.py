"""What one person's App Home says: values that the story makes and the view draws."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.domain.digest import Picture, Trail
    from bot.domain.request import Freeze, Request
    from bot.domain.waiting import Waiting


@dataclass(frozen=True, slots=True)
class NextDigest:
    """When a digest is due next (aware, in its own zone), and in which channel."""

    name: str
    due_at: datetime
    channel: str


@dataclass(frozen=True, slots=True)
class Glance:
    """What is the same for everybody at one moment; `lost` are the ids of requests that cannot be read any more.

    `cardless` has, for each request without a card, why Slack does not take it; `undelivered` are the cards and digests
    that people wait for.
    """

    picture: Picture
    waiting: tuple[Request, ...]
    watched: tuple[Request, ...]
    links: Mapping[str, str]
    digests: tuple[NextDigest, ...]
    freeze: Freeze | None
    trail: Trail
    audit_channel: str
    lost: tuple[str, ...] = ()
    cardless: Mapping[str, str] = field(default_factory=dict)
    approvals_channel: str = ""
    undelivered: tuple[Waiting, ...] = ()


@dataclass(frozen=True, slots=True)
class Home:
    """A glance through one person's eyes: which requests wait for their vote, and which are their own."""

    glance: Glance
    to_vote: tuple[Request, ...]
    own: tuple[Request, ...]
