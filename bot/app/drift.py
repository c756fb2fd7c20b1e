"""The parts that make drift known: scans, their history, and the digests that tell of it."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bot.app.parts import chart_forms_of, now, undelivered_of
from bot.dbapi import Database, Timeouts
from bot.domain import voting_patterns
from bot.domain.cron_periods import Cron
from bot.domain.drift_summary import EVERYTHING, DriftScope
from bot.domain.package import SiteCode
from bot.site.scanner import SiteScanner
from bot.slack.listeners.drift import DriftListeners
from bot.slack.listeners.home import HomeListeners
from bot.slack.people import SlackNames
from bot.slack.responder import AcceptedForms, payload_of
from bot.store.drift_history import KEPT_FOR, DriftTables
from bot.usecases.drift import digest_message
from bot.usecases.drift.digest_publisher import DigestPublisher, PlannedDigest
from bot.usecases.drift.digest_service import DigestService
from bot.usecases.drift.scan import ScanService
from bot.usecases.home_page import HomePage
from bot.usecases.ports.slack import OutboundMessage
from bot.usecases.ports.store import DIGEST
from bot.views import audit_lines, plain_text
from bot.views import drift_digest as drawing
from bot.views.block_kit import Message, Style, escape
from bot.views.charts import ChartForm
from bot.views.drift_digest import Around

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from slack_bolt import App
    from slack_sdk import WebClient

    from bot.app.resets import RequestParts
    from bot.domain.digest import Digest
    from bot.domain.voting_patterns import VotingPatterns
    from bot.settings import Settings
    from bot.settings.digests import Digest as DigestSettings
    from bot.slack.dispatcher import Dispatcher
    from bot.slack.responder import Responder
    from bot.slack.slash_command import SlashCommand
    from bot.store.factory import Store
    from bot.usecases.access import Access, Installation
    from bot.usecases.audit.recorder import AuditLog
    from bot.usecases.ports.slack import Payload, Posted
    from bot.usecases.ports.store import Delivery

SCAN_SECONDS = 300
"""Nobody waits for a scan, and a large site takes its time."""
TICK_SECONDS = 1
PURGE_SECONDS = 3600


class DriftParts:
    """Everything about drift over time, put together."""

    def __init__(
        self, settings: Settings, store: Store, audit_log: AuditLog, parts: RequestParts, person: Callable[[str], str]
    ) -> None:
        codes = tuple(map(SiteCode, settings.sites))
        self._settings, self._ledger, self._index = settings, store.ledger, parts.index
        self._eligibility = parts.eligibility
        self.person = person
        self._scanners = {code: _scanner(settings, code) for code in codes}
        self.history = DriftTables(store.database)
        self._styles = AcceptedForms(tuple(Style))
        self.charts = AcceptedForms(chart_forms_of(settings.answers.tables))
        self.digest_service = DigestService(
            sites=codes,
            history=self.history,
            requests=parts.requests,
            freeze_service=parts.freeze_service,
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
            resets=parts.requests.waiting_rows,
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

    def register(
        self,
        app: App,
        commands: SlashCommand,
        dispatcher: Dispatcher,
        responder: Responder,
        access: Access,
        client: WebClient,
    ) -> HomeListeners:
        """Register the listeners of `/pkgstatus drift` and App Home; return the latter, for their `refresh`."""
        public = self._settings.answers.visibility == "channel"
        DriftListeners(self.digest_service, access, dispatcher, responder, self.charts, now, public).register(
            app, commands
        )
        # Who may vote is shown on a Home, not decided there: a cached answer of Slack's will do.
        eligibility = replace(self._eligibility, people=access.people)
        undelivered = undelivered_of(self._settings, self.digest_service.outbox, self._ledger)
        page = HomePage(self.digest_service, access, eligibility, self.publisher.upcoming, undelivered.look)
        homes = HomeListeners(page, dispatcher, client, self.person, now)
        homes.register(app)
        return homes

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
        """Return what turns a digest's notice into a letter, and leaves all other notices to `others`."""
        publisher = self.publisher

        def outbound(delivery: Delivery) -> OutboundMessage | None:
            if DIGEST not in (delivery.payload or {}):
                return others(delivery)
            claim = delivery.entry
            return OutboundMessage(
                self._drawn((delivery.payload or {})[DIGEST]),
                publisher.place_of(claim),
                lambda posted: publisher.note_posted(claim, posted, link(posted)),
                simpler=lambda: self.charts.downgrade() or self._styles.downgrade(),
                refused=partial(publisher.note_refused, claim),
            )

        return outbound

    def around(self, digest: Digest) -> Around:
        """Return what a digest says besides its values. Raises StoreError."""
        plan = self.publisher.plans.get(digest.name)
        cards = {request.id: self._index.card(request.id) for request in (*digest.waiting, *digest.resets)}
        return Around(
            links={request_id: card.link for request_id, card in cards.items() if card and card.link},
            person=self.person,
            voting=self._voting(digest) if drawing.weekly(digest) else None,
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


def names_of(here: Installation, client: WebClient) -> Callable[[str], str]:
    """Return what names somebody by user id, without a ping."""
    names = SlackNames(client, now)
    return lambda user_id: audit_lines.person(here.url, user_id, names)


def _scanner(settings: Settings, code: SiteCode) -> SiteScanner:
    work = settings.work
    patience = Timeouts(
        int(work.login_timeout.total_seconds()), max(SCAN_SECONDS, int(work.query_timeout.total_seconds()))
    )
    return SiteScanner(code, Database(settings.sites[code].database.get_secret_value(), patience))


def _planned(settings: Settings, digest: DigestSettings) -> PlannedDigest:
    return PlannedDigest(
        name=digest.name,
        cron=Cron.parse(digest.cron),
        zone=ZoneInfo(digest.timezone),
        channel=digest.channel or settings.channels.digest or "",
        scope=DriftScope(frozenset(map(SiteCode, digest.sites)) or None, digest.packages),
    )
