"""The parts that make drift known: scans, their history, and the digests that tell of it."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bot.dbapi import Database, Patience
from bot.domain import habits
from bot.domain.package import SiteCode
from bot.domain.periods import Cron
from bot.domain.picturing import EVERYTHING, Scope
from bot.site.scanning import SiteScanner
from bot.slack.answers import Forms, payload_of
from bot.slack.people import SlackNames
from bot.store.drift import KEPT_FOR, DriftTables
from bot.usecases import digest_letter
from bot.usecases.delivering import Letter
from bot.usecases.digesting import Digesting
from bot.usecases.drift_ports import DIGEST
from bot.usecases.publishing import Planned, Publishing
from bot.usecases.scanning import Scanning
from bot.views import audit, printed
from bot.views import digest as drawing
from bot.views.charts import ChartForm
from bot.views.digest import Around
from bot.views.kit import Message, Style, escape
from bot.wiring.parts import chart_forms_of, now

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from slack_sdk import WebClient

    from bot.domain.digest import Digest
    from bot.domain.habits import Habits
    from bot.settings import Settings
    from bot.settings.digests import Digest as DigestSettings
    from bot.store.opening import Store
    from bot.usecases.access import Installation
    from bot.usecases.delivering import Payload, Posted
    from bot.usecases.recording import Diary
    from bot.usecases.store_ports import Delivery
    from bot.wiring.requests import RequestParts

SCAN_SECONDS = 300
"""Nobody waits for a scan, and a large site takes its time."""
TICK_SECONDS = 1
PURGE_SECONDS = 3600


class DriftParts:
    """Everything about drift over time, put together."""

    def __init__(
        self, settings: Settings, store: Store, diary: Diary, parts: RequestParts, person: Callable[[str], str]
    ) -> None:
        codes = tuple(map(SiteCode, settings.sites))
        self._settings, self._ledger, self._index = settings, store.ledger, parts.index
        self.person = person
        self._scanners = {code: _scanner(settings, code) for code in codes}
        self.history = DriftTables(store.database)
        self._styles = Forms(tuple(Style))
        self.charts = Forms(chart_forms_of(settings.answers.tables))
        self.digesting = Digesting(
            sites=codes,
            history=self.history,
            requests=parts.requests,
            freezing=parts.freezing,
            ledger=store.ledger,
            outbox=store.outbox,
            audit_channel=settings.channels.audit,
            clock=now,
        )
        self.scanning = Scanning(
            sites=self._scanners,
            history=self.history,
            diary=diary,
            leases=store.leases,
            clock=now,
            monotonic=time.monotonic,
            grace=settings.drift.grace,
            every=settings.drift.scan_every,
            job_age=settings.drift.job_age,
            resets=parts.requests.waiting_rows,
        )
        self.publishing = Publishing(
            plans={each.name: _planned(settings, each) for each in settings.digests},
            digesting=self.digesting,
            scanning=self.scanning,
            ledger=store.ledger,
            clock=now,
            monotonic=time.monotonic,
            catch_up=settings.digest.catch_up,
        )

    def run(self, stopping: threading.Event) -> None:
        """Scan until stopped; a scan that takes longer than the stop is made good by the next process."""
        self.scanning.run(stopping)
        for scanner in self._scanners.values():
            scanner.close()

    def jobs(self) -> Iterator[tuple[float, str, Callable[[], None]]]:
        """Yield what is done again and again, and how often; scans run by themselves."""
        yield self._settings.work.lease.total_seconds() / 3, "hold drift", self.scanning.live
        yield TICK_SECONDS, "digests", self.publishing.tick
        yield PURGE_SECONDS, "purge drift", lambda: self.history.purge(now() - KEPT_FOR)

    def letters(
        self, others: Callable[[Delivery], Letter | None], link: Callable[[Posted], str]
    ) -> Callable[[Delivery], Letter | None]:
        """Return what turns a digest's notice into a letter, and leaves all other notices to `others`."""
        publishing = self.publishing

        def letter(delivery: Delivery) -> Letter | None:
            if DIGEST not in (delivery.payload or {}):
                return others(delivery)
            claim = delivery.entry
            return Letter(
                self._drawn((delivery.payload or {})[DIGEST]),
                publishing.place_of(claim),
                lambda posted: publishing.note_posted(claim, posted, link(posted)),
                simpler=lambda: self.charts.simpler() or self._styles.simpler(),
                refused=partial(publishing.note_refused, claim),
            )

        return letter

    def around(self, digest: Digest) -> Around:
        """Return what a digest says besides its values. Raises StoreError."""
        plan = self.publishing.plans.get(digest.name)
        cards = {request.id: self._index.card(request.id) for request in (*digest.waiting, *digest.resets)}
        return Around(
            links={request_id: card.link for request_id, card in cards.items() if card and card.link},
            person=self.person,
            voting=self._voting(digest) if drawing.weekly(digest) else None,
            scope=plan.scope if plan else EVERYTHING,
        )

    def _voting(self, digest: Digest) -> Habits:
        entries = self._ledger.entries(digest.picture.at - habits.LOOKED_AT, digest.picture.at)
        return habits.read(entries)

    def _drawn(self, letter: Payload) -> dict[str, Any]:
        digest = replace(digest_letter.read(letter, self._ledger), sent_at=now())
        as_chart = self.charts.worth_trying()[0] is ChartForm.CHART
        message = drawing.draw(digest, self.around(digest), as_chart=as_chart)
        if self._styles.worth_trying()[0] is Style.PLAIN:
            message = Message("\n".join(map(escape, printed.lines(message))))
        return payload_of(message)


def names_of(here: Installation, client: WebClient) -> Callable[[str], str]:
    """Return what names somebody by user id, without a ping."""
    names = SlackNames(client, now)
    return lambda user_id: audit.person(here.url, user_id, names)


def _scanner(settings: Settings, code: SiteCode) -> SiteScanner:
    work = settings.work
    patience = Patience(
        int(work.login_timeout.total_seconds()), max(SCAN_SECONDS, int(work.query_timeout.total_seconds()))
    )
    return SiteScanner(code, Database(settings.sites[code].database.get_secret_value(), patience))


def _planned(settings: Settings, digest: DigestSettings) -> Planned:
    return Planned(
        name=digest.name,
        cron=Cron.parse(digest.cron),
        zone=ZoneInfo(digest.timezone),
        channel=digest.channel or settings.channels.digest or "",
        scope=Scope(frozenset(map(SiteCode, digest.sites)) or None, digest.packages),
    )
