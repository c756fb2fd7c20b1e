"""The parts by which people see drift at a glance: the answer to `/pkgstatus drift`, and App Home."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.app.parts import now, undelivered_of
from bot.slack.listeners.drift import DriftListeners
from bot.slack.listeners.home import HomeListeners
from bot.usecases.home_page import HomePage

if TYPE_CHECKING:
    from slack_bolt import App
    from slack_sdk import WebClient

    from bot.app.drift import DriftParts
    from bot.app.resets import RequestParts
    from bot.settings import Settings
    from bot.slack.dispatcher import Dispatcher
    from bot.slack.responder import Responder
    from bot.slack.slash_command import SlashCommand
    from bot.usecases.access import Access


class Glance:
    """What shows drift to people, put together."""

    def __init__(
        self, settings: Settings, drift: DriftParts, parts: RequestParts, access: Access, client: WebClient
    ) -> None:
        # Who may vote is shown here, not decided: what Slack said a moment ago will do.
        eligibility = replace(parts.eligibility, people=access.people)
        self._drift, self._client, self._access = drift, client, access
        undelivered = undelivered_of(settings, drift.digest_service.outbox, drift.digest_service.ledger)
        self._homing = HomePage(drift.digest_service, access, eligibility, drift.publisher.upcoming, undelivered.look)
        self._public = settings.answers.visibility == "channel"

    def listen(self, app: App, commands: SlashCommand, dispatcher: Dispatcher, responder: Responder) -> HomeListeners:
        """Register what is heard; return the Homes, which are to be refreshed by the clock."""
        drift = self._drift
        DriftListeners(
            drift.digest_service, self._access, dispatcher, responder, drift.charts, now, self._public
        ).register(app, commands)
        homes = HomeListeners(self._homing, dispatcher, self._client, drift.person, now)
        homes.register(app)
        return homes
