"""What a harness's bots left behind: the entries in their store, and the lines that the audit channel shows."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from bot.dbapi import Database

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.harness import Harness, Json

AUDIT = "#sccm-audit"
_LINE = re.compile(r"#(\d+) .*?\[?([0-9a-f]{8})\]?$", re.DOTALL)


class Recorded(NamedTuple):
    """One entry of the ledger."""

    sequence: int
    kind: str
    user: str
    team: str
    facts: dict[str, Any]
    hash: str

    @property
    def in_short(self) -> tuple[str, str, str]:
        """Return verb, outcome, and the reason for it."""
        return self.kind, self.facts["outcome"], self.facts.get("reason", "")


class Line(NamedTuple):
    """One line of the audit channel: which entry it tells, and the start of its hash."""

    sequence: int
    short_hash: str


def store_path(harness: Harness) -> str:
    """Return the file of a store that is one."""
    return harness.settings["PKGSTATUS_STORE"].removeprefix("sqlite:///")


def entries(harness: Harness, after: int = 0) -> list[Recorded]:
    """Return what is recorded, oldest first."""
    with closing(Database(harness.settings["PKGSTATUS_STORE"])) as database:
        rows = database.read(
            lambda connection: connection.query(
                "SELECT sequence, kind, actor_user, actor_team, facts, hash FROM dbo.ledger_entry"
                " WHERE sequence > ? ORDER BY sequence",
                (after,),
            )
        )
    return [
        Recorded(number, kind, user, team, json.loads(facts), hash_) for number, kind, user, team, facts, hash_ in rows
    ]


def newest_sequence(harness: Harness) -> int:
    """Return the number of the newest entry."""
    return max((entry.sequence for entry in entries(harness)), default=0)


def pending_inbox(harness: Harness) -> int:
    """Count what the inbox still holds."""
    with closing(Database(harness.settings["PKGSTATUS_STORE"])) as database:
        sql = "SELECT COUNT(*) FROM dbo.inbox WHERE state = 'new'"
        return int(database.read(lambda connection: connection.query(sql))[0][0])


def pending_outbox(harness: Harness) -> int:
    """Count what the outbox still holds."""
    with closing(Database(harness.settings["PKGSTATUS_STORE"])) as database:
        sql = "SELECT COUNT(*) FROM dbo.outbox WHERE told = 0"
        return int(database.read(lambda connection: connection.query(sql))[0][0])


def audit_messages(harness: Harness) -> list[Json]:
    """Return the bot's messages in the audit channel."""
    return [message for message in harness.messages(AUDIT) if "bot_id" in message]


def lines(harness: Harness) -> list[Line]:
    """Return the lines of the audit channel as they came, repeated ones too."""
    found = [_LINE.match(line) for message in audit_messages(harness) for line in message["text"].split("\n")]
    return [Line(int(line[1]), line[2]) for line in found if line]


def lines_of(recorded: Sequence[Recorded]) -> list[Line]:
    """Return the lines that these entries must have."""
    return [Line(entry.sequence, entry.hash[:8]) for entry in recorded]


def wait_until_delivered(harness: Harness, seconds: float = 60) -> list[Recorded]:
    """Wait until nothing waits to be told any more, and return every entry there is."""
    harness.wait_for(lambda: pending_outbox(harness) == 0, seconds)
    return entries(harness)


def assert_audit_trail_complete(harness: Harness) -> None:
    """Demand that every entry has its line, in order; a repeated line is no fault."""
    recorded = wait_until_delivered(harness)
    assert list(dict.fromkeys(lines(harness))) == lines_of(recorded)
    assert [entry.sequence for entry in recorded] == list(range(1, len(recorded) + 1))


@contextmanager
def locked_store(harness: Harness) -> Iterator[None]:
    """Let nobody write to the store's file for as long as the block lasts."""
    with closing(sqlite3.connect(store_path(harness), isolation_level=None, timeout=30)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def fill_disk(folder: Path) -> Path:
    """Fill up the disk of a folder; removing what is returned frees it again."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue
    return filler
