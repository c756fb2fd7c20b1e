"""A chain of entries, and every way in which somebody with SQL might tamper with it, or with the store around it."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.domain.ledger_entry import GENESIS, JSON, Draft, Entry, facts_text, hash_of, moment_text, seal

START = datetime(2026, 3, 9, 7, 30, tzinfo=UTC)
LENGTH = 9

Change = Callable[[list[Entry]], None]


def chain(length: int = LENGTH) -> list[Entry]:
    entries: list[Entry] = []
    for sequence in range(1, length + 1):
        facts: dict[str, JSON] = {"row": sequence}
        draft = Draft(f"stream {sequence % 2}", None, "looked up", "U000000ADA", "T0CONTOSO", facts)
        previous = entries[-1].hash if entries else GENESIS.hash
        moment = moment_text(START + timedelta(seconds=sequence))
        entries.append(seal(draft, sequence, moment, (sequence + 1) // 2, previous))
    return entries


def resealed(entry: Entry) -> Entry:
    return entry._replace(hash=hash_of(entry))


def numbered(entries: list[Entry]) -> None:
    """Hide gaps and doubles: give the rows the numbers of their places, as somebody with SQL would."""
    entries[:] = [entry._replace(sequence=place) for place, entry in enumerate(entries, start=1)]


def forged(entries: list[Entry], place: int) -> Entry:
    """Make an entry that fits at a place as far as what stands before it."""
    previous = entries[place - 2].hash if place > 1 else GENESIS.hash
    return seal(Draft("forged", 1, "approved", "U0MALLORY", "T0CONTOSO", {}), place, moment_text(START), 1, previous)


def alter(place: int) -> Change:
    def change(entries: list[Entry]) -> None:
        entries[place - 1] = entries[place - 1]._replace(actor_user="U0MALLORY")

    return change


def alter_and_reseal(place: int) -> Change:
    def change(entries: list[Entry]) -> None:
        entries[place - 1] = resealed(entries[place - 1]._replace(actor_user="U0MALLORY"))

    return change


def unlink_and_reseal(place: int) -> Change:
    def change(entries: list[Entry]) -> None:
        entries[place - 1] = resealed(entries[place - 1]._replace(previous_hash="f" * 64))

    return change


def remove(place: int, count: int = 1) -> Change:
    def change(entries: list[Entry]) -> None:
        del entries[place - 1 : place - 1 + count]

    return change


def remove_and_number(place: int, count: int = 1) -> Change:
    def change(entries: list[Entry]) -> None:
        remove(place, count)(entries)
        numbered(entries)

    return change


def insert_fitting(place: int, count: int = 1) -> Change:
    def change(entries: list[Entry]) -> None:
        for offset in range(count):
            entries.insert(place - 1 + offset, forged(entries, place + offset))
        numbered(entries)

    return change


def insert_loose(place: int) -> Change:
    def change(entries: list[Entry]) -> None:
        entries.insert(place - 1, resealed(forged(entries, place)._replace(previous_hash="e" * 64, sequence=77)))
        numbered(entries)

    return change


def insert_unsealed(place: int) -> Change:
    def change(entries: list[Entry]) -> None:
        entries.insert(place - 1, forged(entries, place)._replace(hash="d" * 64))
        numbered(entries)

    return change


def insert_copy(of: int, place: int) -> Change:
    def change(entries: list[Entry]) -> None:
        entries.insert(place - 1, entries[of - 1])
        numbered(entries)

    return change


def swap(one: int, other: int) -> Change:
    def change(entries: list[Entry]) -> None:
        entries[one - 1], entries[other - 1] = entries[other - 1], entries[one - 1]
        numbered(entries)

    return change


def move(start: int, end: int) -> Change:
    def change(entries: list[Entry]) -> None:
        entries.insert(end - 1, entries.pop(start - 1))
        numbered(entries)

    return change


def swap_lines(one: int, other: int) -> Change:
    """Exchange two lines of an export, which keep their numbers."""

    def change(entries: list[Entry]) -> None:
        entries[one - 1], entries[other - 1] = entries[other - 1], entries[one - 1]

    return change


def repeat_line(of: int, place: int) -> Change:
    def change(entries: list[Entry]) -> None:
        entries.insert(place - 1, entries[of - 1])

    return change


def give_another_number(place: int, number: int) -> Change:
    def change(entries: list[Entry]) -> None:
        entries[place - 1] = entries[place - 1]._replace(sequence=number)
        entries.sort(key=lambda entry: entry.sequence)

    return change


FORGED = "written by Mallory"
"""Stands in every text that the bot must not pass on."""
FORGED_ID = "f0f0f0f0f0f0f0f0"
QUORUM_KINDS = ("approved", "quorum reached")


class StoreWriter:
    """Somebody who reads and writes the store's file and has nothing else; what they do leaves the chain whole.

    `request_id` is what they are after, `other_id` another request, whose marks they may copy.
    """

    def __init__(self, path: Path, request_id: str, other_id: str, plan_fingerprint: Callable[[Any], str]) -> None:
        self.request_id, self.other_id = request_id, other_id
        self.fingerprint = plan_fingerprint
        self._path = path

    def sql(self, statement: str, *values: object) -> list[Any]:
        """Run one statement."""
        with closing(sqlite3.connect(self._path)) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def rewrite(self, kind: str, /, *, facts: dict[str, Any] | None = None, of: str = "", **fields: Any) -> None:
        """Change every entry of a kind of a request's, and seal the whole chain anew."""

        def change(entry: Entry) -> Entry:
            if (entry.stream, entry.kind) != (f"request {of or self.request_id}", kind):
                return entry
            return entry._replace(**fields, facts_text=facts_text({**entry.facts, **(facts or {})}))

        self.seal_anew([change(entry) for entry in self.entries()])

    def add(self, stream: str, kind: str, user: str, facts: dict[str, Any]) -> None:
        """Append an entry that fits."""
        entries = self.entries()
        version = max((entry.version for entry in entries if entry.stream == stream), default=0) + 1
        at = entries[-1].moment if entries else moment_text(START)
        team = "T0CONTOSO" if user else ""
        self.seal_anew([*entries, Entry(0, at, stream, version, kind, user, team, facts_text(facts), "", "")])

    def entries(self) -> list[Entry]:
        """Read the ledger."""
        return [Entry(*row) for row in self.sql("SELECT * FROM ledger_entry ORDER BY sequence")]

    def seal_anew(self, entries: list[Entry]) -> None:
        """Write the ledger with numbers and hashes that are as they must be."""
        previous = GENESIS.hash
        with closing(sqlite3.connect(self._path)) as connection, connection:
            connection.execute("DELETE FROM ledger_entry")
            for place, entry in enumerate(entries, start=1):
                sealed = resealed(entry._replace(sequence=place, previous_hash=previous))
                previous = sealed.hash
                connection.execute(f"INSERT INTO ledger_entry VALUES ({', '.join('?' * len(sealed))})", sealed)

    def facts_of(self, kind: str, of: str) -> dict[str, Any]:
        """Return the facts of the newest entry of a kind of a request; none if there is none."""
        found = [e for e in self.entries() if (e.stream, e.kind) == (f"request {of}", kind)]
        return dict(found[-1].facts) if found else {}

    def let_it_stand_as(self, stage: str) -> None:
        """Say in the index where a request stands."""
        self.sql("UPDATE request SET stage = ? WHERE id = ?", stage, self.request_id)


