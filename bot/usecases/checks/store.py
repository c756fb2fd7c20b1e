"""Looks at the bot's own database: can it be used, is it of our version, does the chain hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.domain.check_finding import Area, Finding, Severity
from bot.domain.quantity import quantity
from bot.usecases.ports.store import StoreError, StoreErrorKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.domain.pending_post import PendingPost
    from bot.usecases.ports.store import StoreFacts, StoreInspector

_CURES = {
    StoreErrorKind.UNREACHABLE: "Make the folder or the database that PKGSTATUS_STORE names, or name another.",
    StoreErrorKind.DAMAGED: "Restore the store from a backup, as the runbook has it, or name another in "
    "PKGSTATUS_STORE.",
    StoreErrorKind.CERTIFICATE: "Let this machine trust the certificate of the server in PKGSTATUS_STORE, and name the "
    "server as its certificate does; TrustServerCertificate=yes would trust anybody.",
    StoreErrorKind.LOGIN: "Check the login and its password in PKGSTATUS_STORE.",
    StoreErrorKind.PERMISSION: "Let this login make tables in schema dbo, and read and write them.",
    StoreErrorKind.READ_ONLY: "Let the user that runs the bot write there.",
    StoreErrorKind.FULL: "Make room on that disk.",
    StoreErrorKind.DRIVER: "Install the ODBC driver that PKGSTATUS_STORE names.",
    StoreErrorKind.NEWER: "Start the newer program that made it, or restore a store of this one's time.",
}
_ELSE = "Check that PKGSTATUS_STORE names a database of the bot's own."


@dataclass(frozen=True, slots=True)
class StoreCheck:
    """Looks at the store."""

    inspector: StoreInspector

    def findings(self) -> Iterator[Finding]:
        """Look at its version, then at the chain."""
        try:
            facts = self.inspector.look()
        except StoreError as error:
            cure = _CURES.get(error.kind, _ELSE)
            yield Finding(Area.STORE, Severity.WRONG, "store", f"{error.kind}: {error.detail}", cure)
            return
        yield _version(facts)
        if facts.missing_rights:
            sentence = f"this login may not {'; '.join(facts.missing_rights)}"
            yield Finding(Area.STORE, Severity.WRONG, "store", sentence, _CURES[StoreErrorKind.PERMISSION])
        if facts.version == facts.known_version:
            yield _chain(facts)
        yield from map(_waiting, facts.waiting)


def _version(facts: StoreFacts) -> Finding:
    if facts.version is None:
        sentence = f"{facts.engine}: not made yet; the first start makes it"
    elif facts.version < facts.known_version:
        sentence = f"{facts.engine}: version {facts.version}; the next start brings it to {facts.known_version}"
        cure = "Make a copy of the store before you start this version: there is no way back."
        return Finding(Area.STORE, Severity.WARNING, "store", sentence, cure)
    else:
        sentence = f"{facts.engine}: version {facts.version}, this program's own"
    return Finding(Area.STORE, Severity.GOOD, "store", sentence)


def _chain(facts: StoreFacts) -> Finding:
    if facts.broken:
        cure = "Keep this store as it is, compare it with a copy, and ask who wrote to it besides the bot."
        return Finding(Area.STORE, Severity.WRONG, "ledger", facts.broken, cure)
    return Finding(Area.STORE, Severity.GOOD, "ledger", f"the chain holds: {quantity(facts.entries, 'entry')}")


def _waiting(waiting: PendingPost) -> Finding:
    subject = f"{waiting.what} {waiting.name}"
    since = f"waits since {waiting.since:%Y-%m-%d %H:%M} UTC to be posted in {waiting.channel}"
    if not waiting.reason:
        cure = "See that a bot is running and connected: it posts what waits by itself."
        return Finding(Area.STORE, Severity.WARNING, subject, since, cure)
    is_outside = waiting.reason in {"not_in_channel", "channel_not_found"}
    cure = "Type /invite @pkgstatus in that channel" if is_outside else "Let Slack take messages there"
    return Finding(
        Area.STORE,
        Severity.WRONG,
        subject,
        f"{since}: Slack says {waiting.reason}",
        f"{cure}; what waits comes by itself.",
    )
