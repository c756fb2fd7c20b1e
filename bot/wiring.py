"""The composition root: settings in, a Bot with `run` and `stop` out. The only file that imports everyone."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog
from slack_sdk import WebClient
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from bot.dbapi import Database, Patience
from bot.domain.package import SiteCode
from bot.site.reading import SiteDatabase
from bot.slack.answers import Answers, Forms
from bot.slack.app import build_app
from bot.slack.connection import Connection, introduce
from bot.slack.desk import Desk
from bot.slack.people import RememberedPeople, SlackPeople
from bot.slack.status import StatusListeners
from bot.slack.work import WorkPool
from bot.usecases.access import Access, Allowed
from bot.usecases.lookup import Lookup
from bot.usecases.ports import SiteError
from bot.usecases.snapshots import Snapshots
from bot.views.tables import Form

if TYPE_CHECKING:
    from slack_bolt import App

    from bot.settings import People, Settings

log = structlog.get_logger()

API_SECONDS = 20
RATE_LIMIT_RETRIES = 3


class Bot:
    """The whole bot: `run` returns after `stop`, when everything that was taken on is finished."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = WebClient(
            token=settings.slack.bot_token.get_secret_value(),
            base_url=settings.slack.api_url,
            timeout=API_SECONDS,
        )
        self._client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=RATE_LIMIT_RETRIES))
        self._sites = {code: self._site(code) for code in map(SiteCode, settings.sites)}
        self._work = WorkPool(settings.work.workers, settings.work.waiting)
        self._connection: Connection | None = None
        self._stopping = threading.Event()

    def run(self) -> None:
        """Connect and work until `stop`. Raises SlackRefused when Slack will never let us in."""
        for site in self._sites.values():
            threading.Thread(target=_say_what_is_readable, args=(site,), daemon=True).start()
        team_id = introduce(self._client, self._stopping)
        if team_id is not None:
            self._connection = Connection(
                self._app(team_id), self._settings.slack.app_token.get_secret_value(), self._stopping
            )
            self._connection.run()
        for site in self._sites.values():
            site.close()
        log.info("stopped")

    def stop(self) -> None:
        """Take no new work, finish what runs, then let `run` return."""
        log.info("stopping")
        if not self._work.close(self._settings.work.drain.total_seconds()):
            log.warning("stopped before everything was finished")
        self._stopping.set()

    def _app(self, team_id: str) -> App:
        app = build_app(self._client)
        answers = Answers(self._client, Forms(_forms(self._settings.answers.tables)))
        people = RememberedPeople(SlackPeople(self._client), _now)
        lookup = Lookup(
            sites=self._sites,
            access=Access(team_id, _allowed(self._settings.viewers), people),
            snapshots=Snapshots(_now),
            clock=_now,
            grace=self._settings.drift.grace,
        )
        public = self._settings.answers.visibility == "channel"
        StatusListeners(lookup, Desk(self._work, answers), answers, public=public).register(app)
        return app

    def _site(self, code: SiteCode) -> SiteDatabase:
        work = self._settings.work
        patience = Patience(int(work.login_timeout.total_seconds()), int(work.query_timeout.total_seconds()))
        return SiteDatabase(code, Database(self._settings.sites[code].database.get_secret_value(), patience))


def _say_what_is_readable(site: SiteDatabase) -> None:
    """Tell the admin at start what a site lets us read; the bot also works while a site is away."""
    try:
        unread = site.probe().unread
    except SiteError as error:
        log.warning("site database failed", site=error.site, trouble=error.trouble.value, detail=error.detail)
    else:
        log.info("site database is readable", site=site.code, unread=list(unread))


def _forms(choice: str) -> tuple[Form, ...]:
    """The ladder of table forms; a chosen form still falls back to plain text."""
    return tuple(Form) if choice == "auto" else tuple(dict.fromkeys([Form(choice), Form.TEXT]))


def _allowed(people: People) -> Allowed:
    return Allowed(people.users, people.groups)


def _now() -> datetime:
    return datetime.now(UTC)