Forgery = Callable[[StoreWriter], None]


def _plan(change: Callable[[list[Any]], list[Any]]) -> Forgery:
    """Rewrite the rows of a plan, and every fingerprint of it."""

    def forge(writer: StoreWriter) -> None:
        plan = writer.facts_of("requested", writer.request_id).get("plan")
        if plan:
            plan = {**plan, "rows": [change(row) for row in plan["rows"]]}
            fingerprint = writer.fingerprint(plan)
            writer.rewrite("requested", facts={"plan": plan, "fingerprint": fingerprint})
            writer.rewrite("approved", facts={"fingerprint": fingerprint})

    return forge


def _requested(facts: dict[str, Any] | None = None, **fields: Any) -> Forgery:
    return lambda writer: writer.rewrite("requested", facts=facts, **fields)


def _forge_votes(writer: StoreWriter, marks: list[str]) -> None:
    fingerprint = writer.facts_of("requested", writer.request_id).get("fingerprint", "")
    for user, mark in zip(("U00000GRACE", "U00000LINUS"), marks, strict=True):
        facts = {"fingerprint": fingerprint, "click": f"forged {user}", "mark": mark}
        writer.add(f"request {writer.request_id}", "approved", user, facts)
    _enough(writer)


def _copy_votes(writer: StoreWriter) -> None:
    mark = writer.facts_of("approved", writer.request_id) or writer.facts_of("approved", writer.other_id)
    _forge_votes(writer, [str(mark.get("mark", ""))] * 2)


