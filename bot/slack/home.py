"""App Home: published when it is opened, and again when something in it changes for those who opened it lately.

Bounded in people, in time and in calls per look (views.publish: 100 and more a minute, docs.slack.dev).
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
from bot.slack.desk import Reply
from bot.slack.incoming import Incoming
from bot.usecases.recording import Deed, refused
from bot.views import home

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from slack_bolt import Ack, App
    from slack_sdk import WebClient

    from bot.domain.home import Glance
    from bot.slack.desk import Desk
    from bot.usecases.access import Actor
    from bot.usecases.homing import Homing
    from bot.usecases.ports import Clock
    from bot.views.kit import Block

log = structlog.stdlib.get_logger(__name__)

EVENT = "app_home_opened"
VERB = "opened App Home"
FRESH_FOR = timedelta(hours=1)
MOST_PEOPLE = 100
MOST_PER_LOOK = 10


@dataclass(slots=True)
class _Opened:
    """Who opened their Home, when, and as what it was published last."""

    actor: Actor
    at: datetime
    view: Block


@dataclass(frozen=True, slots=True)
class HomeListeners:
    """Publishes Homes; `person` names somebody by user id, without a ping."""

    homing: Homing
    desk: Desk
    client: WebClient
    person: Callable[[str], str]
    clock: Clock
    _opened: OrderedDict[str, _Opened] = field(default_factory=OrderedDict)
    _traces: list[object] = field(default_factory=list)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def register(self, app: App) -> None:
        """Tell Bolt and the desk."""
        app.event(EVENT)(self.on_home_opened)
        self.desk.hear(EVENT, self._open)

    def on_home_opened(self, ack: Ack, body: dict[str, Any]) -> None:
        """Hear that somebody opened the app; its Messages tab needs nothing."""
        incoming = Incoming.event(body)
        if incoming.text == "home":
            self.desk.take_click(ack, incoming)

    def refresh(self) -> None:
        """Publish again what says something new, for a few people at a time; look away while nothing changes."""
        people = self._lately()
        if not people or [traces := self.homing.traces()] == self._traces:
            return
        self._traces[:] = [traces] if self._publish_what_changed(people, self.homing.glance()) else []

    def _open(self, incoming: Incoming) -> Reply:
        outcome = self.homing.home(incoming.actor, self.homing.glance())
        if isinstance(outcome, Refusal):
            view = home.refused(outcome)
            return Reply(refused(VERB, outcome.reason), partial(self._publish, incoming.user_id, view))
        view = home.draw(outcome, self.person)
        return Reply(Deed(VERB, "answered"), partial(self._show, _Opened(incoming.actor, self.clock(), view)))

    def _show(self, opened: _Opened) -> None:
        user_id = opened.actor.user_id
        self._publish(user_id, opened.view)
        with self._guard:
            self._opened[user_id] = opened
            self._opened.move_to_end(user_id)
            while len(self._opened) > MOST_PEOPLE:
                self._opened.popitem(last=False)

    def _lately(self) -> list[_Opened]:
        oldest = self.clock() - FRESH_FOR
        with self._guard:
            for user_id in [user_id for user_id, opened in self._opened.items() if opened.at < oldest]:
                del self._opened[user_id]
            return list(self._opened.values())

    def _publish_what_changed(self, people: Sequence[_Opened], glance: Glance) -> bool:
        """Publish for those whose Home says something new; False when some are left for the next look."""
        published = 0
        for opened in people:
            view = self._drawn_anew(opened, glance)
            if home.says(view) == home.says(opened.view):
                continue
            if published == MOST_PER_LOOK:
                return False
            try:
                self._publish(opened.actor.user_id, view)
            except (SlackApiError, SlackClientError, HTTPException, OSError) as error:
                log.warning("a Home was not published again", user=opened.actor.user_id, error=str(error))
                return False
            opened.view = view
            published += 1
        return True

    def _drawn_anew(self, opened: _Opened, glance: Glance) -> Block:
        outcome = self.homing.home(opened.actor, glance)
        if isinstance(outcome, Refusal):
            # Slack does not say who somebody is just now: what they see stays.
            return opened.view if outcome.reason is Reason.CANNOT_LOOK_UP else home.refused(outcome)
        return home.draw(outcome, self.person)

    def _publish(self, user_id: str, view: Block) -> None:
        self.client.views_publish(user_id=user_id, view=view)
