"""`pkgstatus-bot ledger` as an auditor runs it: on stores somebody tampered with, beside exports of the channel."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from slack_sdk import WebClient

from bot.cli.ledger import _warn_if_cut_short
from bot.domain.ledger_entry import Draft
from bot.exit_codes import Exit
from bot.store import open_store
from bot.usecases.ports.store import StoreError, StoreErrorKind
from tests import engines
from tests.bot_process import CHECKOUT
from tests.frontdoor.audit_trail import lines, store_path, wait_until_delivered
from tests.frontdoor.databases import needs_postgresql
from tests.frontdoor.slack_export import CHANNEL, exported, write, write_export
from tests.grants import login
from tests.harness import Harness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.harness import Json

HOLDS, BROKEN, CANNOT_READ = 0, 1, 2
BEGAN = datetime(2026, 3, 9, 7, 30, tzinfo=UTC)
PLANES = "".join(chr(plane * 0x10000 + 0x1F4A) for plane in range(17))
STRANGE = [{"object": text} for text in (PLANES, "\x00\x1f\u2028\ud800", '=1+1,"\r\n;', "x" * 100_000)]
ENTRIES = 12

AUDITOR = """
import hashlib, sys
last = "0" * 64
for number, line in enumerate(sys.stdin.buffer.read().splitlines(), 1):
    body, _, sealed = line.decode().rpartition(',"hash":"')
    assert body.startswith('{"sequence":%d,' % number)
    assert body.endswith(',"previous_hash":"%s"' % last)
    last = hashlib.sha256((body + "}").encode()).hexdigest()
    assert sealed == last + '"}'
print(f"{number}:{last}")
"""
"""Ten lines that know nothing of the bot."""


class Run(NamedTuple):
    """A command that has ended."""

    code: int
    out: str
    err: str


class Office:
    """Where an auditor sits: a store, and the program."""

    def __init__(self, store: Path) -> None:
        self.store = store

    def run(self, *words: str, **environment: str) -> Run:
        """Run `pkgstatus-bot ledger WORDS`."""
        ended = subprocess.run(
            [sys.executable, "-m", "bot", "ledger", *words],
            env=settings(self.store) | environment,
            cwd=CHECKOUT,
            capture_output=True,
            check=False,
        )
        return Run(ended.returncode, ended.stdout.decode(), ended.stderr.decode())

    def tamper(self, *statements: str) -> None:
        """Change the store with SQL, as somebody who has its file can."""
        with closing(sqlite3.connect(self.store, isolation_level=None)) as connection:
            for statement in statements:
                connection.execute(statement)


def settings(store: Path) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PKGSTATUS_")}
    return inherited | {
        "PKGSTATUS_SLACK__BOT_TOKEN": "xoxb-not-used",
        "PKGSTATUS_SLACK__APP_TOKEN": "xapp-not-used",
        "PKGSTATUS_CHANNELS__APPROVALS": "C0APPROVALS",
        "PKGSTATUS_CHANNELS__AUDIT": CHANNEL,
        "PKGSTATUS_APPROVERS__GROUPS": '["S0APPROVERS"]',
        "PKGSTATUS_SITES": '{"PS1": {"database": "sqlite:///away.db"}}',
        "PKGSTATUS_STORE": f"sqlite:///{store}",
    }


def copied(store: str | Path, folder: Path) -> Office:
    """Return an office with a copy of a store of its own."""
    with closing(sqlite3.connect(store)) as source, closing(sqlite3.connect(folder / "copy.db")) as target:
        source.backup(target)
    return Office(folder / "copy.db")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with an entry each second."""
    store = tmp_path_factory.mktemp("kept") / "store.db"
    moments = iter(BEGAN + timedelta(seconds=number) for number in range(1000))
    with closing(
        open_store(f"sqlite:///{store}", audit_channel=CHANNEL, holder="one", clock=lambda: next(moments))
    ) as opened:
        for number in range(ENTRIES):
            facts: Any = STRANGE[number - 4] if 4 <= number < 4 + len(STRANGE) else {"number": number}
            opened.ledger.append(Draft("commands", None, "looked up", "U000000ADA", "T0CONTOSO", facts))
    return store


@pytest.fixture
def office(kept: Path, tmp_path: Path) -> Office:
    return copied(kept, tmp_path)