def _double_a_vote(writer: StoreWriter) -> None:
    """One true vote becomes two under another name, and a quorum says that they were enough."""
    vote = writer.facts_of("approved", writer.request_id)
    if vote:
        writer.add(f"request {writer.request_id}", "approved", "U0MARGARET", vote)
        at = writer.entries()[-1].moment
        writer.add(f"request {writer.request_id}", "quorum reached", "", {"reached_at": at, "mark": vote["mark"]})
        writer.let_it_stand_as("approved")


def _enough(writer: StoreWriter) -> None:
    """What votes there are is called enough."""
    at = writer.entries()[-1].moment
    facts = {"reached_at": at, "mark": writer.facts_of("quorum reached", writer.other_id).get("mark", "d" * 64)}
    writer.add(f"request {writer.request_id}", "quorum reached", "", facts)
    writer.let_it_stand_as("approved")


def _out_of_nothing(writer: StoreWriter) -> None:
    """Make a request of a copy of another, with its votes, marks and card."""
    if any(entry.stream == f"request {FORGED_ID}" for entry in writer.entries()):
        return
    for entry in writer.entries():
        if entry.stream == f"request {writer.request_id}" and entry.kind in {"requested", *QUORUM_KINDS}:
            writer.add(f"request {FORGED_ID}", entry.kind, entry.actor_user, {**entry.facts, "click": FORGED_ID})
    writer.sql(
        "INSERT INTO request SELECT ?, 'approved', site, package, requester, created_at, card_channel, card_ts,"
        " card_link, card_mark FROM request WHERE id = ?",
        FORGED_ID,
        writer.request_id,
    )


def _exchange(writer: StoreWriter) -> None:
    """Exchange the records of two requests."""
    one, other = f"request {writer.request_id}", f"request {writer.other_id}"
    names = {one: other, other: one}
    writer.seal_anew([e._replace(stream=names.get(e.stream, e.stream)) for e in writer.entries()])


def _lift(*, copied: bool) -> Forgery:
    def forge(writer: StoreWriter) -> None:
        lifted = [entry for entry in writer.entries() if entry.kind == "unfroze resets"]
        facts = dict(lifted[-1].facts) if copied and lifted else {}
        writer.add("freeze", "unfroze resets", "U00000GRACE", {**facts, "click": f"forged {len(writer.entries())}"})

    return forge


def _again(writer: StoreWriter) -> None:
    """Let a request that was claimed stand as approved, as if nothing had come of it yet."""
    for kind in "applying", "applied", "progressed", "converged", "failed", "stale", "rejected", "withdrawn":
        writer.rewrite(kind, kind="looked at")
    writer.let_it_stand_as("approved")


def _applied(writer: StoreWriter) -> None:
    """Say that it was applied, so that it may be taken back."""
    for kind in ("applying", "applied"):
        writer.add(f"request {writer.request_id}", kind, "", {})
    writer.let_it_stand_as("applied")


