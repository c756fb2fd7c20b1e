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

from bot.app.drift import DriftParts, names_of
from bot.app.executors import Executors
from bot.app.health import LOOK_SECONDS, Health
from bot.app.parts import allowed, fingerprint, forms_of, now, reader_of, store_of, writer_of
from bot.app.preflight import check_policy
from bot.app.resets import RequestParts, freeze_words
from bot.domain.package import SiteCode
from bot.domain.plan import RowsAllowed
from bot.scheduler import Scheduler
from bot.slack.ack_gate import AckGate
from bot.slack.bolt_app import build_app, socket_mode_listener
from bot.slack.dispatcher import Dispatcher
from bot.slack.listeners.audit import AuditListeners
from bot.slack.listeners.freeze import FreezeListeners
from bot.slack.listeners.history import HistoryListeners, RequestList
from bot.slack.listeners.lookup import LookupListeners
from bot.slack.listeners.requests import RequestListeners
from bot.slack.people import CachedPeople, SlackNames, SlackPeople
from bot.slack.recovery import OrphanRecovery
from bot.slack.responder import AcceptedForms, Responder, payload_of
from bot.slack.sender import SlackMessageSender
from bot.slack.slash_command import SlashCommand
from bot.slack.socket_mode import SocketModeConnection
from bot.slack.web_client import create_client
from bot.slack.workspace import authenticate, installation_of, rejection_reason
from bot.usecases.access import Access
from bot.usecases.audit.outbox_relay import MessageRenderer, OutboxRelay
from bot.usecases.audit.recorder import NOBODY, AuditAction, AuditLog, WatchedSite
from bot.usecases.lookup.package_lookup import PackageLookup
from bot.usecases.lookup.site_fanout import SiteFanout
from bot.usecases.lookup.snapshots import SnapshotCache
from bot.usecases.ports.site import SiteError
from bot.usecases.ports.store import CARD, REPLACED, Notification, StoreError
from bot.views import audit_lines
from bot.views.version_table import Around

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_bolt import Ack, App, BoltResponse
    from slack_bolt.authorization import AuthorizeResult

    from bot.settings import Settings
    from bot.site.reader import SiteDatabase
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
        self._audit_log = AuditLog(self._store.ledger)
        self._client = create_client(settings)
        self._client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=RATE_LIMIT_RETRIES))
        self._databases = {code: reader_of(settings, code) for code in map(SiteCode, settings.sites)}
        self._writers = {code: writer_of(settings, code, reader) for code, reader in self._databases.items()}
        self._sites = {code: WatchedSite(site, self._audit_log) for code, site in self._databases.items()}
        self._forms = AcceptedForms(forms_of(settings.answers.tables))
        self._health = Health(settings, self._store, self._sites, lambda: self._executors.unfinished)
        self._ack_gate = AckGate()
        self._executors = Executors.of(settings.work, self._health.metrics.answer_seconds.observe, self._ack_gate.wait)
        self._schedule = Scheduler()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def run(self) -> None:
        """Stay connected and work until `stop`. Raises SlackAuthError or PolicyRefused when that can never be right."""
        self._start(self._health.serve, self._stopping)
        for site in self._databases.values():
            self._start(say_what_is_readable, site)
        try:
            identity = authenticate(self._client, self._stopping)
            if identity is not None:
                self._work_as(identity)
        finally:
            self._end()

    @property
    def is_working(self) -> bool:
        """Whether a job runs or waits, as one that hangs does after a stop."""
        return self._executors.unfinished > 0

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
        if not self._executors.close(self._settings.work.drain.total_seconds()):
            log.warning("stopped before everything was finished")
        self._stopping.set()

    def _work_as(self, identity: AuthorizeResult) -> None:
        app_token = self._settings.slack.app_token.get_secret_value()
        here = installation_of(self._client, identity, app_token)
        parts = RequestParts(self._settings, self._store, self._sites, self._writers, self._client, here)
        check_policy(parts)
        self._audit_log.note(
            "started", f"version {version('pkgstatus-bot')}", {"settings": fingerprint(self._settings)}
        )
        responder = Responder(self._client, self._forms, self._mail)
        inbox, ledger, pools = self._store.inbox, self._store.ledger, self._executors
        recorded = self._health.metrics.recorded
        dispatcher = Dispatcher(pools.work, pools.busy_replies, responder, inbox, ledger, recorded, stops=pools.stops)
        recovery = OrphanRecovery(self._me, self._store.inbox, self._store.leases, dispatcher, now)
        recovery.renew_lease()
        parts.keep_policy()
        drift = DriftParts(self._settings, self._store, self._audit_log, parts, names_of(here, self._client))
        app = self._app(identity, here, dispatcher, responder, parts, drift)
        self._start(drift.run, self._stopping)
        self._start(self._relay(here, parts, drift).run, self._stopping)
        for name, work in (
            ("tick", parts.watcher.tick),
            ("apply", parts.executor.run_pending),
            ("watch", parts.watcher.look),
            ("close undone", parts.watcher.close_undone),
            ("live", recovery.renew_lease),
            ("keep policy", parts.keep_policy),
            ("take over", recovery.scan),
        ):
            self._schedule.every(TICK_SECONDS, name, work)
        for seconds, name, work in drift.jobs():
            self._schedule.every(seconds, name, work)
        self._schedule.every(PURGE_SECONDS, "purge", self._purge)
        self._schedule.every(LOOK_SECONDS, "health", self._health.monitor.look)
        self._schedule.start()
        self._health.monitor.look()
        register = socket_mode_listener(app, self._health.metrics.ack_seconds.observe, self._ack_gate)
        connection = SocketModeConnection(app_token, self._client, register, self._connection_changed)
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
        dispatcher: Dispatcher,
        responder: Responder,
        parts: RequestParts,
        drift: DriftParts,
    ) -> App:
        def refuse(ack: Ack, body: dict[str, Any]) -> BoltResponse | None:
            reason = rejection_reason(here, body)
            return dispatcher.refuse(ack, body, reason) if reason else None

        app = build_app(identity, refuse)
        people = CachedPeople(SlackPeople(self._client), now)
        access = Access(here, allowed(self._settings.viewers), people)
        limits, snapshots = self._settings.drift, SnapshotCache(now, self._store.snapshots)
        lookup = PackageLookup(
            SiteFanout(self._sites),
            access,
            snapshots,
            now,
            limits.grace,
            drift.history,
            limits.job_age,
            parts.requests.waiting_rows,
        )
        commands = SlashCommand(dispatcher, responder)
        commands.register(app)
        public = self._settings.answers.visibility == "channel"
        LookupListeners(lookup, dispatcher, responder, partial(self._around, parts), public).register(app, commands)
        AuditListeners(access, self._store.ledger, dispatcher, responder).register(app)
        request_list = RequestList(parts.requests, access, responder, now)
        RequestListeners(
            lookup,
            parts.submission,
            parts.vote_service,
            dispatcher,
            responder,
            self._client,
            partial(self._schedule.run_now, "apply"),
            lambda: freeze_words(parts.freeze_service.now()),
            request_list,
        ).register(app, commands)
        HistoryListeners(request_list).register(commands)
        FreezeListeners(parts.requests, parts.freeze_service, parts.eligibility, responder).register(commands)
        homes = drift.register(app, commands, dispatcher, responder, access, self._client)
        self._schedule.every(HOMES_SECONDS, "homes", homes.refresh)
        return app

    def _around(self, parts: RequestParts) -> Around:
        return Around(RowsAllowed(self._settings.reset.rows), freeze_words(parts.freeze_service.now()))

    def _relay(self, here: Installation, parts: RequestParts, drift: DriftParts) -> OutboxRelay:
        client = create_client(self._settings)
        sender, names = SlackMessageSender(client, parts.withheld), SlackNames(client, now)
        cards = parts.cards(sender, self._forms)
        renderer = MessageRenderer(
            how_many=partial(audit_lines.how_many, url=here.url),
            lines=lambda entries, repeated: payload_of(audit_lines.draw(entries, names, repeated, here.url)),
            gap=lambda entry, error: payload_of(audit_lines.gap(entry, error)),
            notice=drift.outbound_messages(cards.outbound, sender.link),
            subject=cards.subject,
            is_drawn_from_state=lambda payload: CARD in payload or REPLACED in payload,
        )
        channels = self._settings.channels
        first = (channels.audit, channels.approvals)
        store = self._store
        return OutboxRelay(store.outbox, store.ledger, store.leases, sender, renderer, time.monotonic, first=first)

    def _mail(self, user_id: str, payload: dict[str, Any]) -> None:
        """Have a direct message delivered by the relay, now or when Slack is back."""
        action = AuditAction("answered by direct message", "done", object=user_id)
        self._store.ledger.append(action.draft(NOBODY, "bot"), [Notification(user_id, payload)])

    def _purge(self) -> None:
        self._store.inbox.purge(now() - ANSWERED_KEPT_FOR)

    def _connection_changed(self, is_back: bool) -> None:  # noqa: FBT001 - a callback's one argument
        self._note("connection back" if is_back else "connection lost")

    def _note(self, verb: str) -> None:
        """Record what happened to us; when that is impossible, it happened all the same."""
        try:
            self._audit_log.note(verb)
        except StoreError as error:
            log.warning("cannot record", verb=verb, trouble=error.kind.value, detail=error.detail)

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=partial(work, *arguments), daemon=True)
        self._threads.append(thread)
        thread.start()


def say_what_is_readable(site: SiteDatabase) -> None:
    """Tell the admin at start what a site lets us read and of which type its keys are; the bot works without, too."""
    try:
        shape = site.probe()
    except SiteError as error:
        log.warning("site database failed", site=error.site, trouble=error.kind.value, detail=error.detail)
    else:
        log.info(
            "site database is readable", site=site.code, unread=list(shape.unread), key_types=list(shape.key_types)
        )