class Told(NamedTuple):
    """A trail that was told in a workspace."""

    store: str
    messages: list[Json]
    sequences: dict[str, list[int]]
    """Which entries each message told."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Yield the store and the audit channel of a bot that was asked this and that."""
    with Harness(tmp_path_factory.mktemp("told")) as harness:
        harness.start_bot()
        for typed in ("PS100112", "find R&D <tools>", "nonsense ünïcödé", "help"):
            harness.ask("ada", typed)
            wait_until_delivered(harness)
        harness.kill_bot()
        sequences = {
            message["ts"]: [int(line.split()[0][1:]) for line in message["text"].split("\n")]
            for message in exported(harness)[1:]
        }
        assert [number for told in sequences.values() for number in told] == [line.sequence for line in lines(harness)]
        yield Told(store_path(harness), exported(harness), sequences)


def test_a_chain_that_was_left_alone_holds_and_its_head_is_what_head_prints(office: Office) -> None:
    head = office.run("head")
    assert (head.code, head.err) == (HOLDS, "")

    assert office.run("verify") == (HOLDS, f"The chain holds: {ENTRIES} entries, head {head.out}", "")
    assert office.run("verify", "--head", head.out.strip()).code == HOLDS


def test_auditing_changes_no_byte_of_the_store(office: Office) -> None:
    before = office.store.read_bytes()

    for words in (["verify"], ["head"], ["export"]):
        assert office.run(*words).code == HOLDS

    assert office.store.read_bytes() == before
    assert [path.name for path in office.store.parent.iterdir()] == [office.store.name]


RENUMBER = "UPDATE ledger_entry SET sequence = {} WHERE sequence = {}"
SLIP_IN = (
    "INSERT INTO ledger_entry SELECT 4, at, stream, 99, 'approved', actor_user, actor_team, facts, previous_hash, hash"
    " FROM ledger_entry WHERE sequence = 2"
)


@pytest.mark.parametrize(
    ("statements", "sentence"),
    [
        (["UPDATE ledger_entry SET facts = '{\"number\":99}' WHERE sequence = 3"], "Entry 3 was altered"),
        (["UPDATE ledger_entry SET actor_user = 'U0MALLORY' WHERE sequence = 9"], "Entry 9 was altered"),
        (["UPDATE ledger_entry SET at = '2026-03-09T07:30:00.500000Z' WHERE sequence = 2"], "Entry 2 was altered"),
        (["DELETE FROM ledger_entry WHERE sequence = 4"], "Entry 4 was removed"),
        ([*(RENUMBER.format(old + 1, old) for old in range(ENTRIES, 3, -1)), SLIP_IN], "Entry 4 was inserted"),
        ([RENUMBER.format(99, 5), RENUMBER.format(5, 6), RENUMBER.format(6, 99)], "Entry 5 was moved"),
        (["DELETE FROM ledger_entry WHERE sequence > 10"], "Entry 11 is the first one missing"),
        (["DELETE FROM ledger_entry"], "Entry 1 is the first one missing"),
    ],
    ids=["facts", "actor", "moment", "removed", "inserted", "reordered", "truncated", "emptied"],
)  # fmt: skip
def test_each_kind_of_tampering_is_named_by_its_first_bad_entry(
    office: Office, statements: list[str], sentence: str
) -> None:
    office.tamper(*statements)

    found = office.run("verify")

    assert found.code == BROKEN
    assert found.out.startswith(sentence)


def test_an_end_cut_off_without_a_trace_shows_against_a_head_that_was_kept(office: Office) -> None:
    head = office.run("head").out.strip()
    office.tamper("DELETE FROM ledger_entry WHERE sequence > 10", "DELETE FROM outbox WHERE sequence > 10")
    older = office.run("head").out.strip()

    assert office.run("verify", "--head", older).code == HOLDS
    found = office.run("verify", "--head", older, "--head", head)
    assert (found.code, found.out[:34]) == (BROKEN, "Entry 11 is the first one missing:")


HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


@pytest.mark.parametrize("head", ["12", f"twelve:{HASH}", f":{HASH}", "12:", "12:9f86d081", f"12:{HASH}0", f"0:{HASH}"])
def test_a_head_that_is_none_is_not_taken_for_one(office: Office, head: str) -> None:
    refused = office.run("verify", "--head", head)

    assert refused.code == CANNOT_READ
    assert "42:9f86d081" in refused.err


def test_a_head_may_be_typed_in_capitals(office: Office) -> None:
    assert office.run("verify", "--head", office.run("head").out.strip().upper()).code == HOLDS


def test_an_export_can_be_checked_by_ten_lines_of_another_program(office: Office) -> None:
    export = office.run("export")

    audited = subprocess.run(
        [sys.executable, "-I", "-c", AUDITOR], input=export.out.encode(), capture_output=True, check=True
    )

    assert audited.stdout.decode() == office.run("head").out
    assert len(export.out.splitlines()) >= ENTRIES