def _free(writer: StoreWriter) -> None:
    """Let every other request have its rows."""
    writer.sql("DELETE FROM request_row")


def _place_the_card(writer: StoreWriter) -> None:
    """Let another request's card, or none that there is, count as the card."""
    writer.sql(
        "UPDATE request SET card_ts = coalesce((SELECT max(card_ts) FROM request WHERE id = ?), '7.000') WHERE id = ?",
        writer.other_id,
        writer.request_id,
    )


def _say(*, instead: bool) -> Forgery:
    """Let the bot post what it did not write: in place of what waits, or beside it."""

    def forge(writer: StoreWriter) -> None:
        said = json.dumps({"text": FORGED, "blocks": [{"type": "section", "text": FORGED}]})
        if instead:
            writer.sql("UPDATE outbox SET payload = ? WHERE payload IS NOT NULL AND told = 0", said)
            return
        for payload in (said, f"{'a' * 64} {said}"):
            writer.sql(
                "INSERT INTO outbox SELECT 'C0APPROVALS', 0, max(o.sequence), max(o.number) + 1000, ?, 0, '', '', ''"
                " FROM outbox o",
                payload,
            )

    return forge


def _click(*, copied: bool) -> Forgery:
    """Leave a click in the inbox, as if a process that is no more had not got to it."""

    def forge(writer: StoreWriter) -> None:
        click = f"forged {len(writer.sql('SELECT id FROM inbox'))}"
        facts = writer.facts_of("requested", writer.request_id)
        card = writer.sql("SELECT card_channel, card_ts FROM request WHERE id = ?", writer.request_id) or [("", "")]
        body = {
            "kind": "approve", "actor": {"user_id": "U00000LINUS", "team_id": "T0CONTOSO"},
            "request_id": writer.request_id, "fingerprint": facts.get("fingerprint"), "channel": card[0][0],
            "ts": card[0][1], "origin": {"click": click}, "message": None,
        }  # fmt: skip
        known = writer.sql("SELECT body FROM inbox WHERE body <> ''")
        text = known[-1][0] if copied and known else f"{'b' * 64} {json.dumps(body)}"
        at = moment_text(START)
        writer.sql("INSERT INTO inbox VALUES (?, 'approve', ?, ?, 'new', 'nobody')", click, text, at)

    return forge


FORGERIES: dict[str, Forgery] = {
    "the freeze is lifted": _lift(copied=False),
    "the bot says something": _say(instead=False),
    "somebody clicked": _click(copied=False),
    "its rows end elsewhere": _plan(lambda row: [*row[:5], 99, 3, *row[7:]]),
    "it is about another row": _plan(lambda row: [*row[:2], row[2].replace("DP03", "DP04"), *row[3:]]),
    "somebody else asked": _requested(actor_user="U0MARGARET"),
    "whoever asked counts": _requested({"requester_counts": True}),
    "it is open for ever": _requested({"expires_at": "2099-01-01T00:00:00+00:00"}),
    "it takes another back": lambda writer: writer.rewrite("requested", facts={"undoes": writer.other_id}),
    "somebody else voted": lambda writer: writer.rewrite("approved", actor_user="U0MARGARET"),
    "two voted": lambda writer: _forge_votes(writer, ["c" * 64] * 2),
    "two voted, with marks of others": _copy_votes,
    "one vote is two": _double_a_vote,
    "one vote is enough": _enough,
    "the quorum is of now": lambda writer: writer.rewrite("quorum reached", moment=writer.entries()[-1].moment),
    "a request out of nothing": _out_of_nothing,
    "two requests are exchanged": _exchange,
    "the freeze is lifted as before": _lift(copied=True),
    "it was never claimed": _again,
    "it was applied": _applied,
    "its card is elsewhere": _place_the_card,
    "its rows are free": _free,
    "the bot says something else": _say(instead=True),
    "somebody clicked as somebody did": _click(copied=True),
}
