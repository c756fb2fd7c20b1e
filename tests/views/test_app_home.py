"""App Home: drawn as committed, taken by Slack at any size, and the same words when nothing changed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.demo.workspace.blocks.surfaces import view_reasons
from bot.domain.digest import AuditStatus, SiteSeen
from bot.domain.drift_classes import DriftClass
from bot.domain.home_content import Home, HomeSnapshot, NextDigest
from bot.domain.package import SiteCode
from bot.domain.refusal import Reason, Refusal
from bot.domain.request import Freeze, Stage
from bot.domain.site_error_kind import SiteErrorKind
from bot.views import app_home
from bot.views.block_kit import Block, Message
from tests import drifts
from tests.builders import NOW, ago
from tests.drifts import HEAD, ZURICH, busy_picture, summary
from tests.fakes import MARGARET
from tests.requests import asked, reached
from tests.views.scenes import committed, drawn

if TYPE_CHECKING:
    from collections.abc import Callable

LINKS = {asked().id: "https://contoso.slack.com/archives/C0APPROVALS/p1"}
MORNING = NextDigest("morning", ago(hours=-24).astimezone(ZURICH), "C0SCCMOPS")


def home_snapshot(**changes: Any) -> HomeSnapshot:
    """Return what everybody sees on a quiet day without digests."""
    plain = HomeSnapshot(summary(), (), (), {}, (), None, AuditStatus(HEAD, 0), "C0SCCMAUDIT")
    return replace(plain, **changes)


def busy() -> Home:
    """Return a Home with something of everything."""
    sites = (
        SiteSeen(SiteCode("PS1"), ago(minutes=5)),
        SiteSeen(SiteCode("P02"), ago(hours=3), SiteErrorKind.UNREACHABLE, ago(minutes=5)),
        SiteSeen(SiteCode("P03"), None),
    )
    seen = home_snapshot(
        summary=busy_picture(sites=sites),
        links=LINKS,
        digests=(MORNING,),
        freeze=Freeze(MARGARET.id, ago(hours=3), "site update tonight"),
        trail=AuditStatus(HEAD, 12, ago(minutes=8)),
        lost=("0123456789abcdef",),
    )
    waiting = asked(created_at=ago(hours=2), expires_at=ago(hours=-2))
    return Home(seen, (waiting,), (reached(Stage.STALLED), reached(Stage.APPROVED)))


def words(view: Block) -> str:
    """Return everything that a view says."""
    return json.dumps(view["blocks"], ensure_ascii=False)


SCENES: dict[str, Callable[[], Block]] = {
    "home_busy": lambda: app_home.draw(busy(), "@{}".format),
    "home_quiet": lambda: app_home.draw(Home(home_snapshot(), (), ()), "@{}".format),
    "home_refused": lambda: app_home.draw_refusal(Refusal(Reason.GUEST)),
}


@pytest.mark.parametrize("scene", SCENES)
def test_a_home_looks_as_committed_and_slack_takes_it(scene: str) -> None:
    view = SCENES[scene]()

    message = Message("", tuple(view["blocks"]))
    assert drawn(message) == committed(scene, message)
    assert view_reasons(view) == []


def test_slack_takes_a_home_of_any_size() -> None:
    many = (asked(reason="x" * 3000),) * 300
    digests = tuple(replace(MORNING, name=f"digest {n}" * 4) for n in range(60))
    freeze = Freeze(MARGARET.id, NOW, "because " * 1000)
    crowd = home_snapshot(summary=drifts.crowded(100_000), links=LINKS, digests=digests, freeze=freeze)

    assert view_reasons(app_home.draw(Home(crowd, many, many), "@{}".format)) == []


def test_an_empty_home_says_that_nothing_waits() -> None:
    said = words(SCENES["home_quiet"]())

    for expected in ("Nothing waits for your vote.", "You have no open requests.", "No digest is planned."):
        assert expected in said


def test_a_digest_is_due_at_the_local_time_of_its_own_zone() -> None:
    said = words(app_home.draw(Home(home_snapshot(digests=(MORNING,)), (), ()), str))

    assert "morning on Tuesday 2026-03-10 08:30 CET in <#C0SCCMOPS>" in said


def test_a_site_that_was_never_read_is_called_unknown() -> None:
    unread = summary(counts={}, sites=(SiteSeen(SiteCode("PS1"), None),))

    said = words(app_home.draw(Home(home_snapshot(summary=unread), (), ()), str))

    assert "never read: nothing is known of it" in said
    assert "Drift is not known" in said


def test_nobody_is_pinged_by_a_home() -> None:
    assert "<@" not in words(SCENES["home_busy"]())


def test_two_moments_at_which_nothing_changed_say_the_same() -> None:
    now = home_snapshot()
    later = home_snapshot(summary=summary(at=ago(minutes=-5), since=now.summary.since))
    drifted = home_snapshot(summary=summary(counts={DriftClass.FAILED: 1}))

    first, second, third = (app_home.draw(Home(seen, (), ()), str) for seen in (now, later, drifted))

    assert first != second
    assert app_home.without_timestamp(first) == app_home.without_timestamp(second)
    assert app_home.without_timestamp(first) != app_home.without_timestamp(third)
