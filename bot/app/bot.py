"""The bot as one object: it opens the store, learns its identity from Slack, connects, works, drains and stops."""

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

from bot.app.drift import DriftParts, person_names
from bot.app.executors import Executors
from bot.app.factories import fingerprint, make_reader, make_store, make_writer, now, table_forms
from bot.app.health import LOOK_SECONDS, HealthParts
from bot.app.listeners import ListenerParts
from bot.app.preflight import check_policy
from bot.app.resets import ResetParts
from bot.domain.package import SiteCode
from bot.scheduler import Scheduler
from bot.slack.ack_gate import AckGate
from bot.slack.bolt_app import build_app, socket_mode_listener
from bot.slack.dispatcher import Dispatcher
from bot.slack.people import SlackNames
from bot.slack.recovery import OrphanRecovery
from bot.slack.responder import AcceptedForms, Responder, payload_of
from bot.slack.sender import SlackMessageSender
from bot.slack.socket_mode import SocketModeConnection
from bot.slack.web_client import create_client
from bot.slack.workspace import authenticate, installation_of, rejection_reason
from bot.usecases.audit.outbox_relay import MessageRenderer, OutboxRelay
from bot.usecases.audit.recorder import NOBODY, AuditAction, AuditLog, WatchedSite
from bot.usecases.ports.site import SiteError
from bot.usecases.ports.store import CARD, REPLACED, Notification, StoreError
from bot.views import audit_lines

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
    """The bot of these settings; making one opens the store and migrates it, and raises StoreError.

    `run` connects to Slack last, when every command would be acknowledged at once, and returns after `stop`, when all
    accepted work is finished.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._holder = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._store = make_store(settings, self._holder)
        self._audit_log = AuditLog(self._store.ledger)
        self._client = create_client(settings)
        self._client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=RATE_LIMIT_RETRIES))
        self._readers = {code: make_reader(settings, code) for code in map(SiteCode, settings.sites)}
        self._writers = {code: make_writer(settings, code, reader) for code, reader in self._readers.items()}
        self._sites = {code: WatchedSite(site, self._audit_log) for code, site in self._readers.items()}
        self._forms = AcceptedForms(table_forms(settings.answers.tables))
        self._health = HealthParts(settings, self._store, self._sites, lambda: self._executors.unfinished)
        self._ack_gate = AckGate()
        self._executors = Executors.of(settings.work, self._health.metrics.answer_seconds.observe, self._ack_gate.wait)
        self._scheduler = Scheduler()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def run(self) -> None:
        """Stay connected and work until `stop`.

        Raises SlackAuthError, or PolicyRefused where the two-person rule cannot be kept.
        """
        self._start(self._health.serve, self._stopping)
        for site in self._readers.values():
            self._start(log_readability, site)
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
        """Wait for the threads, and close the databases."""
        self._stopping.set()
        deadline = time.monotonic() + THREAD_SECONDS
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0))
        for code in self._readers:
            self._readers[code].close()
            self._writers[code].close()
        self._store.close()
        log.info("stopped")

    def stop(self) -> None:
        """Take no new work, finish what runs within the drain time, then let `run` return."""
        log.info("stopping")
        if not self._executors.close(self._settings.work.drain.total_seconds()):
            log.warning("stopped before everything was finished")
        self._stopping.set()

    def _work_as(self, identity: AuthorizeResult) -> None:
        """Put together what needs the bot's identity, connect, and work until stopped."""
        app_token = self._settings.slack.app_token.get_secret_value()
        here = installation_of(self._client, identity, app_token)
        resets = ResetParts(self._settings, self._store, self._sites, self._writers, self._client, here)
        check_policy(resets)
        self._audit_log.note(
            "started", f"version {version('pkgstatus-bot')}", {"settings": fingerprint(self._settings)}
        )
        responder = Responder(self._client, self._forms, self._send_direct_message)
        inbox, ledger, executors = self._store.inbox, self._store.ledger, self._executors
        recorded = self._health.metrics.recorded
        dispatcher = Dispatcher(
            executors.work, executors.busy_replies, responder, inbox, ledger, recorded, stops=executors.stops
        )
        recovery = OrphanRecovery(self._holder, self._store.inbox, self._store.leases, dispatcher, now)
        recovery.renew_lease()
        resets.keep_policy()
        drift = DriftParts(self._settings, self._store, self._audit_log, resets, person_names(here, self._client))
        app = self._app(identity, here, dispatcher)
        homes = ListenerParts(
            settings=self._settings,
            store=self._store,
            sites=self._sites,
            client=self._client,
            here=here,
            dispatcher=dispatcher,
            responder=responder,
            resets=resets,
            drift=drift,
            apply_soon=partial(self._scheduler.run_now, "apply"),
        ).register(app)
        self._start(drift.run, self._stopping)
        self._start(self._relay(here, resets, drift).run, self._stopping)
        for name, work in (
            ("tick", resets.watcher.tick),
            ("apply", resets.executor.run_pending),
            ("watch", resets.watcher.look),
            ("close undone", resets.watcher.close_undone),
            ("live", recovery.renew_lease),
            ("keep policy", resets.keep_policy),
            ("take over", recovery.scan),
        ):
            self._scheduler.every(TICK_SECONDS, name, work)
        for seconds, name, work in drift.jobs():
            self._scheduler.every(seconds, name, work)
        self._scheduler.every(HOMES_SECONDS, "homes", homes.refresh)
        self._scheduler.every(PURGE_SECONDS, "purge", self._purge)
        self._scheduler.every(LOOK_SECONDS, "health", self._health.monitor.look)
        self._scheduler.start()
        self._health.monitor.look()
        register = socket_mode_listener(app, self._health.metrics.ack_seconds.observe, self._ack_gate)
        connection = SocketModeConnection(app_token, self._client, register, self._connection_changed)
        self._health.monitor.line = connection
        log.info("ready")
        try:
            connection.run(self._stopping)
        finally:
            self._scheduler.stop()
            self._note("stopped")
            with suppress(StoreError):  # then it is seen to be dead after the length of a lease
                resets.release_policy()

    def _app(self, identity: AuthorizeResult, here: Installation, dispatcher: Dispatcher) -> App:
        """Return Bolt's app, which refuses what is not for this workspace or this app."""

        def refuse(ack: Ack, body: dict[str, Any]) -> BoltResponse | None:
            reason = rejection_reason(here, body)
            return dispatcher.refuse(ack, body, reason) if reason else None

        return build_app(identity, refuse)

    def _relay(self, here: Installation, resets: ResetParts, drift: DriftParts) -> OutboxRelay:
        client = create_client(self._settings)
        sender, names = SlackMessageSender(client, resets.withheld_tables), SlackNames(client, now)
        cards = resets.cards(sender, self._forms)
        renderer = MessageRenderer(
            how_many=partial(audit_lines.entries_that_fit, url=here.url),
            lines=lambda entries, repeated: payload_of(audit_lines.draw(entries, names, repeated, here.url)),
            gap=lambda entry, error: payload_of(audit_lines.missing_line(entry, error)),
            notice=drift.outbound_messages(cards.outbound, sender.link),
            subject=cards.subject,
            is_drawn_from_state=lambda payload: CARD in payload or REPLACED in payload,
        )
        channels = self._settings.channels
        first = (channels.audit, channels.approvals)
        store = self._store
        return OutboxRelay(store.outbox, store.ledger, store.leases, sender, renderer, time.monotonic, first=first)

    def _send_direct_message(self, user_id: str, payload: dict[str, Any]) -> None:
        """Leave a direct message to the relay, which delivers it now or when Slack is back. Raises StoreError."""
        action = AuditAction("answered by direct message", "done", object=user_id)
        self._store.ledger.append(action.draft(NOBODY, "bot"), [Notification(user_id, payload)])

    def _purge(self) -> None:
        self._store.inbox.purge(now() - ANSWERED_KEPT_FOR)

    def _connection_changed(self, is_back: bool) -> None:  # noqa: FBT001 - a callback's one argument
        self._note("connection back" if is_back else "connection lost")

    def _note(self, verb: str) -> None:
        """Record what happened to the bot; a store that fails is only logged."""
        try:
            self._audit_log.note(verb)
        except StoreError as error:
            log.warning("cannot record", verb=verb, trouble=error.kind.value, detail=error.detail)

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=partial(work, *arguments), daemon=True)
        self._threads.append(thread)
        thread.start()


def log_readability(site: SiteDatabase) -> None:
    """Log which tables of a site this login may not read, and the types of its key columns."""
    try:
        shape = site.probe()
    except SiteError as error:
        log.warning("site database failed", site=error.site, trouble=error.kind.value, detail=error.detail)
    else:
        log.info(
            "site database is readable", site=site.code, unread=list(shape.unread), key_types=list(shape.key_types)
        )
