"""Factories of what needs the settings alone: the clock, databases, the store, signers, forms of tables."""

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


def make_store(settings: Settings, holder: str, timeouts: Timeouts | None = None) -> Store:
    """Open the bot's own database; people wait for its answers if no timeouts are given. Raises StoreError."""
    upkeep = upkeep_timeouts(settings)
    answering = replace(upkeep, query=int(settings.work.store_timeout.total_seconds()), upkeep=upkeep.query)
    return open_store(
        settings.store.get_secret_value(),
        audit_channel=settings.channels.audit,
        holder=holder,
        clock=now,
        lease_seconds=settings.work.lease.total_seconds(),
        timeouts=timeouts or answering,
        signer=make_signer(settings, "what came in"),
    )


def upkeep_timeouts(settings: Settings) -> Timeouts:
    """Return the timeouts of the store where no person waits for the answer."""
    return Timeouts(STORE_LOGIN_SECONDS, int(settings.work.store_upkeep_timeout.total_seconds()))


def make_signer(settings: Settings, purpose: str) -> Signer:
    """Return a signer for one purpose; its key is derived from the app-level token, which is not in the store."""
    return Signer.of(settings.slack.app_token.get_secret_value(), purpose)


def make_reader(settings: Settings, code: SiteCode) -> SiteDatabase:
    """Return the reader of one site; nothing is connected yet."""
    return SiteDatabase(code, Database(settings.sites[code].database.get_secret_value(), site_timeouts(settings)))


def make_writer(settings: Settings, code: SiteCode, reader: SiteDatabase) -> SiteWriter:
    """Return the writer of one site, which must be where its reader is; nothing is connected yet."""
    site = settings.sites[code]
    address = (site.writer or site.database).get_secret_value()
    timeouts = Timeouts(site_timeouts(settings).login, min(site_timeouts(settings).query, WRITER_SECONDS))
    return SiteWriter(code, Database(address, timeouts), settings.reset.backup_table, reader if site.writer else None)


def posting_channels(settings: Settings) -> frozenset[str]:
    """Return the channels that cards and digests go to."""
    digests = {digest.channel or settings.channels.digest or "" for digest in settings.digests}
    return frozenset({settings.channels.approvals, *digests} - {""})


def make_undelivered(settings: Settings, outbox: Outbox, ledger: Ledger) -> Undelivered:
    """Return what finds cards and digests that are not in their channels yet."""
    return Undelivered(outbox, ledger, posting_channels(settings))


def fingerprint(settings: Settings) -> str:
    """Return a hash of the settings, 16 hexadecimal digits, into which no secret goes."""
    return fingerprint_of(settings.model_dump())


def fingerprint_of(values: object) -> str:
    """Return a hash of values of settings."""
    known = json.dumps(values, sort_keys=True, default=_as_text)
    return hashlib.sha256(known.encode()).hexdigest()[:16]


def _as_text(value: object) -> object:
    """Return a JSON value for what JSON has not: a set sorted, a secret as its asterisks."""
    return sorted(value) if isinstance(value, frozenset) else str(value)


def table_forms(choice: str) -> tuple[Form, ...]:
    """Return the forms of tables to try, in this order; a chosen form still falls back to plain text."""
    return tuple(Form) if choice == "auto" else tuple(dict.fromkeys([Form(choice), Form.TEXT]))


def chart_forms(choice: str) -> tuple[ChartForm, ...]:
    """Return the forms of charts to try, in this order: with plain tables, plain bars alone."""
    return tuple(ChartForm) if choice in {"auto", "data_table"} else (ChartForm.BARS,)


def allowed_people(people: People | Approvers) -> Allowed:
    """Return a list of people as use cases know it."""
    return Allowed(people.users, people.groups)


def approver_mentions(people: Approvers) -> str:
    """Return mentions of everybody who may approve, user groups first."""
    groups = [f"<!subteam^{group}>" for group in sorted(people.groups)]
    return ", ".join([*groups, *(f"<@{user}>" for user in sorted(people.users))])


def site_timeouts(settings: Settings) -> Timeouts:
    """Return the timeouts of a site database."""
    work = settings.work
    return Timeouts(int(work.login_timeout.total_seconds()), int(work.query_timeout.total_seconds()))