def test_an_export_that_was_changed_does_not_pass_these_ten_lines(office: Office) -> None:
    export = office.run("export").out.replace('"number":2', '"number":3')

    audited = subprocess.run(
        [sys.executable, "-I", "-c", AUDITOR], input=export.encode(), capture_output=True, check=False
    )

    assert audited.returncode != 0


def test_both_formats_of_an_export_say_the_same(office: Office) -> None:
    documents = [json.loads(line) for line in office.run("export").out.split("\n")[:-1]]
    rows = list(csv.DictReader(io.StringIO(office.run("export", "--format", "csv").out, newline="")))

    assert [row | {"facts": json.loads(row["facts"])} for row in rows] == [
        document | {"sequence": str(document["sequence"]), "version": str(document["version"])}
        for document in documents
    ]
    assert [document["facts"] for document in documents][4] == STRANGE[0]


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_an_export_is_utf_8_whatever_the_terminal_s_encoding_is(office: Office, form: str) -> None:
    export = office.run("export", "--format", form)

    assert office.run("export", "--format", form, PYTHONIOENCODING="latin-1") == export
    assert PLANES[:3] in export.out


@pytest.mark.parametrize(
    ("span", "first", "last"),
    [
        ([], 1, ENTRIES),
        (["--since", "2026-03-09"], 1, ENTRIES),
        (["--since", "2026-03-09 07:30:03"], 4, ENTRIES),
        (["--since", "2026-03-09T07:30:03", "--until", "2026-03-09T07:30:05"], 4, 5),
        (["--since", "2026-03-09T07:30:03.000000Z", "--until", "2026-03-09T07:30:05Z"], 4, 5),
        (["--until", "2026-03-09 07:30:01"], 1, 1),
        (["--until", "2026-03-09 07:30:00"], 1, 0),
        (["--since", "2026-03-10"], 1, 0),
    ],
)
def test_a_span_begins_with_its_first_moment_and_ends_before_its_last(
    office: Office, span: list[str], first: int, last: int
) -> None:
    export = office.run("export", *span)

    assert export.code == HOLDS
    found = [json.loads(line)["sequence"] for line in export.out.split("\n")[:-1]]
    assert found == list(range(first, last + 1))


def test_a_reader_who_has_seen_enough_ends_an_export_in_peace(office: Office) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "ledger", "export"],
        env=settings(office.store),
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as exporting:
        assert exporting.stdout
        assert exporting.stderr
        exporting.stdout.readline()
        exporting.stdout.close()
        assert b"Traceback" not in exporting.stderr.read()


def test_an_export_whose_store_fails_on_the_way_is_said_not_to_be_whole(capsys: pytest.CaptureFixture[str]) -> None:
    def failing() -> Iterator[Any]:
        yield from ("first", "second", "third")
        raise StoreError(StoreErrorKind.UNREACHABLE, "gone")

    with pytest.raises(StoreError):
        list(_warn_if_cut_short(failing()))

    assert capsys.readouterr().err == "The export is not whole: it ends after 3 entries.\n"


def test_a_store_that_is_not_there_is_not_called_whole_and_not_made(tmp_path: Path) -> None:
    office = Office(tmp_path / "nowhere.db")

    found = office.run("verify")

    assert (found.code, found.out) == (CANNOT_READ, "")
    assert "Traceback" not in found.err
    assert not office.store.exists()


def test_a_file_that_is_no_store_is_said_in_a_sentence(tmp_path: Path) -> None:
    office = Office(tmp_path / "store.db")
    office.store.write_bytes(b"This was never a database.\n" * 400)

    for words in ("verify", "head", "export"):
        found = office.run(words)
        assert found.code == CANNOT_READ
        assert "Traceback" not in found.err


FAILURES = {
    "no entries": ["DROP TABLE ledger_entry"],
    "an entry's column is gone": ["ALTER TABLE ledger_entry RENAME COLUMN hash TO other"],
    "no version": ["DROP TABLE store_version"],
}


@pytest.mark.parametrize("statements", FAILURES.values(), ids=FAILURES)
def test_a_store_that_fails_after_it_was_opened_is_not_called_broken(office: Office, statements: list[str]) -> None:
    office.tamper(*statements)

    for words in ("verify", "head", "export"):
        found = office.run(words)
        assert (found.code, found.out) == (CANNOT_READ, "")
        assert found.err.startswith("The bot's own database (PKGSTATUS_STORE) cannot be used: ")
        assert len(found.err.splitlines()) == 1


