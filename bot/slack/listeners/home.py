"""App Home: published when it is opened, and again when something in it changes for those who opened it lately.

Bounded in people, in time and in calls per refresh (views.publish: 100 and more a minute, docs.slack.dev).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

import structlog
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.domain.refusal import Reason, Refusal
from bot.slack.dispatcher import Outcome
from bot.slack.inbound import InboundRequest
from bot.usecases.audit.recorder import AuditAction, refused
from bot.views import app_home

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from slack_bolt import Ack, App
    from slack_sdk import WebClient

    from bot.domain.home_content import HomeSnapshot
    from bot.slack.dispatcher import Dispatcher
    from bot.usecases.access import Actor
    from bot.usecases.home_page import HomePage
    from bot.usecases.ports.clock import Clock
    from bot.views.block_kit import Block

log = structlog.stdlib.get_logger(__name__)

EVENT = "app_home_opened"
VERB = "opened App Home"
FRESH_FOR = timedelta(hours=1)
MAX_PEOPLE = 100
MAX_PER_REFRESH = 10


@dataclass(slots=True)
class _Opened:
    """Who opened their Home, when, and the view that was published last."""

    actor: Actor
    at: datetime
    view: Block


@dataclass(frozen=True, slots=True)
class HomeListeners:
    """Publishes Homes; `person` returns the mrkdwn that names a user id without a ping."""

    home_page: HomePage
    dispatcher: Dispatcher
    client: WebClient
    person: Callable[[str], str]
    clock: Clock
    _opened: OrderedDict[str, _Opened] = field(default_factory=OrderedDict)
    _last_traces: list[object] = field(default_factory=list)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def register(self, app: App) -> None:
        """Register the handler of the event."""
        app.event(EVENT)(self.on_home_opened)
        self.dispatcher.register(EVENT, self._open)

    def on_home_opened(self, ack: Ack, body: dict[str, Any]) -> None:
        """Bolt listener of `app_home_opened`; the Messages tab needs nothing."""
        inbound = InboundRequest.event(body)
        if inbound.text == "home":
            self.dispatcher.accept_click(ack, inbound)

    def refresh(self) -> None:
        """Publish Homes whose content changed, at most MAX_PER_REFRESH of them; read nothing while no trace changed."""
        people = self._opened_recently()
        if not people or [change_token := self.home_page.change_token()] == self._last_traces:
            return
        self._last_traces[:] = [change_token] if self._publish_changed(people, self.home_page.home_snapshot()) else []

    def _open(self, inbound: InboundRequest) -> Outcome:
        outcome = self.home_page.home(inbound.actor, self.home_page.home_snapshot())
        if isinstance(outcome, Refusal):
            view = app_home.draw_refusal(outcome)
            return Outcome(refused(VERB, outcome.reason), partial(self._publish, inbound.user_id, view))
        view = app_home.draw(outcome, self.person)
        return Outcome(
            AuditAction(VERB, "answered"), partial(self._publish_opened, _Opened(inbound.actor, self.clock(), view))
        )

    def _publish_opened(self, opened: _Opened) -> None:
        user_id = opened.actor.user_id
        self._publish(user_id, opened.view)
        with self._guard:
            self._opened[user_id] = opened
            self._opened.move_to_end(user_id)
            while len(self._opened) > MAX_PEOPLE:
                self._opened.popitem(last=False)

    def _opened_recently(self) -> list[_Opened]:
        oldest = self.clock() - FRESH_FOR
        with self._guard:
            for user_id in [user_id for user_id, opened in self._opened.items() if opened.at < oldest]:
                del self._opened[user_id]
            return list(self._opened.values())

    def _publish_changed(self, people: Sequence[_Opened], home_snapshot: HomeSnapshot) -> bool:
        """Publish Homes whose content changed; False when some are left for the next refresh."""
        published = 0
        for opened in people:
            view = self._redraw(opened, home_snapshot)
            if app_home.without_timestamp(view) == app_home.without_timestamp(opened.view):
                continue
            if published == MAX_PER_REFRESH:
                return False
            try:
                self._publish(opened.actor.user_id, view)
            except (SlackApiError, SlackClientError, HTTPException, OSError) as error:
                log.warning("a Home was not published again", user=opened.actor.user_id, error=str(error))
                return False
            opened.view = view
            published += 1
        return True

    def _redraw(self, opened: _Opened, home_snapshot: HomeSnapshot) -> Block:
        outcome = self.home_page.home(opened.actor, home_snapshot)
        if isinstance(outcome, Refusal):
            # Slack does not say who somebody is just now: what they see stays.
            return opened.view if outcome.reason is Reason.CANNOT_LOOK_UP else app_home.draw_refusal(outcome)
        return app_home.draw(outcome, self.person)

    def _publish(self, user_id: str, view: Block) -> None:
        self.client.views_publish(user_id=user_id, view=view)
