"""Judges a world of requests: by its records, and by a book of what people truly pressed and saw.

Nothing here asks the bot what it thinks: the rules are written down once more, in other words. `Judge` reads the
ledger, the rows, their changes and their copies. `JudgeOfRows` is for a world where somebody writes the store: it
believes nothing that is there but what it read itself before anybody could forge it.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from base64 import b64encode
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.domain.tampering import FORGED
from tests.fakes import TEAM

if TYPE_CHECKING:
    from pathlib import Path

    from tests.domain.model_of_requests import World

OPEN_AFTER = {"requested", "approved", "reminded", "quorum reached", "applying", "in doubt"}
DONE_AFTER = {"applied", "progressed", "converged", "stalled", "abandoned", "undone"}
NEXT = {
    "": {"requested"},
    "requested": {"approved", "reminded", "rejected", "withdrawn", "expired"},
    "approved": {"approved", "reminded", "rejected", "withdrawn", "expired", "quorum reached"},
    "reminded": {"approved", "rejected", "withdrawn", "expired"},
    "quorum reached": {"waiting to be applied", "applying", "stale", "failed"},
    "waiting to be applied": {"waiting to be applied", "applying", "stale", "failed"},
    "applying": {"applied", "stale", "failed", "in doubt"},
    "in doubt": {"applied", "failed", "stale", "in doubt"},
    "applied": {"progressed", "converged", "stalled", "abandoned", "undone"},
    "progressed": {"progressed", "converged", "stalled", "abandoned", "undone"},
    "stalled": {"progressed", "converged", "abandoned", "undone"},
    "abandoned": {"undone"},
    "converged": {"undone"},
}
"""Which kind may follow which in the record of one request; what is not named ends it."""
STANDS = {"requested": "pending", "quorum reached": "approved"} | {
    kind: kind
    for kind in (
        "applying", "applied", "converged", "stalled", "failed", "rejected", "withdrawn", "expired", "stale",
        "abandoned", "undone",
    )
}  # fmt: skip
"""The stage to which a kind leads; the others lead nowhere."""
NOTE_EVERY_CHANGE = """
CREATE TABLE changes (number INTEGER PRIMARY KEY AUTOINCREMENT, ID, Type, SiteCode, PkgServer, version_before,
    status_before, version_after, status_after);
CREATE TRIGGER note_change AFTER UPDATE ON PkgStatus BEGIN
    INSERT INTO changes (ID, Type, SiteCode, PkgServer, version_before, status_before, version_after, status_after)
    VALUES (OLD.ID, OLD.Type, OLD.SiteCode, OLD.PkgServer, OLD.SourceVersion, OLD.Status, NEW.SourceVersion,
        NEW.Status);
END;
CREATE TABLE changes_by_others (ID, Type, SiteCode, PkgServer, last_copy);
"""
"""Run where a site is made: the judge wants to know of every change of a row, not only of the last."""
LATEST = timedelta(minutes=15)
RESPONSE_URL, TRIGGER = "https://hooks.slack.com/actions/T0CONTOSO/", "13345224609.738474920."
"""What begins the two things that come with a click and let whoever has them act in Slack."""
_HOST = re.compile(r"\\\\([\w.-]+)")


@dataclass(frozen=True)
class Press:
    """Somebody pressed Approve: `saw_it` says that it was on the request's card, as the bot had drawn it."""

    user: str
    request_id: str
    saw_it: bool
    message: Any


@dataclass
class Book:
    """What people truly did, by click; `asked` is what they asked for, as it was recorded at that moment."""

    presses: dict[str, Press] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    """Clicks that were not answered by a refusal."""
    asked: dict[str, Line] = field(default_factory=dict)
    is_frozen: bool = False

    def pressed(self, request_id: str) -> set[str]:
        """Return everybody who pressed Approve on a card of a request that was as it should be, and was not refused."""
        found = [self.presses[click] for click in self.taken if click in self.presses]
        return {press.user for press in found if press.request_id == request_id and press.saw_it}

    def learn(self, store_path: Path, known: set[str]) -> None:
        """Read what was asked for just now: nobody else wrote since `known` were the requests in the store."""
        with closing(_opened(store_path)) as store:
            for row in store.execute("SELECT * FROM ledger_entry WHERE kind = 'requested' ORDER BY sequence"):
                if row[2] not in known:
                    self.asked[row[2].removeprefix("request ")] = _line(row)


def streams_of_requests(store_path: Path) -> set[str]:
    """Return the names of the streams that begin with a request."""
    with closing(_opened(store_path)) as store:
        return {name for (name,) in store.execute("SELECT stream FROM ledger_entry WHERE kind = 'requested'")}