def test_a_chain_that_cannot_be_compared_with_the_outbox_is_not_called_broken(office: Office) -> None:
    office.tamper("DROP TABLE outbox")

    assert office.run("verify").code == CANNOT_READ
    assert office.run("head").code == HOLDS


@pytest.mark.parametrize("kept_bytes", [0, 100, 5000])
def test_a_file_that_was_cut_off_is_not_called_whole_and_not_made_anew(office: Office, kept_bytes: int) -> None:
    office.store.write_bytes(office.store.read_bytes()[:kept_bytes])

    for words in ("verify", "head", "export"):
        found = office.run(words)
        assert found.code == CANNOT_READ
        assert "Traceback" not in found.err
    assert office.store.stat().st_size == kept_bytes


@needs_postgresql
def test_a_login_that_may_not_read_entries_any_more_is_not_called_a_broken_chain(tmp_path: Path) -> None:
    store = os.environ[engines.STORE_ODBC]
    engines.empty(store)
    with closing(open_store(store, audit_channel=CHANNEL, holder="one", clock=lambda: BEGAN)) as opened:
        opened.ledger.append(Draft("commands", None, "looked up", "U000000ADA", "T0CONTOSO", {}))
    with login(store, "store") as granted:
        office = Office(tmp_path / "unused.db")
        assert office.run("verify", PKGSTATUS_STORE=granted.address).code == HOLDS
        engines.run_on(store, f"REVOKE SELECT ON dbo.ledger_entry FROM {granted.role}")

        for words in ("verify", "head", "export"):
            found = office.run(words, PKGSTATUS_STORE=granted.address)
            assert (found.code, found.out) == (CANNOT_READ, "")
            assert "Traceback" not in found.err
            assert len(found.err.strip().splitlines()) <= 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("words", ["verify", "head", "export"])
def test_output_that_cannot_be_written_is_said_in_a_sentence(office: Office, words: str) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "bot", "ledger", words],
            env=settings(office.store),
            cwd=CHECKOUT,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )

    assert ended.returncode == CANNOT_READ
    assert ended.stderr.decode() == "The output cannot be used: No space left on device.\n"


@pytest.mark.parametrize("words", ["verify", "head", "export"])
def test_output_that_nobody_reads_is_no_verdict(office: Office, words: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [sys.executable, "-m", "bot", "ledger", words],
        env=settings(office.store),
        cwd=CHECKOUT,
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)

    assert (ended.returncode, ended.stderr) == (Exit.UNREAD, b"")


def test_settings_that_are_missing_are_named(tmp_path: Path) -> None:
    found = Office(tmp_path / "store.db").run("verify", PKGSTATUS_CHANNELS__AUDIT="")

    assert found.code == CANNOT_READ
    assert "PKGSTATUS_CHANNELS__AUDIT" in found.err


def test_a_channel_that_tells_the_same_is_said_to(told: Told, tmp_path: Path) -> None:
    compared = compare(told, tmp_path, told.messages)

    assert compared.code == HOLDS
    assert compared.out.endswith("The audit channel says the same.\n")


def test_a_private_channel_and_a_bare_folder_of_days_are_found_too(told: Told, tmp_path: Path) -> None:
    office = copied(told.store, tmp_path)
    export = write_export(tmp_path / "export", told.messages, listed_in="groups.json")

    assert office.run("verify", "--slack-export", str(export)).code == HOLDS
    assert office.run("verify", "--slack-export", str(export / "audit-trail")).code == HOLDS


def edit(message: Json) -> None:
    message["text"] = message["text"].replace("U000000ADA", "U00000GRACE")


def mark_as_edited(message: Json) -> None:
    message["edited"] = {"user": "U0PKGBOT", "ts": "1700000000.000100"}


def empty(message: Json) -> None:
    message["text"] = ""


@pytest.mark.parametrize("change", [edit, mark_as_edited, empty])
def test_an_edited_message_is_named_by_its_lines(told: Told, tmp_path: Path, change: Callable[[Json], None]) -> None:
    messages = json.loads(json.dumps(told.messages))
    change(messages[2])

    compared = compare(told, tmp_path, messages)

    assert compared.code == BROKEN
    assert findings(compared) == [(sequence, "was edited") for sequence in told.sequences[messages[2]["ts"]]]


def test_a_deleted_message_is_named_by_its_lines(told: Told, tmp_path: Path) -> None:
    compared = compare(told, tmp_path, [*told.messages[:2], *told.messages[3:]])

    assert compared.code == BROKEN
    assert findings(compared) == [(sequence, "was deleted") for sequence in told.sequences[told.messages[2]["ts"]]]


