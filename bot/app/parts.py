"""The parts that need only settings: clients, databases, the store, the words for the relay."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.dbapi import Database, Timeouts
from bot.domain.signing import Signer
from bot.site.reader import SiteDatabase
from bot.site.writer import SiteWriter
from bot.store.factory import open_store
from bot.usecases.access import Allowed
from bot.usecases.audit.undelivered import Undelivered
from bot.views.charts import ChartForm
from bot.views.tables import Form

if TYPE_CHECKING:
    from bot.domain.package import SiteCode
    from bot.settings import Approvers, People, Settings
    from bot.store.factory import Store
    from bot.usecases.ports.store import Ledger, Outbox

STORE_LOGIN_SECONDS = 5
WRITER_SECONDS = 5
"""An apply holds locks on the site's tables: it gives up early rather than making ConfigMgr wait."""


def now() -> datetime:
    """Return the present moment: the bot's one clock."""
    return datetime.now(UTC)


def store_of(settings: Settings, holder: str, patience: Timeouts | None = None) -> Store:
    """Open the bot's own database, with the patience of a bot that answers people if none is given.

    Raises StoreError.
    """
    upkeep = upkeep_patience(settings)
    answering = replace(upkeep, query=int(settings.work.store_timeout.total_seconds()), upkeep=upkeep.query)
    return open_store(
        settings.store.get_secret_value(),
        audit_channel=settings.channels.audit,
        holder=holder,
        clock=now,
        lease_seconds=settings.work.lease.total_seconds(),
        patience=patience or answering,
        signer=signer_of(settings, "what came in"),
    )


def upkeep_patience(settings: Settings) -> Timeouts:
    """Return how long to wait for the store where no person waits for the answer."""
    return Timeouts(STORE_LOGIN_SECONDS, int(settings.work.store_upkeep_timeout.total_seconds()))


def signer_of(settings: Settings, purpose: str) -> Signer:
    """Return a signet whose key every process of this bot can derive, and nobody who only has the store."""
    return Signer.of(settings.slack.app_token.get_secret_value(), purpose)


def reader_of(settings: Settings, code: SiteCode) -> SiteDatabase:
    """Return the reader of one site; nothing is connected yet."""
    return SiteDatabase(code, Database(settings.sites[code].database.get_secret_value(), patience_of(settings)))


def writer_of(settings: Settings, code: SiteCode, reader: SiteDatabase) -> SiteWriter:
    """Return the writer of one site, which must be where its reader is; nothing is connected yet."""
    site = settings.sites[code]
    address = (site.writer or site.database).get_secret_value()
    patience = Timeouts(patience_of(settings).login, min(patience_of(settings).query, WRITER_SECONDS))
    return SiteWriter(code, Database(address, patience), settings.reset.backup_table, reader if site.writer else None)


def posting_channels(settings: Settings) -> frozenset[str]:
    """Return the channels that cards and digests go to."""
    digests = {digest.channel or settings.channels.digest or "" for digest in settings.digests}
    return frozenset({settings.channels.approvals, *digests} - {""})


def undelivered_of(settings: Settings, outbox: Outbox, ledger: Ledger) -> Undelivered:
    """Return what looks for cards and digests that are not in their channels yet."""
    return Undelivered(outbox, ledger, posting_channels(settings))


def fingerprint(settings: Settings) -> str:
    """Return what tells two settings apart without telling what they are; secrets do not go into it."""
    return fingerprint_of(settings.model_dump())


def fingerprint_of(values: object) -> str:
    """Return what tells two values of settings apart."""
    known = json.dumps(values, sort_keys=True, default=_as_text)
    return hashlib.sha256(known.encode()).hexdigest()[:16]


def _as_text(value: object) -> object:
    """Sets have no order of their own; a secret shows nothing of itself."""
    return sorted(value) if isinstance(value, frozenset) else str(value)


def forms_of(choice: str) -> tuple[Form, ...]:
    """The ladder of table forms; a chosen form still falls back to plain text."""
    return tuple(Form) if choice == "auto" else tuple(dict.fromkeys([Form(choice), Form.TEXT]))


def chart_forms_of(choice: str) -> tuple[ChartForm, ...]:
    """The ladder of forms of a chart: who wants plain tables gets plain bars as well."""
    return tuple(ChartForm) if choice in {"auto", "data_table"} else (ChartForm.BARS,)


def allowed(people: People | Approvers) -> Allowed:
    """Return a list of people as the stories know it."""
    return Allowed(people.users, people.groups)


def mentions(people: Approvers) -> str:
    """Name everybody who may approve, for the card."""
    groups = [f"<!subteam^{group}>" for group in sorted(people.groups)]
    return ", ".join([*groups, *(f"<@{user}>" for user in sorted(people.users))])


def patience_of(settings: Settings) -> Timeouts:
    """Return how long to wait for a site database."""
    work = settings.work
    return Timeouts(int(work.login_timeout.total_seconds()), int(work.query_timeout.total_seconds()))
