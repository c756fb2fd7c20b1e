"""Five thousand distribution points: pages over the snapshot of one moment, and all of it as CSV."""

from __future__ import annotations

import csv
import io
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.frontdoor.audit_trail import store_path
from tests.frontdoor.message_content import CSV, NEXT, PREVIOUS, SHOW, block, buttons, column, visible_text
from tests.frontdoor.sites import change
from tests.harness import Harness

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness import Json

PACKAGE = "BIG00001"


@pytest.fixture(scope="module")
def big_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    with Harness(tmp_path_factory.mktemp("big"), rows=6000) as harness:
        harness.start_bot()
        yield harness


def test_a_long_table_begins_with_its_worst_hundred_rows(big_stage: Harness) -> None:
    answer = big_stage.ask("ada", PACKAGE)

    assert caption(answer).startswith("Distribution points with BIG00001: rows 1-")
    assert caption(answer).endswith(" of 5,000")
    assert 80 < len(column(answer, "Server")) <= 100
    assert column(answer, "Class")[:5] == ["🔴 failed"] * 5
    assert "🟢 in sync" in column(answer, "Class")
    assert turning(answer) == ["Next ▶"]
    assert "CSV of all 5,010 rows" in buttons(answer)


def test_the_pages_hold_every_row_once_in_one_order(big_stage: Harness) -> None:
    answer = big_stage.ask("ada", f"{PACKAGE} site:P03")
    servers = column(answer, "Server")

    while "Next ▶" in buttons(answer):
        answer = turned(big_stage, answer, NEXT)
        servers += column(answer, "Server")

    assert caption(answer).endswith("-500 of 500")
    assert sorted(servers) == [f"BIG-DP{number:04}.contoso.com" for number in range(2, 5000, 10)]


def test_the_previous_page_is_as_it_was(big_stage: Harness) -> None:
    first = big_stage.ask("ada", PACKAGE)
    second = turned(big_stage, first, NEXT)

    assert f"rows {len(column(first, 'Server')) + 1}-" in caption(second)
    assert not set(column(second, "Server")) & set(column(first, "Server"))
    assert turning(second) == ["◀ Previous", "Next ▶"]
    back = turned(big_stage, second, PREVIOUS)

    assert column(back, "Server") == column(first, "Server")
    assert turning(back) == turning(first)


def test_pages_show_the_moment_of_the_question_though_the_site_has_changed(big_stage: Harness) -> None:
    old = big_stage.ask("ada", f"{PACKAGE} failed")
    first = big_stage.ask("ada", PACKAGE)
    change(big_stage.site, f"UPDATE PkgStatus SET Status = 3, SourceVersion = 5 WHERE ID = '{PACKAGE}' AND Status = 5")

    back = turned(big_stage, turned(big_stage, first, NEXT), PREVIOUS)

    assert column(back, "Class")[:5] == ["🔴 failed"] * 5
    assert column(old, "Class") == ["🔴 failed"] * 5
    assert "🔴" not in visible_text(big_stage.ask("ada", PACKAGE)), "a new question sees the new state"


def test_the_csv_has_every_row_and_comes_to_whoever_clicked_and_to_nobody_else(big_stage: Harness) -> None:
    answer = big_stage.ask("ada", f"{PACKAGE} failed")

    big_stage.click("grace", answer, CSV)

    file = big_stage.wait_for(lambda: next(iter(files(big_stage, "grace")), None))
    header, *rows = csv.reader(io.StringIO(file["text"].removeprefix("\ufeff")))
    assert header[:8] == ["package", "row", "server", "site", "hop", "held", "expected", "behind"]
    assert len(rows) == 5010
    assert [row[1] for row in rows] == ["site"] * 10 + ["DP"] * 5000
    assert file["name"].startswith(f"{PACKAGE}-20")
    assert big_stage.messages("@grace", "grace")[0]["text"].startswith("All 5,010 rows of BIG00001 as they were at 20")
    assert files(big_stage, "ada") == []
    note = big_stage.answer_to("grace")
    assert note["text"] == "I have sent you the CSV in a direct message."
    assert note["ephemeral"]


def test_a_table_outlives_its_process_for_half_an_hour_and_then_offers_to_ask_again(big_stage: Harness) -> None:
    old = big_stage.ask("ada", f"{PACKAGE} site:P03")
    forget_soon(big_stage)
    young = big_stage.ask("ada", f"{PACKAGE} site:P04")
    big_stage.kill_bot()
    big_stage.wait_for(lambda: big_stage.connections() == 0)
    change(big_stage.site, f"UPDATE PkgStatus SET SourceVersion = 5 WHERE ID = '{PACKAGE}'")
    big_stage.start_bot()

    second = turned(big_stage, young, NEXT)
    assert read_at(second) == read_at(young)
    assert column(turned(big_stage, second, PREVIOUS), "Server") == column(young, "Server")
    assert set(column(second, "Held")) == set(column(young, "Held")), "the site has changed since"
    big_stage.click("grace", old, NEXT)

    gone = big_stage.answer_to("grace")
    assert gone["text"] == "That table is more than 30 minutes old and I no longer have it. Ask again for a fresh one."
    assert gone["ephemeral"]
    big_stage.click("grace", gone, SHOW)
    assert caption(big_stage.answer_to("grace")).endswith(" of 500")


def forget_soon(harness: Harness) -> None:
    """Make everything that is kept for paging an hour older."""
    with closing(sqlite3.connect(store_path(harness), isolation_level=None, timeout=20)) as connection:
        an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
        connection.execute("UPDATE snapshot SET kept_at = ?", (an_hour_ago.isoformat(),))


def read_at(answer: Json) -> str:
    """Return what the small print says of when the rows were read."""
    return next(line for line in visible_text(answer).split("\n") if line.startswith("Read at"))


def turned(harness: Harness, answer: Json, button: str) -> Json:
    """Click a page button and return the same message with its other page."""
    harness.click("ada", answer, button)

    def other() -> Json | None:
        message = next(message for message in harness.messages() if message["ts"] == answer["ts"])
        return message if caption(message) != caption(answer) else None

    return harness.wait_for(other)


def turning(answer: Json) -> list[str]:
    """Return the buttons that turn pages."""
    return [text for text in buttons(answer) if text in {"◀ Previous", "Next ▶"}]


def caption(answer: Json) -> str:
    return str(block(answer, "data_table")["caption"])


def files(harness: Harness, user: str) -> list[Json]:
    found: list[Json] = harness.query("files", user=user)["files"]
    return found
