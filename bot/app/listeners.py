"""All listeners of the bot with what they need, registered with Bolt: one statement for each thing people can do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.app.factories import allowed_people, make_undelivered, now
from bot.app.resets import freeze_text
from bot.domain.plan import RowsAllowed
from bot.slack.listeners.audit import AuditListeners
from bot.slack.listeners.drift import DriftListeners
from bot.slack.listeners.freeze import FreezeListeners
from bot.slack.listeners.history import HistoryListeners, RequestList
from bot.slack.listeners.home import HomeListeners
from bot.slack.listeners.lookup import LookupListeners
from bot.slack.listeners.requests import RequestListeners
from bot.slack.people import CachedPeople, SlackPeople
from bot.slack.slash_command import SlashCommand
from bot.usecases.access import Access
from bot.usecases.home_page import HomePage
from bot.usecases.lookup.package_lookup import PackageLookup
from bot.usecases.lookup.site_fanout import SiteFanout
from bot.usecases.lookup.snapshots import SnapshotCache
from bot.views.version_table import ResetContext

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slack_bolt import App
    from slack_sdk import WebClient

    from bot.app.drift import DriftParts
    from bot.app.resets import ResetParts
    from bot.domain.package import SiteCode
    from bot.settings import Settings
    from bot.slack.dispatcher import Dispatcher
    from bot.slack.responder import Responder
    from bot.store.factory import Store
    from bot.usecases.access import Installation
    from bot.usecases.ports.site import SiteReader


@dataclass(frozen=True, slots=True)
class ListenerParts:
    """What listeners are made from."""

    settings: Settings
    store: Store
    sites: Mapping[SiteCode, SiteReader]
    client: WebClient
    here: Installation
    dispatcher: Dispatcher
    responder: Responder
    resets: ResetParts
    drift: DriftParts
    apply_soon: Callable[[], None]
    """Called after a vote, so that an approved request need not wait for the executor's next turn."""

    def register(self, app: App) -> HomeListeners:
        """Register every listener; return those of App Home, whose pages are to be refreshed again and again."""
        dispatcher, responder, resets, drift = self.dispatcher, self.responder, self.resets, self.drift
        is_public = self.settings.answers.visibility == "channel"
        access = Access(self.here, allowed_people(self.settings.viewers), CachedPeople(SlackPeople(self.client), now))
        lookup = self._lookup(access)
        commands = SlashCommand(dispatcher, responder)
        commands.register(app)
        LookupListeners(lookup, dispatcher, responder, self._reset_context, is_public).register(app, commands)
        AuditListeners(access, self.store.ledger, dispatcher, responder).register(app)
        request_list = RequestList(resets.requests, access, responder, now)
        RequestListeners(
            lookup,
            resets.submission,
            resets.vote_service,
            dispatcher,
            responder,
            self.client,
            self.apply_soon,
            self._freeze_text,
            request_list,
        ).register(app, commands)
        HistoryListeners(request_list).register(commands)
        FreezeListeners(resets.requests, resets.freeze_service, resets.eligibility, responder).register(commands)
        DriftListeners(drift.digest_service, access, dispatcher, responder, drift.charts, now, is_public).register(
            app, commands
        )
        homes = HomeListeners(self._home_page(access), dispatcher, self.client, drift.person, now)
        homes.register(app)
        return homes

    def _lookup(self, access: Access) -> PackageLookup:
        limits = self.settings.drift
        return PackageLookup(
            SiteFanout(self.sites),
            access,
            SnapshotCache(now, self.store.snapshots),
            now,
            limits.grace,
            self.drift.history,
            limits.job_age,
            self.resets.requests.waiting_rows,
        )

    def _home_page(self, access: Access) -> HomePage:
        # Who may vote is shown here, not decided: what Slack said a moment ago will do.
        eligibility = replace(self.resets.eligibility, people=access.people)
        undelivered = make_undelivered(self.settings, self.store.outbox, self.store.ledger)
        return HomePage(self.drift.digest_service, access, eligibility, self.drift.publisher.upcoming, undelivered.look)

    def _reset_context(self) -> ResetContext:
        return ResetContext(RowsAllowed(self.settings.reset.rows), self._freeze_text())

    def _freeze_text(self) -> str:
        return freeze_text(self.resets.freeze_service.now())
