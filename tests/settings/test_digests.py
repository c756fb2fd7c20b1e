"""Digests are understood at the start, or refused there with the sentence that says what to write instead."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.settings.conftest import Places

MORNING = {"name": "morning", "cron": "0 8 * * mon-fri", "timezone": "Europe/Zurich", "channel": "C0OPS"}


def given(places: Places, *digests: dict[str, Any], **more: str) -> Places:
    return places.environment(DIGESTS=json.dumps(digests), **more)


def test_a_digest_is_read_with_what_it_is_about(enough: Places) -> None:
    weekly = MORNING | {"name": "weekly report", "sites": ["PS1"], "packages": "BOOT*"}

    settings = given(enough, MORNING, weekly).load()

    assert [digest.name for digest in settings.digests] == ["morning", "weekly report"]
    assert (settings.digests[0].sites, settings.digests[0].packages) == (frozenset(), None)
    assert (settings.digests[1].sites, settings.digests[1].packages) == (frozenset({"PS1"}), "BOOT*")


def test_scans_and_catching_up_have_their_times(enough: Places) -> None:
    plain = enough.load()
    assert (plain.drift.scan_every, plain.digest.catch_up) == (timedelta(minutes=15), timedelta(hours=6))

    changed = enough.environment(DRIFT__SCAN_EVERY="5min", DIGEST__CATCH_UP="1h").load()
    assert (changed.drift.scan_every, changed.digest.catch_up) == (timedelta(minutes=5), timedelta(hours=1))


@pytest.mark.parametrize(
    ("changes", "name", "said"),
    [
        (
            {"cron": "0 8 * * 1"},
            "CRON",
            "names weekdays by number, which programs count differently; write 0 8 * * mon.",
        ),
        ({"cron": "0 8 * *"}, "CRON", "needs five fields: minute hour day month weekday, like 0 8 * * mon-fri."),
        ({"cron": "0 25 * * *"}, "CRON", "has no such hour: it takes 0 to 23, like */2 or 1-5."),
        ({"cron": "0 8 30 2 *"}, "CRON", "never comes: no month has that day"),
        ({"timezone": "Europe/Zürich"}, "TIMEZONE", "is no IANA time zone; perhaps it is Europe/Zurich."),
        (
            {"timezone": "W. Europe Standard Time"},
            "TIMEZONE",
            "is Windows' name of a time zone; its IANA name is Europe/B",
        ),
        ({"timezone": "eastern  standard time"}, "TIMEZONE", "its IANA name is America/New_York."),
        ({"timezone": "W. Europe Daylight Time"}, "TIMEZONE", "its IANA name is Europe/Berlin."),
        ({"timezone": "Pacific Daylight Time"}, "TIMEZONE", "its IANA name is America/Los_Angeles."),
        ({"timezone": "Eastern Summer Time"}, "TIMEZONE", "its IANA name is America/New_York."),
        ({"timezone": "W. Europe Standard Time_dstoff"}, "TIMEZONE", "its IANA name is Europe/Berlin."),
        ({"timezone": "W.Europe Standard Time"}, "TIMEZONE", "its IANA name is Europe/Berlin."),
        ({"timezone": "Coordinated Universal Time"}, "TIMEZONE", "its IANA name is Etc/UTC."),
        ({"timezone": "CEST"}, "TIMEZONE", "is no IANA time zone"),
        ({"timezone": ""}, "TIMEZONE", "is no IANA time zone, like Europe/Zurich."),
        ({"timezone": "../etc/passwd"}, "TIMEZONE", "is no IANA time zone"),
        ({"name": ""}, "NAME", "must be 1 to 40 letters, digits, blanks, dots or dashes, like morning."),
        ({"channel": "#ops"}, "CHANNEL", "must be a channel's ID, which begins with C, not its name."),
        ({"packages": ""}, "PACKAGES", "must be a pattern of at least one character, like BOOT*."),
        ({"sites": ["PS10"]}, "SITES__0", "must be a site code of 3 letters or digits."),
    ],
)
def test_a_mistake_in_a_digest_is_said_in_one_line(
    enough: Places, changes: dict[str, Any], name: str, said: str
) -> None:
    (line,) = given(enough, MORNING | changes).mistakes()

    assert line.startswith(f"PKGSTATUS_DIGESTS__0__{name} ")
    assert said in line
    assert "Example: " in line


def test_names_are_given_once(enough: Places) -> None:
    (line,) = given(enough, MORNING, MORNING | {"name": "Morning"}).mistakes()

    assert line.startswith("PKGSTATUS_DIGESTS has two digests of one name; give each a name of its own.")


def test_a_digest_without_a_channel_goes_to_the_channel_of_all_digests_or_nowhere(enough: Places) -> None:
    homeless = {name: value for name, value in MORNING.items() if name != "channel"}

    (line,) = given(enough, MORNING, homeless | {"name": "weekly"}).mistakes()
    assert line.startswith("PKGSTATUS_DIGESTS has a digest without a channel; give it one, or set PKGSTATUS_CHANNELS__")

    assert given(enough, homeless, CHANNELS__DIGEST="C0OPS").load().digests[0].channel is None


def test_a_digest_tells_only_of_sites_that_there_are(enough: Places) -> None:
    (line,) = given(enough, MORNING | {"sites": ["P02"]}).mistakes()

    assert line.startswith("PKGSTATUS_DIGESTS names a site that PKGSTATUS_SITES has not; it has PS1.")
