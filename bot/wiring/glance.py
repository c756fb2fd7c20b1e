"""The parts by which people see drift at a glance: the answer to `/pkgstatus drift`, and App Home."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from bot.domain.package import SiteCode
from bot.slack.answers import Forms
from bot.slack.digests import DriftListeners
from bot.slack.home import HomeListeners
from bot.slack.people import SlackNames
from bot.store.drift import DriftTables
from bot.usecases.digesting import Digesting
from bot.usecases.homing import Homing
from bot.views import audit
from bot.wiring.parts import chart_forms_of, now

if TYPE_CHECKING:
    from slack_bolt import App
    from slack_sdk import WebClient

    from bot.settings import Settings
    from bot.slack.answers import Answers
    from bot.slack.commands import Commands
    from bot.slack.desk import Desk
    from bot.store.opening import Store
    from bot.usecases.access import Access
    from bot.wiring.requests import RequestParts


class Glance:
    """What shows drift to people, put together."""

    def __init__(
        self, settings: Settings, store: Store, parts: RequestParts, access: Access, client: WebClient
    ) -> None:
        self.charts = Forms(chart_forms_of(settings.answers.tables))
        self.digesting = Digesting(
            sites=tuple(map(SiteCode, settings.sites)),
            history=DriftTables(store.database),
            requests=parts.requests,
            freezing=parts.freezing,
            ledger=store.ledger,
            outbox=store.outbox,
            audit_channel=settings.channels.audit,
            clock=now,
        )
        # Who may vote is shown here, not decided: what Slack said a moment ago will do.
        standing = replace(parts.standing, people=access.people)
        self._homing = Homing(self.digesting, access, standing, lambda _: ())
        self._client, self._access = client, access
        self._public = settings.answers.visibility == "channel"
        self.person = partial(_person, access.team_id, SlackNames(client, now))

    def listen(self, app: App, commands: Commands, desk: Desk, answers: Answers) -> HomeListeners:
        """Register what is heard; return the Homes, which are to be refreshed by the clock."""
        DriftListeners(self.digesting, self._access, desk, answers, self.charts, now, self._public).register(
            app, commands
        )
        homes = HomeListeners(self._homing, desk, self._client, self.person, now)
        homes.register(app)
        return homes


def _person(team_id: str, names: SlackNames, user_id: str) -> str:
    return audit.person(team_id, user_id, names)
