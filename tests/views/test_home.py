"""App Home: drawn as committed, taken by Slack at any size, and the same words when nothing changed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.demo.workspace.blocks.surfaces import view_reasons
from bot.domain.digest import SiteSeen, Trail
from bot.domain.drift import DriftClass
from bot.domain.home import Glance, Home, NextDigest
from bot.domain.package import SiteCode
from bot.domain.refusal import Reason, Refusal
from bot.domain.request import Freeze, Stage
from bot.domain.trouble import SiteTrouble
from bot.views import home
from bot.views.kit import Block, Message
from tests import drifts
from tests.builders import NOW, ago
from tests.drifts import HEAD, ZURICH, busy_picture, picture
from tests.fakes import MARGARET
from tests.requests import asked, reached
from tests.views.scenes import committed, drawn

if TYPE_CHECKING:
    from collections.abc import Callable

LINKS = {asked().id: "https://contoso.slack.com/archives/C0APPROVALS/p1"}
MORNING = NextDigest("morning", ago(hours=-24).astimezone(ZURICH), "C0SCCMOPS")


def glance(**changes: Any) -> Glance:
    """Return what everybody sees on a quiet day without digests."""
    plain = Glance(picture(), (), (), {}, (), None, Trail(HEAD, 0), "C0SCCMAUDIT")
    return replace(plain, **changes)


def busy() -> Home:
    """Return a Home with something of everything."""
    sites = (
        SiteSeen(SiteCode("PS1"), ago(minutes=5)),
        SiteSeen(SiteCode("P02"), ago(hours=3), SiteTrouble.UNREACHABLE, ago(minutes=5)),
        SiteSeen(SiteCode("P03"), None),
    )
    seen = glance(
        picture=busy_picture(sites=sites),
        links=LINKS,
        digests=(MORNING,),
        freeze=Freeze(MARGARET.id, ago(hours=3), "site update tonight"),
        trail=Trail(HEAD, 12, ago(minutes=8)),
        lost=("0123456789abcdef",),
    )
    waiting = asked(created_at=ago(hours=2), expires_at=ago(hours=-2))
    return Home(seen, (waiting,), (reached(Stage.STALLED), reached(Stage.APPROVED)))


def words(view: Block) -> str:
    """Return everything that a view says."""
    return json.dumps(view["blocks"], ensure_ascii=False)


SCENES: dict[str, Callable[[], Block]] = {
    "home_busy": lambda: home.draw(busy(), "@{}".format),
    "home_quiet": lambda: home.draw(Home(glance(), (), ()), "@{}".format),
    "home_refused": lambda: home.refused(Refusal(Reason.GUEST)),
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
    crowd = glance(picture=drifts.crowded(100_000), links=LINKS, digests=digests, freeze=freeze)

    assert view_reasons(home.draw(Home(crowd, many, many), "@{}".format)) == []


def test_an_empty_home_says_that_nothing_waits() -> None:
    said = words(SCENES["home_quiet"]())

    for expected in ("Nothing waits for your vote.", "You have no open requests.", "No digest is planned."):
        assert expected in said


def test_a_digest_is_due_at_the_local_time_of_its_own_zone() -> None:
    said = words(home.draw(Home(glance(digests=(MORNING,)), (), ()), str))

    assert "morning on Tuesday 2026-03-10 08:30 CET in <#C0SCCMOPS>" in said


def test_a_site_that_was_never_read_is_called_unknown() -> None:
    unread = picture(counts={}, sites=(SiteSeen(SiteCode("PS1"), None),))

    said = words(home.draw(Home(glance(picture=unread), (), ()), str))

    assert "never read: nothing is known of it" in said
    assert "Drift is not known" in said


def test_nobody_is_pinged_by_a_home() -> None:
    assert "<@" not in words(SCENES["home_busy"]())


def test_two_moments_at_which_nothing_changed_say_the_same() -> None:
    now = glance()
    later = glance(picture=picture(at=ago(minutes=-5), since=now.picture.since))
    drifted = glance(picture=picture(counts={DriftClass.FAILED: 1}))

    first, second, third = (home.draw(Home(seen, (), ()), str) for seen in (now, later, drifted))

    assert first != second
    assert home.says(first) == home.says(second)
    assert home.says(first) != home.says(third)
