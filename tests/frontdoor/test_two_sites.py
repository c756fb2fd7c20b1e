"""Two sites that are not of one hierarchy: one package ID at both, and one of the two that is away."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.demo.launch import digest_settings
from bot.demo.sample.build import build_sample
from tests.frontdoor.message_content import CSV, SHOW, buttons, records, visible_text
from tests.frontdoor.resets import (
    AGAIN,
    REQUEST,
    card_of,
    fresh_id,
    id_of,
    ids,
    submit,
    wait_for_form,
)
from tests.frontdoor.resets import press as vote
from tests.frontdoor.sites import change
from tests.harness import Harness

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness import Json

PACKAGE = "PS100112"
HERE, THERE, AWAY = "PS1", "XY2", "AW4"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """Yield a bot with two hierarchies: the package was migrated to the second, which has gone on to version 5."""
    folder = tmp_path_factory.mktemp("both")
    with Harness(folder) as harness:
        there = folder / "there.db"
        build_sample(there, now=datetime.now(UTC))
        move(there)
        harness.settings |= digest_settings(datetime.now(UTC))
        harness.start_bot(sites=addresses(harness.site, there))
        harness.wait_for(lambda: harness.log().count('"event": "scanned"') == 2 or None)
        yield harness


def addresses(here: Path, there: Path) -> Json:
    return {HERE: {"database": f"sqlite:///{here}"}, THERE: {"database": f"sqlite:///{there}"}}


def move(site: Path) -> None:
    """Make a copy of the sample a hierarchy of its own, with other names and versions."""
    change(
        site,
        "UPDATE SMSData SET ThisSiteCode = 'XY2'",
        f"DELETE FROM SMSPackages WHERE PkgID <> '{PACKAGE}'",
        f"DELETE FROM PkgStatus WHERE ID <> '{PACKAGE}'",
        "UPDATE SMSPackages SET SourceSite = 'XY2', SourceVersion = 5, Name = 'Boot image (London)'",
        "UPDATE PkgStatus SET SourceVersion = 5, Status = 3 WHERE Type = 2",
        "UPDATE PkgStatus SET SourceVersion = 5, Status = 2 WHERE Type = 1",
        "UPDATE PkgStatus SET SourceVersion = 4 WHERE Type = 2 AND SiteCode = 'PS1'",
        "UPDATE PkgStatus SET SiteCode = 'XY2' WHERE SiteCode = 'PS1'",
        "UPDATE DistributionPoints SET SMSSiteCode = 'XY2' WHERE SMSSiteCode = 'PS1'",
    )


def press(harness: Harness, message: Json, name: str) -> Json:
    """Press a button by what is written on it and return the answer."""
    button = buttons(message)[name]
    harness.click("ada", message, button["action_id"], button["value"])
    return harness.answer_to("ada")


def test_a_question_for_an_id_of_two_hierarchies_shows_what_each_says(both: Harness) -> None:
    answer = both.ask("ada", PACKAGE)

    said = visible_text(answer)
    assert f"{PACKAGE} is a package of its own at PS1 and XY2" in said
    here, there = said.split("*XY2* · Boot image ")
    assert "*PS1* · Boot image (x64)" in here
    assert "source version *13*" in here
    assert "17" in here
    assert there.startswith("(London)")
    assert "source version *5*" in there
    assert "*23* DP behind" in there
    assert ".contoso.com: DP behind, holds 4" in there
    assert "… and 18 more" in there
    assert not answer["ephemeral"]


@pytest.mark.parametrize(
    ("site", "version", "other"), [(HERE, "source version 13", THERE), (THERE, "source version 5", HERE)]
)
def test_a_site_is_chosen_by_its_button_or_by_typing_it(both: Harness, site: str, version: str, other: str) -> None:
    pressed = press(both, both.ask("ada", f"{PACKAGE} behind"), f"Show {site}")
    typed = both.ask("ada", f"{PACKAGE} behind site:{site.lower()}")

    for answer in (pressed, typed):
        assert version in answer["text"]
        assert f"from site {site}" in visible_text(answer)
        assert "filter `behind`" in visible_text(answer)
    assert f"`/pkgstatus {PACKAGE} site:{other}`" in visible_text(typed)


def test_drift_leads_to_the_package_of_the_site_that_it_is_about(both: Harness) -> None:
    drift = both.ask("ada", "drift")
    assert f"{PACKAGE} Boot image (London) at XY2: 23 rows" in visible_text(drift)

    there = press(both, drift, f"{PACKAGE} at XY2")
    here = press(both, drift, f"{PACKAGE} at PS1")

    assert there["text"].startswith(f"{PACKAGE} Boot image (London), source version 5: 23 DP behind")
    assert here["text"].startswith(f"{PACKAGE} Boot image (x64), source version 13")


def test_every_button_under_a_table_stays_with_its_site(both: Harness) -> None:
    answer = both.ask("ada", f"{PACKAGE} site:{THERE}")
    assert all(THERE in button["value"] for button in buttons(answer).values())

    both.click("ada", answer, CSV)
    file = both.wait_for(lambda: next(iter(both.query("files", user="ada")["files"]), None))
    rows = list(csv.DictReader(io.StringIO(file["text"].removeprefix("\ufeff"))))
    assert {row["expected"] for row in rows} == {"5"}

    both.click("ada", answer, REQUEST)
    form = wait_for_form(both, "ada")
    assert "at site *XY2*, source version *5*" in visible_text(form)


def test_a_table_that_is_gone_is_asked_for_again_at_its_site(both: Harness) -> None:
    answer = both.ask("ada", f"{PACKAGE} site:{THERE}")
    value = buttons(answer)[next(name for name in buttons(answer) if name.startswith("CSV"))]["value"]
    both.stop_bot()
    change(both.site.with_name("store.db"), "DELETE FROM snapshot")
    both.start_bot(sites=addresses(both.site, both.site.with_name("there.db")))

    both.click("ada", answer, CSV, value)
    gone = both.answer_to("ada")
    both.click("ada", gone, SHOW)

    assert "source version 5" in both.answer_to("ada")["text"]


def test_a_request_is_made_and_made_again_at_its_site(both: Harness) -> None:
    known = set(ids(both))
    both.do("close", user="ada", all=True)
    answer = both.ask("ada", f"{PACKAGE} site:{THERE}")
    both.click("ada", answer, REQUEST)
    wait_for_form(both, "ada")
    assert submit(both, "ada")["errors"] == {}
    card = card_of(both, fresh_id(both, known))
    assert "XY2" in visible_text(card)

    there = both.site.with_name("there.db")
    change(there, "UPDATE PkgStatus SET SourceVersion = 3 WHERE PkgServer LIKE '%NYC-DP03%'")
    for approver in ("grace", "linus"):
        vote(both, approver, card)
    ended = card_of(both, id_of(card), "⚪ outdated")
    both.click("ada", ended, AGAIN)

    assert "at site *XY2*, source version *5*" in visible_text(wait_for_form(both, "ada"))


def test_find_names_the_site_of_each_hit_and_its_button_asks_there(both: Harness) -> None:
    hits = both.ask("ada", "find boot london")
    assert f"{PACKAGE} · Boot image · site XY2" in visible_text(hits)

    both.click("ada", hits, SHOW)

    assert "source version 5" in both.answer_to("ada")["text"]


def test_drift_of_one_site_names_it(both: Harness) -> None:
    there = both.ask("ada", "drift site:XY2")
    assert re.search(r"🟡 \*23 rows have drifted\* at XY2, ", visible_text(there))
    assert there["text"].startswith("23 rows have drifted at XY2, ")


@pytest.fixture(scope="module")
def one_away(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """Yield a bot with a site that answers and one that does not."""
    folder = tmp_path_factory.mktemp("away")
    with Harness(folder) as harness:
        harness.start_bot(
            sites={
                AWAY: {"database": f"sqlite:///{folder / 'away.db'}"},
                HERE: {"database": f"sqlite:///{harness.site}"},
            }
        )
        harness.wait_for(lambda: ('"event": "scanned"' in harness.log() and "cannot scan" in harness.log()) or None)
        yield harness


IS_AWAY = "The site database of AW4 cannot be reached now. Please try again in a few minutes."


def test_a_table_says_which_site_could_not_be_asked(one_away: Harness) -> None:
    answer = one_away.ask("ada", PACKAGE)

    assert answer["text"].startswith(f"{PACKAGE} Boot image (x64), source version 13")
    assert f"⚠️ {IS_AWAY} Whether it has a package of its own with this ID is not known." in visible_text(answer)


def test_a_copy_says_that_its_source_site_could_not_be_asked(one_away: Harness) -> None:
    change(one_away.site, "UPDATE SMSPackages SET SourceSite = 'AW4' WHERE PkgID = 'PS100111'")

    answer = one_away.ask("ada", "PS100111")

    assert f"⚠️ {IS_AWAY} It is the source site of this package" in visible_text(answer)
    assert "Request reset …" not in buttons(answer)


def test_an_unknown_id_is_no_fact_while_a_site_is_away(one_away: Harness) -> None:
    answer = one_away.ask("ada", "PS100113")

    assert answer["text"].startswith(f"{IS_AWAY} It may know PS100113; PS1 does not.")
    assert "No package" not in visible_text(answer)
    one_away.click("ada", answer, SHOW, value="PS1 PS100112")
    assert one_away.answer_to("ada")["text"].startswith("PS100112")


@pytest.mark.parametrize(("word", "said"), [("boot", "2 packages with “boot”"), ("nosuch", "No package has “nosuch”")])
def test_find_lists_what_those_have_that_answer(one_away: Harness, word: str, said: str) -> None:
    answer = one_away.ask("ada", f"find {word}")

    assert answer["text"].startswith(said)
    assert f"⚠️ {IS_AWAY} What it has is missing here." in visible_text(answer)


def test_a_site_that_is_asked_for_by_name_is_said_to_be_away(one_away: Harness) -> None:
    assert "The site database of AW4 cannot be reached" in one_away.ask("ada", f"{PACKAGE} site:AW4")["text"]


def test_drift_is_told_of_those_that_answer_with_a_line_on_the_other(one_away: Harness) -> None:
    everything, away = one_away.ask("ada", "drift"), one_away.ask("ada", "drift site:AW4")

    assert "rows have drifted*" in visible_text(everything)
    assert ", as far as known" in visible_text(everything)
    assert "*AW4* could not be read" in visible_text(everything)
    assert "Drift is not known: AW4 has not been read yet" in visible_text(away)


def test_the_first_day_says_that_it_is_the_first_and_takes_ages_from_the_rows(fresh_harness: Harness) -> None:
    fresh_harness.settings |= digest_settings(datetime.now(UTC))
    fresh_harness.start_bot(drift__scan_every="24h")
    fresh_harness.wait_for(lambda: '"event": "scanned"' in fresh_harness.log() or None)

    drift = visible_text(fresh_harness.ask("ada", "drift"))
    fresh_harness.do("open_home", user="margaret")
    home = fresh_harness.wait_for(lambda: fresh_harness.query("home", user="margaret")["view"])

    for said in (drift, visible_text({"blocks": home["blocks"]})):
        assert "have drifted*, at the first look: there is nothing to compare with yet" in said
        assert "new" not in said.split("\n")[0]
    assert "newly drifted" not in drift
    assert "just seen" not in drift
    assert re.search(r"still open, the oldest for \d\d+ d", drift)

    rows = fresh_harness.click("ada", fresh_harness.ask("ada", "drift"), "drift_rows") and fresh_harness.answer_to(
        "ada"
    )
    ages = {(row["Package"], row["Server"]): row["For"] for row in records(rows)}
    told = [row for row in records(fresh_harness.ask("ada", PACKAGE)) if (PACKAGE, row["Server"]) in ages]
    assert told
    assert [row["For"] for row in told] == [ages[PACKAGE, row["Server"]] for row in told]
