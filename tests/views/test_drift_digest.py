"""The digest as a message: drawn as committed, one line on a quiet day, and taken by Slack at any size."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.demo.workspace.blocks.surfaces import message_reasons
from bot.domain.digest import AuditStatus, RowList, SiteSeen, TopEntry
from bot.domain.drift_classes import DriftClass
from bot.domain.drift_summary import DriftScope
from bot.domain.package import SiteCode
from bot.domain.request import Freeze, Stage
from bot.domain.site_error_kind import SiteErrorKind
from bot.domain.voting_patterns import Frequent, Pair, QuickVote, VotingPatterns
from bot.views import drift_digest, drift_summary
from bot.views.block_kit import MESSAGE_BLOCKS, MESSAGE_TEXT
from tests import drifts
from tests.builders import NOW, ago
from tests.drifts import HEAD, STILL_OPEN, ZURICH, busy_picture, drifted, listed, summary
from tests.fakes import ADA, GRACE, LINUS, MARGARET
from tests.requests import asked, reached
from tests.views.scenes import committed, drawn, words
from tests.views.strategies import FOREIGN, INJECTIONS, ROWS

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.domain.digest import Digest
    from bot.views.block_kit import Message

LINKS = {asked().id: "https://contoso.slack.com/archives/C0APPROVALS/p1"}
VOTING = VotingPatterns(
    12,
    quick=(QuickVote("a", GRACE.id, 4), QuickVote("b", LINUS.id, 11)),
    pairs=(Pair(ADA.id, GRACE.id, 3, 4),),
    frequent=(Frequent(GRACE.id, 11),),
)
AROUND = drift_digest.DigestExtras(LINKS, "@{}".format, VOTING)
FREEZE = Freeze(MARGARET.id, ago(hours=3), "site update tonight")


def busy(**changes: Any) -> Digest:
    """Return a digest with something of everything."""
    plain = drifts.digest(
        summary=busy_picture(),
        waiting=(asked(created_at=ago(hours=2), expires_at=ago(hours=-2)),),
        resets=(reached(Stage.CONVERGED), reached(Stage.STALLED)),
        freeze=FREEZE,
    )
    return replace(plain, **changes)


def unreadable() -> Digest:
    """Return a late digest of three sites, of which one can be read, and of a request that cannot."""
    sites = (
        SiteSeen(SiteCode("PS1"), ago(minutes=5)),
        SiteSeen(SiteCode("P02"), ago(hours=3), SiteErrorKind.UNREACHABLE, ago(minutes=5)),
        SiteSeen(SiteCode("P03"), None),
    )
    due_at = ago(minutes=95).astimezone(ZURICH)
    trail = AuditStatus(HEAD, 12, ago(minutes=8))
    return drifts.digest(summary=summary(sites=sites), due_at=due_at, trail=trail, lost=("0123456789abcdef",))


SCENES: dict[str, Callable[[], Message]] = {
    "digest_busy": lambda: drift_digest.draw(busy(), AROUND, as_chart=True),
    "digest_busy_bars": lambda: drift_digest.draw(busy(), AROUND, as_chart=False),
    "digest_quiet": lambda: drift_digest.draw(drifts.digest(), as_chart=True),
    "digest_unreadable": lambda: drift_digest.draw(unreadable(), as_chart=True),
    "digest_first": lambda: drift_digest.draw(drifts.digest(summary=summary(since=None)), as_chart=True),
}


@pytest.mark.parametrize("scene", SCENES)
def test_a_digest_looks_as_committed_and_slack_takes_it(scene: str) -> None:
    message = SCENES[scene]()

    assert drawn(message) == committed(scene, message)
    assert message_reasons(list(message.blocks)) == []


def test_a_quiet_day_is_one_line_that_ends_with_the_ledgers_head() -> None:
    (line,) = drift_digest.draw(drifts.digest(), as_chart=True).blocks

    assert line["text"]["text"] == (
        "🔴 *59 rows have drifted*, unchanged since 2026-03-08 08:30 CET, the oldest for 22 d. "
        f"Digest morning · Ledger head `{HEAD.sequence}:{HEAD.hash}`"
    )


def test_a_day_without_any_drift_is_green() -> None:
    clean = drifts.digest(summary=summary(counts={}, still=RowList(0)))

    assert drift_digest.draw(clean, as_chart=True).text == (
        "Digest morning: Nothing has drifted, unchanged since 2026-03-08 08:30 CET."
    )


@pytest.mark.parametrize(
    "change",
    [
        {"summary": summary(newly=drifts.listed(1))},
        {"summary": summary(healed=drifts.listed(1, healed_at=ago(hours=1)))},
        {"summary": summary(gone=drifts.listed(1, healed_at=ago(hours=1)))},
        {"summary": summary(since=None)},
        {"summary": summary(sites=(SiteSeen(SiteCode("PS1"), None),))},
        {"summary": summary(sites=(SiteSeen(SiteCode("PS1"), ago(hours=1), SiteErrorKind.LOGIN, ago(minutes=1)),))},
        {"waiting": (asked(),)},
        {"resets": (reached(Stage.CONVERGED),)},
        {"freeze": FREEZE},
        {"lost": ("0123456789abcdef",)},
        {"trail": AuditStatus(HEAD, 3, ago(minutes=5))},
        {"due_at": ago(minutes=11)},
    ],
)
def test_whatever_changed_or_hinders_makes_a_day_that_is_not_quiet(change: dict[str, Any]) -> None:
    assert not drift_digest.is_quiet(drifts.digest(**change))


def test_what_is_being_told_right_now_does_not_disturb_a_quiet_day() -> None:
    assert drift_digest.is_quiet(drifts.digest(trail=AuditStatus(HEAD, 2, ago(seconds=1))))


def test_a_quiet_day_mentions_how_votes_went_only_if_something_stands_out() -> None:
    assert drift_digest.is_quiet(drifts.digest(), VotingPatterns(12))
    assert not drift_digest.is_quiet(drifts.digest(), VOTING)


def test_a_site_that_was_never_read_is_called_unknown_and_not_fine() -> None:
    nothing = summary(counts={}, still=RowList(0), sites=(SiteSeen(SiteCode("PS1"), None),))

    message = drift_digest.draw(drifts.digest(summary=nothing), as_chart=True)

    assert message.text == "Digest morning: Drift is not known: no site has been read yet."
    assert "Nothing has drifted" not in words(message)


def test_nobody_is_pinged_by_a_digest() -> None:
    assert "<@" not in words(SCENES["digest_busy"]())


@pytest.mark.parametrize(
    ("since", "due_at", "is_first"),
    [
        (None, datetime(2026, 3, 9, 8, tzinfo=ZURICH), True),
        (datetime(2026, 3, 8, 8, tzinfo=ZURICH), datetime(2026, 3, 9, 8, tzinfo=ZURICH), True),  # Sunday, Monday
        (datetime(2026, 3, 9, 8, tzinfo=ZURICH), datetime(2026, 3, 10, 8, tzinfo=ZURICH), False),
        (datetime(2026, 3, 9, 0, tzinfo=ZURICH), datetime(2026, 3, 9, 8, tzinfo=ZURICH), False),
        (datetime(2025, 3, 10, 8, tzinfo=ZURICH), datetime(2026, 3, 9, 8, tzinfo=ZURICH), True),
    ],
)
def test_the_first_digest_of_a_week_is_the_one_that_tells_how_votes_went(
    since: datetime | None, due_at: datetime, *, is_first: bool
) -> None:
    assert drift_digest.is_first_of_week(drifts.digest(summary=summary(since=since), due_at=due_at)) is is_first


@pytest.mark.parametrize("count", [10, 100_000])
@pytest.mark.parametrize("as_chart", [True, False])
def test_slack_takes_a_digest_of_any_size(count: int, *, as_chart: bool) -> None:
    requests = (asked(),) * 40
    crowd = busy(summary=drifts.crowded(count), waiting=requests, resets=requests)

    message = drift_digest.draw(crowd, AROUND, as_chart=as_chart)

    assert message_reasons(list(message.blocks)) == []
    assert len(message.blocks) <= MESSAGE_BLOCKS
    assert len(message.text) <= MESSAGE_TEXT
    assert f"*{count:,}* newly drifted" in words(message)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(ROWS, min_size=1, max_size=10),
    FOREIGN,
    FOREIGN,
    st.dictionaries(st.sampled_from(list(DriftClass)), st.integers(0, 10**7)),
)
def test_slack_takes_every_digest_whatever_a_database_holds(
    rows: list[Any], name: str, site: str, counts: dict[DriftClass, int]
) -> None:
    every = tuple(drifted(row=row, package_name=name, site=SiteCode(site)) for row in rows)
    tops = (TopEntry(name, 5),)
    strange = busy_picture(
        counts=counts,
        newly=RowList(10**5, every),
        sites=(SiteSeen(SiteCode(site), None, SiteErrorKind.LOGIN, ago(days=1)),),
        top_packages=tops,
        top_servers=tops,
    )

    message = drift_digest.draw(busy(summary=strange, name=name[:40] or "x"), AROUND, as_chart=True)

    assert message_reasons(list(message.blocks)) == []


@pytest.mark.parametrize("text", INJECTIONS)
def test_a_foreign_text_mentions_nobody_and_stays_in_its_line(text: str) -> None:
    page = summary(newly=RowList(1, (drifted(package_name=text),)), top_packages=(TopEntry(text, 1),))

    sections = [
        block["text"]["text"]
        for block in drift_digest.draw(drifts.digest(summary=page), as_chart=True).blocks
        if block["type"] == "section"
    ]

    assert not [said for said in sections if "<!" in said or "<@" in said or "<http" in said]


def test_a_digest_that_was_drawn_up_in_time_and_held_up_since_says_so() -> None:
    held_up = replace(drifts.digest(due_at=ago(minutes=1)), sent_at=ago(hours=-5))
    assert drift_digest.is_late(held_up)
    assert "and comes 5 h after that." in drift_digest.lateness_text(held_up)


def test_a_digest_that_comes_soon_after_it_was_due_is_not_called_late() -> None:
    assert not drift_digest.is_late(drifts.digest(due_at=ago(minutes=9)))
    assert drift_digest.lateness_text(drifts.digest(due_at=ago(hours=3).astimezone(ZURICH))) == (
        "Late: this was due at 2026-03-09 05:30 CET and comes 3 h after that."
    )
    assert timedelta(0) < drift_digest.LATE_AFTER


FIRST = SiteSeen(SiteCode("PS1"), NOW, first_at=NOW)


def test_the_first_look_says_so_and_claims_no_change() -> None:
    for of in (summary(sites=(FIRST,), since=NOW), summary(sites=(FIRST,), since=None)):
        message = drift_digest.draw(drifts.digest(summary=of), as_chart=False)

        assert "*59 rows have drifted*, at the first look: there is nothing to compare with yet" in words(message)
        assert "unchanged" not in words(message)
        assert not drift_digest.is_quiet(drifts.digest(summary=of))


def test_changes_count_from_the_first_look_as_long_as_it_is_later_than_the_last_digest() -> None:
    site = SiteSeen(SiteCode("PS1"), NOW, first_at=ago(hours=5))

    message = drift_digest.draw(drifts.digest(summary=summary(sites=(site,), since=ago(hours=5))), as_chart=False)

    assert re.search(r"unchanged since the first look at 2026-03-09 03:30", words(message))


def test_a_site_that_was_added_later_is_named_with_its_first_look() -> None:
    sites = (SiteSeen(SiteCode("PS1"), NOW, first_at=ago(days=9)), SiteSeen(SiteCode("P02"), NOW, first_at=NOW))

    message = drift_digest.draw(drifts.digest(summary=summary(sites=sites)), as_chart=False)

    assert "First look at P02: 2026-03-09 07:30 UTC. What had drifted there by then is not counted as new." in words(
        message
    )
    assert "unchanged since" in words(message)


def test_where_all_sites_are_looked_at_for_the_first_time_that_is_said_once() -> None:
    sites = (
        SiteSeen(SiteCode("PS1"), ago(minutes=1), first_at=ago(minutes=1)),
        SiteSeen(SiteCode("P02"), NOW, first_at=NOW),
    )
    message = drift_digest.draw(drifts.digest(summary=summary(sites=sites, since=ago(minutes=1))), as_chart=False)

    assert "at the first look: there is nothing to compare with yet" in words(message)
    assert "First look at" not in words(message)


@pytest.mark.parametrize(
    ("scope", "counts", "sentence"),
    [
        (DriftScope(), {}, "🟢 *Nothing has drifted*, unchanged since"),
        (DriftScope([SiteCode("PS1")]), {}, "🟢 *Nothing has drifted* at PS1, unchanged since"),
        (
            DriftScope([SiteCode("PS1"), SiteCode("P02")]),
            STILL_OPEN,
            "🔴 *59 rows have drifted* at P02 and PS1, unchanged",
        ),
        (DriftScope(packages="BOOT*"), STILL_OPEN, "🔴 *59 rows have drifted* among packages like BOOT∗, unchanged"),
    ],
)
def test_a_verdict_names_its_scope(scope: DriftScope, counts: dict[DriftClass, int], sentence: str) -> None:
    of = summary(counts=counts, still=listed(59 if counts else 0))

    assert sentence in words(drift_summary.draw(of, scope, as_chart=False))
    around = drift_digest.DigestExtras(scope=scope)
    assert sentence in words(drift_digest.draw(drifts.digest(summary=of), around, as_chart=False))
