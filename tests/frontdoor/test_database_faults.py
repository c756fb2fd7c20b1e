"""A site database that fails: one sentence with a reference for the asker, the reason in the log, and it recovers."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.frontdoor.sites import change, locked

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness import Harness, Json

ANSWER = "PS100112 Boot image (x64), source version 13: "
NO_V_PACKAGE = "DROP VIEW v_Package"


def missing(site: Path) -> None:
    site.unlink()


def no_database(site: Path) -> None:
    site.write_bytes(b"This was never a database.\n" * 400)


def empty_file(site: Path) -> None:
    site.write_bytes(b"")


def without_the_view(site: Path) -> None:
    change(site, NO_V_PACKAGE)


def without_the_table(site: Path) -> None:
    change(site, "DROP TABLE PkgStatus")


def without_a_column(site: Path) -> None:
    change(site, NO_V_PACKAGE, "CREATE VIEW v_Package AS SELECT PkgID AS PackageID, Name, SourceSite FROM SMSPackages")


@pytest.mark.parametrize(
    ("broken", "sentence", "trouble", "hint"),
    [
        (missing, "cannot be reached", "unreachable", "there is no file"),
        (no_database, "is damaged, or no database at all. Please tell", "damaged", "file is not a database"),
        (empty_file, "lacks a table that every site has. Please tell", "schema", "no such table: dbo.v_Package"),
        (without_the_view, "lacks a table that every site has. Please tell", "schema", "no such table: dbo.v_Package"),
        (without_the_table, "lacks a table that every site has. Please tell", "schema", "no such table: dbo.PkgStatus"),
        (without_a_column, "lacks a table that every site has. Please tell", "schema", "no column SourceVersion"),
    ],
)
def test_a_broken_database_is_said_in_a_sentence_explained_in_the_log_and_used_again_when_it_is_back(
    fresh_harness: Harness, broken: object, sentence: str, trouble: str, hint: str
) -> None:
    whole = shutil.copy(fresh_harness.site, fresh_harness.site.with_name("whole.db"))
    assert callable(broken)
    broken(fresh_harness.site)
    fresh_harness.start_bot()

    told = fresh_harness.ask("ada", "PS100112")

    assert sentence in told["text"]
    assert told["ephemeral"]
    logged = log_lines(fresh_harness, reference(told))
    assert [line["trouble"] for line in logged] == [trouble]
    assert hint in logged[0]["detail"]
    shutil.copy(whole, fresh_harness.site)
    assert fresh_harness.ask("ada", "PS100112")["text"].startswith(ANSWER)


def test_a_query_that_takes_too_long_is_given_up_and_said_to_be_slow(fresh_harness: Harness) -> None:
    change(
        fresh_harness.site,
        "ALTER TABLE SMSPackages RENAME TO Packages",
        NO_V_PACKAGE,
        """CREATE VIEW v_Package AS SELECT PkgID AS PackageID, Name, SourceSite, SourceVersion FROM Packages WHERE
        (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) SELECT MAX(i) FROM n)""",
    )
    fresh_harness.start_bot(work__query_timeout="1s")

    told = fresh_harness.ask("ada", "PS100112")

    assert "took too long to answer" in told["text"]
    assert log_lines(fresh_harness, reference(told))[0]["trouble"] == "timeout"


def test_a_locked_database_is_said_to_be_locked_and_answers_when_the_lock_is_gone(fresh_harness: Harness) -> None:
    fresh_harness.start_bot(work__query_timeout="1s")

    with locked(fresh_harness.site):
        told = fresh_harness.ask("ada", "PS100112")

    assert "holds the package tables of PS1 locked" in told["text"]
    assert log_lines(fresh_harness, reference(told))[0]["detail"] == "database is locked"
    assert fresh_harness.ask("ada", "PS100112")["text"].startswith(ANSWER)


def test_a_table_that_is_only_nice_to_have_is_left_out_and_its_absence_said(fresh_harness: Harness) -> None:
    change(fresh_harness.site, "DROP TABLE DistributionPoints")
    fresh_harness.start_bot()

    answer = fresh_harness.ask("ada", "PS100112")

    assert answer["text"].startswith(ANSWER)
    assert "not readable here: DistributionPoints" in str(answer["blocks"])


def test_a_table_that_disappears_while_the_bot_runs_is_noticed(fresh_harness: Harness) -> None:
    fresh_harness.start_bot(work__workers=1)
    assert fresh_harness.ask("ada", "PS100112")["text"].startswith(ANSWER)
    change(fresh_harness.site, "ALTER TABLE PkgStatus RENAME TO PkgStatus_away")

    assert "lacks a table that every site has" in fresh_harness.ask("ada", "PS100112")["text"]

    change(fresh_harness.site, "ALTER TABLE PkgStatus_away RENAME TO PkgStatus")
    assert fresh_harness.ask("ada", "PS100112")["text"].startswith(ANSWER)


def test_one_site_that_is_away_does_not_hide_the_packages_of_another(fresh_harness: Harness, tmp_path: Path) -> None:
    away = {"database": f"sqlite:///{tmp_path / 'away.db'}"}
    here = {"database": f"sqlite:///{fresh_harness.site}"}
    fresh_harness.start_bot(sites={"P02": away, "PS1": here})

    assert fresh_harness.ask("ada", "PS100112")["text"].startswith(ANSWER)
    told = fresh_harness.ask("ada", "P0200001")["text"]
    assert told.startswith("The site database of P02 cannot be reached")


def reference(told: Json) -> str:
    found = re.search(r"\(`([0-9a-f]{8})`\)\.$", told["text"])
    assert found, told["text"]
    return found[1]


def log_lines(harness: Harness, ref: str) -> list[Json]:
    lines = [json.loads(line) for line in harness.log().splitlines() if ref in line]
    return [line for line in lines if line["event"] == "site database failed"]
