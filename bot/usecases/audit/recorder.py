"""Audit entries in one shape: who, verb, object, outcome, and the reason of a refusal.

Nothing here acts. An entry commits before the answer it records leaves.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from bot.domain.ledger_entry import Draft
from bot.usecases.access import Actor
from bot.usecases.ports.site import SiteError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bot.domain.ledger_entry import JSON, Entry
    from bot.domain.package import Package, PackageId, PackageTable, SiteCode
    from bot.domain.site_error_kind import SiteErrorKind
    from bot.usecases.ports.site import SiteReader
    from bot.usecases.ports.store import Ledger

Result = TypeVar("Result")

NOBODY = Actor("", "")
"""The bot itself, for what no person caused."""


@dataclass(frozen=True, slots=True)
class AuditAction:
    """What was done or refused: `verb` and `object` name it, `facts` hold the rest."""

    verb: str
    outcome: str
    object: str = ""
    detail: str = ""
    reason: str = ""
    facts: Mapping[str, JSON] = field(default_factory=dict)

    def draft(self, actor: Actor, stream: str, version: int | None = None) -> Draft:
        """Return the entry to be made of it."""
        known = {"object": self.object, "detail": self.detail, "reason": self.reason}
        facts = {"outcome": self.outcome, **{name: text for name, text in known.items() if text}, **self.facts}
        return Draft(stream, version, self.verb, actor.user_id, actor.team_id, facts)


def refused(verb: str, reason: str, subject: str = "") -> AuditAction:
    """Return an action that was refused, and why."""
    return AuditAction(verb, "refused", object=subject, reason=reason)


@dataclass(frozen=True, slots=True)
class AuditLog:
    """Records what the bot itself does and meets: starts, stops, connections lost and back."""

    ledger: Ledger

    def note(self, verb: str, detail: str = "", facts: Mapping[str, JSON] | None = None) -> Entry:
        """Record something that no person caused. Raises StoreError."""
        return self.ledger.append(AuditAction(verb, "noted", detail=detail, facts=facts or {}).draft(NOBODY, "bot"))


class WatchedSite:
    """Reads a site through another reader, and records when its database goes away and when it is back."""

    def __init__(self, site: SiteReader, audit_log: AuditLog) -> None:
        self._site = site
        self._audit_log = audit_log
        self._trouble: SiteErrorKind | None = None
        self._unrecorded_changes: deque[tuple[str, str]] = deque()
        self._guard = threading.Lock()

    @property
    def code(self) -> SiteCode:
        """The site code that the settings give this database."""
        return self._site.code

    @property
    def trouble(self) -> SiteErrorKind | None:
        """What was wrong the last time, or None."""
        return self._trouble

    def package(self, package_id: PackageId) -> PackageTable | None:
        """Read a package and all its rows. Raises SiteError."""
        return self._watched(lambda: self._site.package(package_id))

    def packages(self) -> Sequence[Package]:
        """Read every package, without rows. Raises SiteError."""
        return self._watched(self._site.packages)

    def _watched(self, read: Callable[[], Result]) -> Result:
        try:
            result = read()
        except SiteError as error:
            self._changed(error.kind)
            raise
        self._changed(None)
        return result

    def _changed(self, trouble: SiteErrorKind | None) -> None:
        with self._guard:
            if (trouble is None) != (self._trouble is None):
                self._trouble = trouble
                self._unrecorded_changes.append(
                    ("site database back", self.code)
                    if trouble is None
                    else ("site database failed", f"{self.code}: {trouble}")
                )
            while self._unrecorded_changes:  # also what the store could not take before
                self._audit_log.note(*self._unrecorded_changes[0])
                self._unrecorded_changes.popleft()
