"""Simulated users that act on the bot all the time, and a simulated site that brings reset rows back.

Each user counts the actions tried and acknowledged, and records those acknowledged and never answered.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bot.dbapi import Database
from tests.frontdoor.databases import read
from tests.frontdoor.message_content import buttons, visible_text
from tests.frontdoor.resets import APPROVALS, APPROVE, REJECT, REQUEST, WHY, WITHDRAW
from tests.harness import OPS, PROGRESS_NOTES, ActionRefused

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from tests.harness import Harness, Json

PATIENCE_SECONDS = 90
"""Longer than the work of the dead is taken over, and than their leases and all queues last."""
LOOK_SECONDS = 0.1
SERVERS = [f"{place}-DP0{number}" for place in ("LON", "MUC") for number in range(1, 5)]
ASIDE = [f"find chaos-{number}" for number in range(3)] + [
    "PS100112 behind",
    "requests",
    "help",
    "PS10",
    "history PS100112",
]


@dataclass
class SimulatedUser:
    """A person who picks one action after the other at random."""

    harness: Harness
    name: str
    rng: random.Random
    tried: int = 0
    acknowledged: int = 0
    unanswered: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    def live(self, until: threading.Event) -> None:
        """Do one thing after the other."""
        actions = (
            [self.ask, self.request, self.withdraw] if self.name == "ada" else [self.ask, self.approve, self.reject]
        )
        while not until.is_set():
            self.attempt(self.rng.choices(actions, [2, 4, 1])[0])
            time.sleep(self.rng.uniform(0, 2 if self.name == "ada" else 0.1))  # a card takes the relay seconds

    def attempt(self, action: Callable[[], object]) -> None:
        """Do something that may have become impossible meanwhile."""
        try:
            action()
        except ActionRefused:  # what they saw is gone, or the workspace let them wait
            self.done["not possible"] += 1

    def ask(self) -> Json | None:
        """Type something that only reads."""
        return self._command(self.rng.choice(ASIDE))

    def request(self) -> None:
        """Ask for a reset of some rows, from the table to the form."""
        table = self._command("PS100112 " + " ".join(f"dp:{server}" for server in self.rng.sample(SERVERS, 2)))
        if table is None or "Request reset" not in " ".join(buttons(table)):
            return
        self.harness.do("close", user=self.name, all=True)
        if self._press(table, REQUEST) and self._wait(lambda: self._form("Why"), 10):
            sent = self._do("submit", user=self.name, values={"reason": {"field": WHY}})
            self.done["requested"] += bool(sent["acked"])

    def withdraw(self) -> None:
        """Take a request back."""
        self._decide(WITHDRAW)

    def approve(self) -> None:
        """Vote for a request."""
        self._decide(APPROVE)

    def reject(self) -> None:
        """Say no, with a reason."""
        self.harness.do("close", user=self.name, all=True)
        if (
            self.rng.random() < 0.3
            and self._decide(REJECT, is_answered=False)
            and self._wait(lambda: self._form("Why"), 5)
        ):
            self.done["rejected"] += bool(
                self._do("submit", user=self.name, values={"reason": {"field": WHY}})["acked"]
            )

    def _decide(self, action: str, *, is_answered: bool = True) -> bool:
        cards = [m for m in self.harness.messages(APPROVALS, self.name) if not m["ephemeral"] and _has(m, action)]
        if not cards:
            return False
        since = self._now()
        if not self._press(self.rng.choice(cards), action):
            return False
        self.done[action] += 1
        return not is_answered or self._answer(action, APPROVALS, since) is not None

    def _command(self, text: str) -> Json | None:
        since = self._now()
        taken = self._do("command", user=self.name, channel=OPS, command="/pkgstatus", text=text)
        if not taken["acked"] or taken["response"]:  # not taken, or answered on the spot
            return None
        self.done["command"] += 1
        return self._answer(text, OPS, since)

    def _press(self, message: Json, action: str) -> bool:
        return bool(
            self._do("click", user=self.name, channel=message["channel"], ts=message["ts"], action_id=action)["acked"]
        )

    def _do(self, action: str, **what: Any) -> Json:
        self.tried += 1
        answer = self.harness.do(action, **what)
        self.acknowledged += bool(answer["acked"])
        return answer

    def _answer(self, what: str, channel: str, since: str) -> Json | None:
        began = time.monotonic()

        def found() -> Json | None:
            mine = (m for m in self.harness.messages(channel, self.name) if m["ephemeral"] and m["ts"] > since)
            return next((m for m in mine if not m["text"].startswith(PROGRESS_NOTES)), None)

        answer = self._wait(found, PATIENCE_SECONDS)
        if answer is None:
            self.unanswered.append(what)
        self.waits.append(time.monotonic() - began)
        return answer

    def _form(self, label: str) -> Json | None:
        views = self.harness.query("views", user=self.name)["views"]
        is_there = views and "Reading the rows" not in visible_text(views[-1]) and label in visible_text(views[-1])
        return views[-1] if is_there else None

    def _wait(self, what: Callable[[], Json | None], seconds: float) -> Json | None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := what():
                return found
            time.sleep(LOOK_SECONDS)
        return None

    @staticmethod
    def _now() -> str:
        return f"{time.time():.6f}"


def _has(card: Json, action: str) -> bool:
    return any(button["action_id"] == action for button in buttons(card).values())


def simulated_users(harness: Harness, rng: random.Random) -> list[SimulatedUser]:
    """Return somebody who asks for resets and three who decide."""
    names = ("ada", "grace", "linus", "margaret")
    return [SimulatedUser(harness, name, random.Random(rng.random())) for name in names]  # noqa: S311 - a game


def distribute(site: str, until: threading.Event) -> None:
    """Bring rows that were reset back to where they were stuck, as a site that is still broken would."""
    rows = "SELECT SourceVersion, Status, Type, SiteCode, PkgServer FROM dbo.PkgStatus WHERE ID = 'PS100112'"
    stuck = [row for row in read(site, rows) if row[0]]
    again = (
        "UPDATE dbo.PkgStatus SET SourceVersion = ?, Status = ? WHERE ID = 'PS100112' AND SourceVersion = 0"
        " AND Type = ? AND SiteCode = ? AND PkgServer = ?"
    )
    with closing(Database(site)) as database:
        while not until.wait(1):
            database.write(lambda connection: [connection.execute(again, row) for row in stuck])