def test_an_export_without_the_channel_misses_every_line(told: Told, tmp_path: Path) -> None:
    compared = compare(told, tmp_path, [])

    assert compared.code == BROKEN
    assert [what for _, what in findings(compared)] == ["was deleted"] * sum(map(len, told.sequences.values()))


def test_an_export_that_does_not_hold_the_channel_accuses_nobody(told: Told, tmp_path: Path) -> None:
    office = copied(told.store, tmp_path)
    export = write_export(tmp_path / "export", told.messages)
    write(export / "channels.json", [{"id": "C0SCCMOPS", "name": "sccm-ops"}])

    for folder in (export, tmp_path):
        compared = office.run("verify", "--slack-export", str(folder))
        assert (compared.code, findings(compared)) == (CANNOT_READ, [])
        assert CHANNEL in compared.err


def test_a_line_that_was_never_told_is_missing(told: Told, tmp_path: Path) -> None:
    office = copied(told.store, tmp_path)
    office.tamper("UPDATE outbox SET told = 0, channel = '', ts = '' WHERE sequence = 2")

    compared = office.run("verify", "--slack-export", str(write_export(tmp_path / "export", told.messages)))

    assert compared.code == BROKEN
    assert (2, "is missing") in findings(compared)


def test_a_broken_chain_is_said_before_any_channel_is_looked_at(told: Told, tmp_path: Path) -> None:
    office = copied(told.store, tmp_path)
    office.tamper("UPDATE ledger_entry SET kind = 'approved' WHERE sequence = 2")

    found = office.run("verify", "--slack-export", str(write_export(tmp_path / "export", [])))

    assert (found.code, found.out[:19]) == (BROKEN, "Entry 2 was altered")


DAY, LIST = "audit-trail/2026-01-01.json", "channels.json"
NO_LISTS = ["[{", "null", '{"ok": false}', "[null]", "[[]]", '"ts"']


@pytest.mark.parametrize(
    ("spoilt", "text"),
    [
        *((DAY, text) for text in [*NO_LISTS, '[{"type": "message"}]', '[{"ts": 1700000000}]']),
        *((LIST, text) for text in [*NO_LISTS, '[{"id": "C0SCCMAUDIT"}]', '[{"id": "C0SCCMAUDIT", "name": null}]']),
    ],
)
def test_an_export_that_cannot_be_read_is_said_in_a_sentence(
    told: Told, tmp_path: Path, spoilt: str, text: str
) -> None:
    office = copied(told.store, tmp_path)
    export = write_export(tmp_path / "export", told.messages)
    write(export / spoilt, [])
    (export / spoilt).write_text(text, encoding="utf-8")

    found = office.run("verify", "--slack-export", str(export))

    assert found.code == CANNOT_READ
    assert spoilt.rpartition("/")[2] in found.err
    assert "Traceback" not in found.err


def test_what_the_app_s_own_token_edits_and_deletes_is_found(fresh_harness: Harness, tmp_path: Path) -> None:
    fresh_harness.start_bot()
    for typed in ("PS100112", "help", "nonsense"):
        fresh_harness.ask("ada", typed)
        wait_until_delivered(fresh_harness)
    fresh_harness.kill_bot()
    first, second, third, *_ = exported(fresh_harness)[1:]
    client = WebClient(fresh_harness.workspace.bot_token, base_url=fresh_harness.workspace.api_url)
    client.chat_update(channel=CHANNEL, ts=first["ts"], text=first["text"], blocks=second["blocks"])
    client.chat_delete(channel=CHANNEL, ts=third["ts"])

    office = copied(store_path(fresh_harness), tmp_path)
    export = write_export(tmp_path / "export", exported(fresh_harness))
    compared = office.run("verify", "--slack-export", str(export))

    assert compared.code == BROKEN
    whats = [what for _, what in findings(compared)]
    assert set(whats) == {"was edited", "was deleted"}
    assert findings(compared)[0] == (1, "was edited")


def compare(told: Told, folder: Path, messages: list[Json]) -> Run:
    export = write_export(folder / "export", messages)
    return copied(told.store, folder).run("verify", "--slack-export", str(export))


def findings(compared: Run) -> list[tuple[int, str]]:
    """Return which lines are said to be wrong, and how."""
    said = re.findall(r"^Line (\d+) (is missing|was edited|was deleted)\b.*\.$", compared.out, re.MULTILINE)
    return [(int(sequence), what) for sequence, what in said]
