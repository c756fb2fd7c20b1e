"""The parts of drift: scans, their history, and the digests about it."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bot.app.factories import chart_forms, now
from bot.dbapi import Database, Timeouts
from bot.domain import voting_patterns
from bot.domain.cron_periods import Cron
from bot.domain.drift_summary import EVERYTHING, DriftScope
from bot.domain.package import SiteCode
from bot.site.scanner import SiteScanner
from bot.slack.people import SlackNames
from bot.slack.responder import AcceptedForms, payload_of
from bot.store.drift_history import KEPT_FOR, DriftTables
from bot.usecases.drift import digest_message
from bot.usecases.drift.digest_publisher import DigestPublisher, PlannedDigest
from bot.usecases.drift.digest_service import DigestService
from bot.usecases.drift.scan import ScanService
from bot.usecases.ports.slack import OutboundMessage
from bot.usecases.ports.store import DIGEST
from bot.views import audit_lines, plain_text
from bot.views import drift_digest as drawing
from bot.views.block_kit import Message, Style, escape
from bot.views.charts import ChartForm
from bot.views.drift_digest import DigestExtras

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from slack_sdk import WebClient

    from bot.app.resets import ResetParts
    from bot.domain.digest import Digest
    from bot.domain.voting_patterns import VotingPatterns
    from bot.settings import Settings
    from bot.settings.digests import Digest as DigestSettings
    from bot.store.factory import Store
    from bot.usecases.access import Installation
    from bot.usecases.audit.recorder import AuditLog
    from bot.usecases.ports.slack import Payload, Posted
    from bot.usecases.ports.store import Delivery

SCAN_SECONDS = 300
"""Nobody waits for a scan, and a large site takes its time."""
TICK_SECONDS = 1
PURGE_SECONDS = 3600


class DriftParts:
    """The services of drift: scans, history, digests."""

    def __init__(
        self, settings: Settings, store: Store, audit_log: AuditLog, resets: ResetParts, person: Callable[[str], str]
    ) -> None:
        codes = tuple(map(SiteCode, settings.sites))
        self._settings, self._ledger, self._index = settings, store.ledger, resets.index
        self.person = person
        self._scanners = {code: _scanner(settings, code) for code in codes}
        self.history = DriftTables(store.database)
        self._styles = AcceptedForms(tuple(Style))
        self.charts = AcceptedForms(chart_forms(settings.answers.tables))
        self.digest_service = DigestService(
            sites=codes,
            history=self.history,
            requests=resets.requests,
            freeze_service=resets.freeze_service,
            ledger=store.ledger,
            outbox=store.outbox,
            audit_channel=settings.channels.audit,
            clock=now,
        )
        self.scans = ScanService(
            sites=self._scanners,
            history=self.history,
            audit_log=audit_log,
            leases=store.leases,
            clock=now,
            monotonic=time.monotonic,
            grace=settings.drift.grace,
            every=settings.drift.scan_every,
            job_age=settings.drift.job_age,
            resets=resets.requests.waiting_rows,
        )
        self.publisher = DigestPublisher(
            plans={each.name: _planned(settings, each) for each in settings.digests},
            digest_service=self.digest_service,
            scans=self.scans,
            ledger=store.ledger,
            clock=now,
            monotonic=time.monotonic,
            catch_up=settings.digest.catch_up,
        )

    def run(self, stopping: threading.Event) -> None:
        """Scan until stopped; a scan that takes longer than the stop is made good by the next process."""
        self.scans.run(stopping)
        for scanner in self._scanners.values():
            scanner.close()

    def jobs(self) -> Iterator[tuple[float, str, Callable[[], None]]]:
        """Yield what is done again and again, and how often; scans run by themselves."""
        yield self._settings.work.lease.total_seconds() / 3, "hold drift", self.scans.live
        yield TICK_SECONDS, "digests", self.publisher.tick
        yield PURGE_SECONDS, "purge drift", lambda: self.history.purge(now() - KEPT_FOR)

    def outbound_messages(
        self, others: Callable[[Delivery], OutboundMessage | None], link: Callable[[Posted], str]
    ) -> Callable[[Delivery], OutboundMessage | None]:
        """Return what draws the message of a digest's notification, and passes other notifications to `others`."""
        publisher = self.publisher

        def outbound(delivery: Delivery) -> OutboundMessage | None:
            if DIGEST not in (delivery.payload or {}):
                return others(delivery)
            claim = delivery.entry
            return OutboundMessage(
                self._drawn((delivery.payload or {})[DIGEST]),
                publisher.posted_location(claim),
                lambda posted: publisher.record_posted(claim, posted, link(posted)),
                simpler=lambda: self.charts.downgrade() or self._styles.downgrade(),
                refused=partial(publisher.record_refusal, claim),
            )

        return outbound

    def around(self, digest: Digest) -> DigestExtras:
        """Return what a digest says besides its values. Raises StoreError."""
        plan = self.publisher.plans.get(digest.name)
        cards = {request.id: self._index.card(request.id) for request in (*digest.waiting, *digest.resets)}
        return DigestExtras(
            links={request_id: card.link for request_id, card in cards.items() if card and card.link},
            person=self.person,
            voting=self._voting(digest) if drawing.is_first_of_week(digest) else None,
            scope=plan.scope if plan else EVERYTHING,
        )

    def _voting(self, digest: Digest) -> VotingPatterns:
        entries = self._ledger.entries(digest.summary.at - voting_patterns.LOOKED_AT, digest.summary.at)
        return voting_patterns.read(entries)

    def _drawn(self, outbound: Payload) -> dict[str, Any]:
        digest = replace(digest_message.read(outbound, self._ledger), sent_at=now())
        as_chart = self.charts.candidates()[0] is ChartForm.CHART
        message = drawing.draw(digest, self.around(digest), as_chart=as_chart)
        if self._styles.candidates()[0] is Style.PLAIN:
            message = Message("\n".join(map(escape, plain_text.lines(message))))
        return payload_of(message)


def person_names(here: Installation, client: WebClient) -> Callable[[str], str]:
    """Return what names somebody by user id, without a ping."""
    names = SlackNames(client, now)
    return lambda user_id: audit_lines.profile_link(here.url, user_id, names)


def _scanner(settings: Settings, code: SiteCode) -> SiteScanner:
    work = settings.work
    timeouts = Timeouts(
        int(work.login_timeout.total_seconds()), max(SCAN_SECONDS, int(work.query_timeout.total_seconds()))
    )
    return SiteScanner(code, Database(settings.sites[code].database.get_secret_value(), timeouts))


def _planned(settings: Settings, digest: DigestSettings) -> PlannedDigest:
    return PlannedDigest(
        name=digest.name,
        cron=Cron.parse(digest.cron),
        zone=ZoneInfo(digest.timezone),
        channel=digest.channel or settings.channels.digest or "",
        scope=DriftScope(frozenset(map(SiteCode, digest.sites)) or None, digest.packages),
    )