def shows(message: Any, plan: Any) -> bool:
    """Whether a card shows exactly the rows of a plan: each server with what it is and what it shall be."""
    tables = [block["rows"][1:] for block in message.get("blocks", ()) if block["type"] == "table"]
    shown = Counter((cells[0]["text"], cells[1]["text"]) for table in tables for cells in table)
    wanted: Counter[tuple[str, str]] = Counter()
    for _, _, path, version, status, version_after, status_after, *_ in plan["rows"]:
        host = _HOST.search(path)
        server = host[1] if host else path
        wanted[server, f"{version} ({status}) → {version_after} ({status_after})"] += 1
    return shown == wanted


def reads_nothing_to_act_with(store_path: Path, *keys: bytes) -> None:
    """Look through all that the store holds, as a thief of it would, for what lets anybody act in Slack or vote."""
    with closing(_opened(store_path)) as store:
        names = [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        everything = "\n".join(repr(store.execute(f'SELECT * FROM "{name}"').fetchall()) for name in names)
        kept = store.execute("SELECT body FROM inbox WHERE state = 'done' AND body <> ''").fetchall()
    for secret in (RESPONSE_URL, TRIGGER, *(text for key in keys for text in (key.hex(), b64encode(key).decode()))):
        assert secret not in everything, "the store holds in the clear what lets its reader act"
    assert not kept, "an answered item still says what came in"


@dataclass(frozen=True)
class Line:
    """One line of the ledger, read by ourselves."""

    sequence: int
    at: datetime
    stream: str
    version: int
    kind: str
    user: str
    team: str
    facts: Any


@dataclass
class Records:
    """All lines of one request."""

    lines: list[Line] = field(default_factory=list)

    @property
    def plan(self) -> Any:
        """The plan as it was recorded."""
        return self.lines[0].facts["plan"]

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        """Key, before and after of each row."""
        return [(self.plan["package"], *row[:7]) for row in self.plan["rows"]]

    @property
    def last(self) -> str:
        """The newest kind of event."""
        return self.lines[-1].kind

    @property
    def stage(self) -> str:
        """Where it stands, in the words of the README's diagram."""
        return next(STANDS[line.kind] for line in reversed(self.lines) if line.kind in STANDS)

    def of(self, kind: str) -> list[Line]:
        """All lines of a kind."""
        return [line for line in self.lines if line.kind == kind]


class Judge:
    """Looks at a world after each step; raises AssertionError for the first thing that must never be."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.requests: dict[str, Records] = {}
        self._is_frozen = False
        self._claimed_in_freeze: set[str] = set()
        self._opened: set[str] = set()
        self.applied: set[str] = set()
        self._head = (0, "0" * 64)
        self.kinds: Counter[str] = Counter()

    def judge(self) -> None:
        """Check everything that must hold now."""
        with closing(_opened(self.world.places.store)) as store:
            fresh = self._read_on(store)
        for line in fresh:
            self._vote_is_by_somebody_who_may(line)
        with closing(_opened(self.world.places.site)) as site:
            backups = _backups(site)
            changes = site.execute("SELECT * FROM changes ORDER BY number").fetchall()
            self._no_undo_writes_over_a_newer_state(site)
            versions = dict(site.execute("SELECT PkgID, SourceVersion FROM SMSPackages"))
        for request_id in backups.keys() - self.applied:
            plan = self.requests[request_id].plan
            is_undo = plan["action"] == "undo"
            assert is_undo or versions[plan["package"]] == plan["source_version"], "applied to another source version"
        self._every_backup_has_its_two_people_and_its_claim(backups)
        self._every_change_is_one_row_of_one_applied_plan(backups, [change[1:] for change in changes])
        self._what_is_said_of_a_request_is_true(backups)
        self._no_row_is_in_two_open_requests()
        self._audit_lines_come_in_order_without_gap()

    def _read_on(self, store: sqlite3.Connection) -> list[Line]:
        """Read what is new, and check that the chain and each request's story go on from what was there."""
        sql = "SELECT * FROM ledger_entry WHERE sequence > ? ORDER BY sequence"
        fresh = []
        for row in store.execute(sql, (self._head[0],)).fetchall():
            sequence, _, stream, _, kind, _, _, _, previous, digest = row
            assert (sequence, previous) == (self._head[0] + 1, self._head[1]), "the chain is broken"
            assert digest == _hash(row), "an entry does not have the hash of its own text"
            self._head = (sequence, digest)
            line = _line(row)
            fresh.append(line)
            self.kinds[kind] += 1
            if stream == "freeze":
                self._is_frozen = kind == "froze resets"
            if stream.startswith("request "):
                self._story_goes_on(line)
        return fresh

    def _story_goes_on(self, line: Line) -> None:
        records = self.requests.setdefault(line.stream.removeprefix("request "), Records())
        before = records.last if records.lines else ""
        assert line.kind in NEXT.get(before, set()), f"{line.stream}: {line.kind} after {before}"
        assert line.version == len(records.lines) + 1
        records.lines.append(line)
        if line.kind == "applying" and self._is_frozen:
            self._claimed_in_freeze.add(line.stream.removeprefix("request "))
        clicks = Counter((each.facts["click"], each.kind) for each in records.lines if "click" in each.facts)
        assert not [click for click, count in clicks.items() if count > 1], "one click did the same twice"
        if not before:
            assert line.facts["click"] not in self._opened, "one click opened two requests"
            self._opened.add(line.facts["click"])
        assert len(records.of("reminded")) <= 1

    def _vote_is_by_somebody_who_may(self, line: Line) -> None:
        if line.kind not in {"approved", "rejected"} or not line.stream.startswith("request "):
            return
        records = self.requests[line.stream.removeprefix("request ")]
        opened = records.lines[0]
        assert self.world.can_approve(line.user), f"{line.user} may not decide"
        assert not self.world.people.is_down
        assert line.team == TEAM
        assert line.user != opened.user or opened.facts["requester_counts"]
        assert line.at < datetime.fromisoformat(opened.facts["expires_at"])
        if line.kind == "approved":
            assert [vote.user for vote in records.of("approved")].count(line.user) == 1, "somebody voted twice"
            assert line.facts["fingerprint"] == fingerprint_of(records.plan) == opened.facts["fingerprint"]
            press = self.world.book.presses[line.facts["click"]]
            assert (press.user, f"request {press.request_id}") == (line.user, line.stream), "somebody else's press"
            assert press.saw_it, "a vote counts on a card that was not the bot's own"
            assert shows(press.message, records.plan), "a vote counts for other rows than were seen"

    def _every_backup_has_its_two_people_and_its_claim(self, backups: dict[str, list[Any]]) -> None:
        for request_id, rows in backups.items():
            records = self.requests[request_id]
            assert [row[0] for row in rows] == list(range(1, len(records.rows) + 1)), "a backup is not whole"
            assert [tuple(row[1:]) for row in rows] == [row[:6] for row in records.rows], "a backup is of other rows"
            voters = {vote.user for vote in records.of("approved")}
            assert len(voters) >= 2, "two people are missing"
            claims = records.of("applying")
            assert len(claims) == 1, "an effect without its claim, or with two"
            assert max(vote.sequence for vote in records.of("approved")) < claims[0].sequence
            assert claims[0].at - records.of("quorum reached")[0].at <= LATEST, "approved too long ago"
            assert request_id not in self._claimed_in_freeze, "applied although it was frozen before the claim"
            if request_id not in self.applied:
                self.applied.add(request_id)
                assert all(map(self.world.can_approve, voters)), "an approver no longer may decide"
                assert not self.world.people.is_down, "nobody could look the approvers up"

    def _no_undo_writes_over_a_newer_state(self, site: sqlite3.Connection) -> None:
        """Between a reset and its undo nobody else changed a row: neither a bot nor the site's own software."""
        copies: dict[Any, list[tuple[int, str]]] = {}
        sql = "SELECT rowid, RequestId, ID, Type, SiteCode, PkgServer FROM PkgStatus_BU WHERE ID IS NOT NULL"
        for place, request_id, *key in site.execute(f"{sql} ORDER BY rowid"):
            copies.setdefault(tuple(key), []).append((place, request_id))
        others = site.execute("SELECT * FROM changes_by_others").fetchall()
        for key, made in copies.items():
            for (before, reset), (place, request_id) in zip([(0, ""), *made], made, strict=False):
                opened = self.requests[request_id].lines[0].facts
                if opened["plan"]["action"] == "undo":
                    assert reset == opened["undoes"], "an undo took back what another request had changed"
                    between = [last for *changed, last in others if tuple(changed) == key and before <= last < place]
                    assert not between, "an undo wrote over what the site wrote behind the reset"

    def _every_change_is_one_row_of_one_applied_plan(
        self, backups: dict[str, list[Any]], changes: list[tuple[Any, ...]]
    ) -> None:
        expected = Counter(row for request_id in backups for row in self.requests[request_id].rows)
        assert Counter(changes) == expected, "a row was changed without a plan, or twice, or not although it is said"

    def _what_is_said_of_a_request_is_true(self, backups: dict[str, list[Any]]) -> None:
        for request_id, records in self.requests.items():
            if records.last in DONE_AFTER:
                assert request_id in backups, f"{request_id} is called {records.last} and did not happen"
            elif records.last not in {"applying", "in doubt"}:
                assert request_id not in backups, f"{request_id} is called {records.last} and happened"

    def _no_row_is_in_two_open_requests(self) -> None:
        open_rows = [
            row[:4] for records in self.requests.values() if records.last in OPEN_AFTER for row in records.rows
        ]
        assert len(open_rows) == len(set(open_rows))

    def _audit_lines_come_in_order_without_gap(self) -> None:
        next_one = 1
        for post in self.world.slack.told:
            assert post == list(range(post[0], post[0] + len(post)))
            assert post[0] <= next_one, f"line {next_one} was skipped"
            next_one = max(next_one, post[-1] + 1)
        assert next_one <= self._head[0] + 1


class JudgeOfRows:
    """Looks at the rows alone; has the names that the histories ask a judge for, and fills them from the book."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.applied: set[str] = set()
        self._was_frozen = False

    @property
    def requests(self) -> dict[str, Records]:
        """What people truly asked for; the last that is known of it is whether its rows were changed."""
        found = {}
        for request_id, line in self.world.book.asked.items():
            done = [replace(line, kind="applied")] if request_id in self.applied else []
            found[request_id] = Records([line, *done])
        return found

    def judge(self) -> None:
        """Check that rows were changed only as two people wanted who saw it, and only to what a reset may set."""
        with closing(_opened(self.world.places.site)) as site:
            backups = _backups(site)
            changes = site.execute("SELECT * FROM changes ORDER BY number").fetchall()
        for request_id in sorted(backups.keys() - self.applied):
            self._two_people_wanted_it(request_id)
            self._it_is_a_reset_or_its_reverse(request_id)
            assert not (self._was_frozen and self.world.book.is_frozen), "rows changed although it was frozen"
        self.applied |= backups.keys()
        self._was_frozen = self.world.book.is_frozen
        asked = self.world.book.asked
        expected = Counter(row for request_id in backups for row in Records([asked[request_id]]).rows)
        assert Counter(change[1:] for change in changes) == expected, "other rows were changed, or twice"
        assert all(len(ids) <= 1 for ids in self.world.slack.drawn.values()), "a card was drawn over another's"
        said = json.dumps(list(self.world.slack.messages.values()), default=str)
        assert FORGED not in said, "the bot said what somebody had written into its store"

    def _two_people_wanted_it(self, request_id: str) -> None:
        book = self.world.book
        assert request_id in book.asked, "nobody asked for what was applied"
        opened = book.asked[request_id]
        voters = set(filter(self.world.can_approve, book.pressed(request_id)))
        if not self.world.requester_counts:
            voters -= {opened.user}
        assert len(voters) >= 2, "two people did not press Approve on what was applied"
        seen = [press.message for press in book.presses.values() if press.request_id == request_id and press.saw_it]
        assert all(shows(message, opened.facts["plan"]) for message in seen), "people saw other rows"

    def _it_is_a_reset_or_its_reverse(self, request_id: str) -> None:
        opened = self.world.book.asked[request_id].facts
        rows = [row[:7] for row in opened["plan"]["rows"]]
        if opened["plan"]["action"] == "undo":
            assert opened["undoes"] in self.applied, "an undo of what was never applied"
            undone = self.world.book.asked[opened["undoes"]].facts["plan"]
            back = [[*row[:3], *row[5:7], *row[3:5]] for row in undone["rows"]]
            assert undone["action"] == "reset"
            assert all(row in back for row in rows), "an undo wrote what was not there before"
        else:
            assert all(row[5:7] == [0, 2] for row in rows), "a reset wrote something else than (0, 2)"


def _line(row: Any) -> Line:
    sequence, at, stream, version, kind, user, team, facts, *_ = row
    return Line(sequence, datetime.fromisoformat(at), stream, version, kind, user, team, json.loads(facts))


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True)


def _hash(row: Any) -> str:
    """Hash an entry as the auditor's description says."""
    sequence, at, stream, version, kind, user, team, facts, previous, _ = row
    said = [json.dumps(text, ensure_ascii=False) for text in (at, stream, kind, user, team, previous)]
    line = (
        f'{{"sequence":{sequence},"at":{said[0]},"stream":{said[1]},"version":{version},"kind":{said[2]},'
        f'"actor_user":{said[3]},"actor_team":{said[4]},"facts":{facts},"previous_hash":{said[5]}}}'
    )
    return hashlib.sha256(line.encode()).hexdigest()


def fingerprint_of(plan: Any) -> str:
    known = {name: plan[name] for name in ("action", "site", "package", "source_version")}
    line = json.dumps(known | {"rows": [row[:7] for row in plan["rows"]]}, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(line.encode()).hexdigest()


def _backups(site: sqlite3.Connection) -> dict[str, list[Any]]:
    """Return the copied rows of each request that was applied: number, key, and how it read before."""
    sql = (
        "SELECT RequestId, RowNumber, ID, Type, SiteCode, PkgServer, SourceVersion, Status FROM PkgStatus_BU"
        " WHERE ID IS NOT NULL ORDER BY RequestId, RowNumber"
    )
    found: dict[str, list[Any]] = {}
    for request_id, *row in site.execute(sql):
        found.setdefault(request_id, []).append(row)
    return found
