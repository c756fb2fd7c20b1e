"""The whole bot and its life: introduced, wired, connected, working, drained, stopped."""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from contextlib import suppress
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import structlog
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from bot.domain.package import SiteCode
from bot.domain.plan import RowsAllowed
from bot.schedule import Schedule
from bot.slack.adopting import Adopting
from bot.slack.answers import Answers, Forms, payload_of
from bot.slack.app import build_app, hearing
from bot.slack.audit import AuditListeners
from bot.slack.commands import Commands
from bot.slack.connection import Connection
from bot.slack.courtesy import Courtesy
from bot.slack.desk import Desk
from bot.slack.identity import installation_of, introduce, not_for
from bot.slack.looking_back import BrakeAndHistory
from bot.slack.people import RememberedPeople, SlackNames, SlackPeople
from bot.slack.posting import SlackPoster
from bot.slack.requests import RequestListeners
from bot.slack.status import StatusListeners
from bot.slack.webapi import client_of
from bot.usecases.access import Access
from bot.usecases.asking import EverySite
from bot.usecases.delivering import Pen, Relay
from bot.usecases.lookup import Lookup
from bot.usecases.ports import SiteError
from bot.usecases.recording import NOBODY, Deed, Diary, WatchedSite
from bot.usecases.request_ports import CARD, REPLACED
from bot.usecases.snapshots import Snapshots
from bot.usecases.store_ports import Notice, StoreError
from bot.views import audit
from bot.views.status import Around
from bot.wiring.drift import DriftParts, names_of
from bot.wiring.glance import Glance
from bot.wiring.health import LOOK_SECONDS, Health
from bot.wiring.parts import allowed, fingerprint, forms_of, now, reader_of, store_of, writer_of
from bot.wiring.policy import check_policy
from bot.wiring.pools import Pools
from bot.wiring.requests import RequestParts, freeze_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_bolt import Ack, App, BoltResponse
    from slack_bolt.authorization import AuthorizeResult

    from bot.settings import Settings
    from bot.site.reading import SiteDatabase
    from bot.usecases.access import Installation

log = structlog.stdlib.get_logger(__name__)

RATE_LIMIT_RETRIES = 3
THREAD_SECONDS = 3
"""For all of them together: a scan can hang in a site's database, and is made good by the next process."""
TICK_SECONDS = 1
PURGE_SECONDS = 3600
HOMES_SECONDS = 5
ANSWERED_KEPT_FOR = timedelta(days=7)
"""Far longer than Slack delivers anything again."""


