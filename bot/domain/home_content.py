"""What one person's App Home says: values that the use case makes and the view draws."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.domain.digest import AuditStatus, DriftSummary
    from bot.domain.pending_post import PendingPost
    from bot.domain.request import Freeze, Request


@dataclass(frozen=True, slots=True)
class NextDigest:
    """When a digest is due next (aware, in its own zone), and in which channel."""

    name: str
    due_at: datetime
    channel: str


@dataclass(frozen=True, slots=True)
class HomeSnapshot:
    """What is the same for everybody at one moment; `lost` are the ids of requests that cannot be read any more.

    `cardless` has, for each request without a card, why Slack does not take it; `undelivered` are the cards and digests
    that people wait for.
    """

    summary: DriftSummary
    waiting: tuple[Request, ...]
    watched: tuple[Request, ...]
    links: Mapping[str, str]
    digests: tuple[NextDigest, ...]
    freeze: Freeze | None
    trail: AuditStatus
    audit_channel: str
    lost: tuple[str, ...] = ()
    cardless: Mapping[str, str] = field(default_factory=dict)
    approvals_channel: str = ""
    undelivered: tuple[PendingPost, ...] = ()


@dataclass(frozen=True, slots=True)
class Home:
    """A glance through one person's eyes: which requests wait for their vote, and which are their own."""

    home_snapshot: HomeSnapshot
    to_vote: tuple[Request, ...]
    own: tuple[Request, ...]
