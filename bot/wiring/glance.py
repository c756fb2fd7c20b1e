"""The parts by which people see drift at a glance: the answer to `/pkgstatus drift`, and App Home."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.slack.digests import DriftListeners
from bot.slack.home import HomeListeners
from bot.usecases.homing import Homing
from bot.wiring.parts import now, undelivered_of

if TYPE_CHECKING:
    from slack_bolt import App
    from slack_sdk import WebClient

    from bot.settings import Settings
    from bot.slack.answers import Answers
    from bot.slack.commands import Commands
    from bot.slack.desk import Desk
    from bot.usecases.access import Access
    from bot.wiring.drift import DriftParts
    from bot.wiring.requests import RequestParts


class Glance:
    """What shows drift to people, put together."""

    def __init__(
        self, settings: Settings, drift: DriftParts, parts: RequestParts, access: Access, client: WebClient
    ) -> None:
        # Who may vote is shown here, not decided: what Slack said a moment ago will do.
        standing = replace(parts.standing, people=access.people)
        self._drift, self._client, self._access = drift, client, access
        undelivered = undelivered_of(settings, drift.digesting.outbox, drift.digesting.ledger)
        self._homing = Homing(drift.digesting, access, standing, drift.publishing.upcoming, undelivered.look)
        self._public = settings.answers.visibility == "channel"

    def listen(self, app: App, commands: Commands, desk: Desk, answers: Answers) -> HomeListeners:
        """Register what is heard; return the Homes, which are to be refreshed by the clock."""
        drift = self._drift
        DriftListeners(drift.digesting, self._access, desk, answers, drift.charts, now, self._public).register(
            app, commands
        )
        homes = HomeListeners(self._homing, desk, self._client, drift.person, now)
        homes.register(app)
        return homes