class Bot:
    """`run` returns after `stop`, when everything that was taken on is finished.

    It connects to Slack last, when all is loaded and every command would be acknowledged.
    Making one opens the store and brings it up to date: raises StoreError.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._me = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._store = store_of(settings, self._me)
        self._diary = Diary(self._store.ledger)
        self._client = client_of(settings)
        self._client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=RATE_LIMIT_RETRIES))
        self._databases = {code: reader_of(settings, code) for code in map(SiteCode, settings.sites)}
        self._writers = {code: writer_of(settings, code, reader) for code, reader in self._databases.items()}
        self._sites = {code: WatchedSite(site, self._diary) for code, site in self._databases.items()}
        self._forms = Forms(forms_of(settings.answers.tables))
        self._health = Health(settings, self._store, self._sites, lambda: self._pools.unfinished)
        self._courtesy = Courtesy()
        self._pools = Pools.of(settings.work, self._health.metrics.answer_seconds.observe, self._courtesy.wait)
        self._schedule = Schedule()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def run(self) -> None:
        """Stay connected and work until `stop`. Raises SlackRefused or PolicyRefused when that can never be right."""
        self._start(self._health.serve, self._stopping)
        for site in self._databases.values():
            self._start(say_what_is_readable, site)
        try:
            identity = introduce(self._client, self._stopping)
            if identity is not None:
                self._work_as(identity)
        finally:
            self._end()

    @property
    def is_working(self) -> bool:
        """Whether a job runs or waits, as one that hangs does after a stop."""
        return self._pools.unfinished > 0

    def _end(self) -> None:
        """Let the threads end, and close the databases."""
        self._stopping.set()
        deadline = time.monotonic() + THREAD_SECONDS
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0))
        for code in self._databases:
            self._databases[code].close()
            self._writers[code].close()
        self._store.close()
        log.info("stopped")

    def stop(self) -> None:
        """Take no new work, finish what runs, then let `run` return."""
        log.info("stopping")
        if not self._pools.close(self._settings.work.drain.total_seconds()):
            log.warning("stopped before everything was finished")
        self._stopping.set()

    def _work_as(self, identity: AuthorizeResult) -> None:
        app_token = self._settings.slack.app_token.get_secret_value()
        here = installation_of(self._client, identity, app_token)
        parts = RequestParts(self._settings, self._store, self._sites, self._writers, self._client, here)
        check_policy(parts)
        self._diary.note("started", f"version {version('pkgstatus-bot')}", {"settings": fingerprint(self._settings)})
        answers = Answers(self._client, self._forms, self._mail)
        inbox, ledger, pools = self._store.inbox, self._store.ledger, self._pools
        noted = self._health.metrics.recorded
        desk = Desk(pools.work, pools.turning_away, answers, inbox, ledger, noted, stops=pools.stops)
        adopting = Adopting(self._me, self._store.inbox, self._store.leases, desk, now)
        adopting.live()
        parts.keep_policy()
        drift = DriftParts(self._settings, self._store, self._diary, parts, names_of(here, self._client))
        app = self._app(identity, here, desk, answers, parts, drift)
        self._start(drift.run, self._stopping)
        self._start(self._relay(here, parts, drift).run, self._stopping)
        for name, work in (
            ("tick", parts.watching.tick),
            ("apply", parts.applying.work_off),
            ("watch", parts.watching.look),
            ("close undone", parts.watching.close_undone),
            ("live", adopting.live),
            ("keep policy", parts.keep_policy),
            ("take over", adopting.look),
        ):
            self._schedule.every(TICK_SECONDS, name, work)
        for seconds, name, work in drift.jobs():
            self._schedule.every(seconds, name, work)
        self._schedule.every(PURGE_SECONDS, "purge", self._purge)
        self._schedule.every(LOOK_SECONDS, "health", self._health.monitor.look)
        self._schedule.start()
        self._health.monitor.look()
        hear = hearing(app, self._health.metrics.ack_seconds.observe, self._courtesy)
        connection = Connection(app_token, self._client, hear, self._connection_changed)
        self._health.monitor.line = connection
        log.info("ready")
        try:
            connection.run(self._stopping)
        finally:
            self._schedule.stop()
            self._note("stopped")
            with suppress(StoreError):  # then it is seen to be dead after the length of a lease
                parts.release_policy()

    def _app(
        self,
        identity: AuthorizeResult,
        here: Installation,
        desk: Desk,
        answers: Answers,
        parts: RequestParts,
        drift: DriftParts,
    ) -> App:
        def refuse(ack: Ack, body: dict[str, Any]) -> BoltResponse | None:
            reason = not_for(here, body)
            return desk.refuse(ack, body, reason) if reason else None

        app = build_app(identity, refuse)
        people = RememberedPeople(SlackPeople(self._client), now)
        access = Access(here, allowed(self._settings.viewers), people)
        limits, snapshots = self._settings.drift, Snapshots(now, self._store.snapshots)
        lookup = Lookup(
            EverySite(self._sites),
            access,
            snapshots,
            now,
            limits.grace,
            drift.history,
            limits.job_age,
            parts.requests.waiting_rows,
        )
        commands = Commands(desk, answers)
        commands.register(app)
        public = self._settings.answers.visibility == "channel"
        StatusListeners(lookup, desk, answers, partial(self._around, parts), public=public).register(app, commands)
        AuditListeners(access, self._store.ledger, desk, answers).register(app)
        hurry = partial(self._schedule.soon, "apply")
        RequestListeners(
            lookup,
            parts.requesting,
            parts.approving,
            desk,
            answers,
            self._client,
            hurry,
            lambda: freeze_words(parts.freezing.now()),
        ).register(app)
        BrakeAndHistory(parts.requests, parts.freezing, parts.standing, access, answers, now).register(commands)
        homes = Glance(self._settings, drift, parts, access, self._client).listen(app, commands, desk, answers)
        self._schedule.every(HOMES_SECONDS, "homes", homes.refresh)
        return app

    def _around(self, parts: RequestParts) -> Around:
        return Around(RowsAllowed(self._settings.reset.rows), freeze_words(parts.freezing.now()))

    def _relay(self, here: Installation, parts: RequestParts, drift: DriftParts) -> Relay:
        client = client_of(self._settings)
        poster, names = SlackPoster(client, parts.withheld), SlackNames(client, now)
        cards = parts.cards(poster, self._forms)
        pen = Pen(
            how_many=partial(audit.how_many, url=here.url),
            lines=lambda entries, repeated: payload_of(audit.draw(entries, names, repeated, here.url)),
            gap=lambda entry, error: payload_of(audit.gap(entry, error)),
            notice=drift.letters(cards.letter, poster.link),
            subject=cards.subject,
            is_drawn_from_state=lambda payload: CARD in payload or REPLACED in payload,
        )
        channels = self._settings.channels
        first = (channels.audit, channels.approvals)
        store = self._store
        return Relay(store.outbox, store.ledger, store.leases, poster, pen, time.monotonic, first=first)

    def _mail(self, user_id: str, payload: dict[str, Any]) -> None:
        """Have a direct message delivered by the relay, now or when Slack is back."""
        deed = Deed("answered by direct message", "done", object=user_id)
        self._store.ledger.append(deed.draft(NOBODY, "bot"), [Notice(user_id, payload)])

    def _purge(self) -> None:
        self._store.inbox.purge(now() - ANSWERED_KEPT_FOR)

    def _connection_changed(self, is_back: bool) -> None:  # noqa: FBT001 - a callback's one argument
        self._note("connection back" if is_back else "connection lost")

    def _note(self, verb: str) -> None:
        """Record what happened to us; when that is impossible, it happened all the same."""
        try:
            self._diary.note(verb)
        except StoreError as error:
            log.warning("cannot record", verb=verb, trouble=error.trouble.value, detail=error.detail)

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=partial(work, *arguments), daemon=True)
        self._threads.append(thread)
        thread.start()


def say_what_is_readable(site: SiteDatabase) -> None:
    """Tell the admin at start what a site lets us read and of which type its keys are; the bot works without, too."""
    try:
        shape = site.probe()
    except SiteError as error:
        log.warning("site database failed", site=error.site, trouble=error.trouble.value, detail=error.detail)
    else:
        log.info(
            "site database is readable", site=site.code, unread=list(shape.unread), key_types=list(shape.key_types)
        )
