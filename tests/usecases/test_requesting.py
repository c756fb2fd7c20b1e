"""Asking: what is offered, what is refused before anybody is asked to vote, and that one click opens one request."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.domain.package import PackageId, SiteCode
from bot.domain.plan import Action
from bot.domain.query import Filter
from bot.domain.refusal import Reason, Refusal
from bot.domain.request import Request, Stage
from bot.domain.trouble import SiteTrouble
from bot.usecases.access import Actor, Allowed
from bot.usecases.ports import SiteError
from bot.usecases.requesting import Held, MovedOn, Offer, TooMany, Wish
from tests.domain.model_of_requests import OTHER_PACKAGE, PACKAGE, PS1, Places, Process, World
from tests.fakes import ADA, GRACE, GUS, LINUS, TEAM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bot.usecases.requesting import Requesting

ADA_HERSELF = Actor(ADA.id, TEAM)
ALL = Filter()
WHY = "stuck at 7 for weeks"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(Places.make(tmp_path))
    yield world
    world.close()


@pytest.fixture
def bot(world: World) -> Process:
    return world.bots[0]


def ask(bot: Process, rows: Any = ALL, click: str = "click", package: PackageId = PACKAGE) -> Any:
    return bot.requesting.ask(ADA_HERSELF, Wish(PS1, package, rows, WHY, "INC-42"), {"click": click})


def asked(bot: Process, rows: Any = ALL, click: str = "click") -> Request:
    request = ask(bot, rows, click)
    assert isinstance(request, Request)
    return request


def applied(world: World, bot: Process, rows: Any = ALL) -> Request:
    """Return a request that two people approved and that was applied."""
    request = asked(bot, rows)
    bot.tell()
    world.approve(bot, request.id, GRACE.id, LINUS.id)
    bot.applying.work_off()
    done = bot.requests.load(request.id)
    assert done
    assert done.stage is Stage.APPLIED, done.note
    return done


def test_what_may_be_reset_is_offered_with_the_plan_that_asking_for_all_would_freeze(bot: Process) -> None:
    offer = bot.requesting.offer(ADA_HERSELF, PS1, PACKAGE, ALL)

    assert isinstance(offer, Offer)
    assert [verdict.row.server.partition(".")[0] for verdict in offer.rows] == [
        "CM02", "NYC-DP04", "LON-DP01", "LON-DP02", "NYC-DP03",
    ]  # fmt: skip
    assert [row.server for row in offer.plan.rows] == [verdict.row.server for verdict in offer.rows]
    narrow = bot.requesting.offer(ADA_HERSELF, PS1, PACKAGE, Filter(servers=("NYC*",)))
    assert isinstance(narrow, Offer)
    assert len(narrow.rows) == 2


def test_a_request_is_the_rows_that_were_chosen_as_they_read_now(bot: Process) -> None:
    offer = bot.requesting.offer(ADA_HERSELF, PS1, PACKAGE, ALL)
    assert isinstance(offer, Offer)

    request = asked(bot, [offer.rows[3].row.handle, offer.rows[0].row.handle])

    assert [row.server for row in request.plan.rows] == ["CM02.contoso.com", "LON-DP02.contoso.com"]
    assert (request.requester, request.reason, request.ticket) == (ADA.id, WHY, "INC-42")
    assert request.expires_at - request.created_at == timedelta(hours=4)
    assert bot.requests.load(request.id) == request


HINDRANCES: dict[Reason, Callable[[Requesting, World], Requesting]] = {
    Reason.NOT_A_REQUESTER: lambda asking, _: standing(asking, requesters=Allowed(frozenset({GRACE.id}))),
    Reason.CHANNEL_SHARED: lambda asking, _: standing(asking, channel_fault=lambda: Refusal(Reason.CHANNEL_SHARED)),
    Reason.AUDIT_BEHIND: lambda asking, _: standing(asking, audit_lag=lambda: timedelta(minutes=11)),
    Reason.FROZEN: lambda asking, world: after(
        asking, world.bots[0].freezing.freeze(Actor(GRACE.id, TEAM), "site update", "freeze")
    ),
    Reason.TOO_FEW_APPROVERS: lambda asking, world: after(asking, world.change_approvers(GRACE.id, GUS.id, ADA.id)),
    Reason.CANNOT_LOOK_UP: lambda asking, world: after(asking, setattr(world.people, "is_down", True)),
    Reason.DEACTIVATED: lambda asking, world: after(asking, world.change_person(ADA.id, is_deactivated=True)),
    Reason.NO_WRITER: lambda asking, _: replace(asking, writers={}),
    Reason.NO_BACKUP_TABLE: lambda asking, world: after(asking, world.change_site("DROP TABLE PkgStatus_BU")),
    Reason.NO_WRITE_RIGHT: lambda asking, _: replace(asking, writers={PS1: Closed()}),
    Reason.NOTHING_TO_RESET: lambda asking, world: after(
        asking, world.change_site("UPDATE PkgStatus SET SourceVersion = 13, Status = 3")
    ),
}


class Closed:
    """A writer whose login may not write."""

    def rehearse(self) -> None:
        raise SiteError(PS1, SiteTrouble.PERMISSION, "a fault that the test wants")


def standing(asking: Requesting, **changes: Any) -> Requesting:
    return replace(asking, standing=replace(asking.standing, **changes))


def after(asking: Requesting, _done: None) -> Requesting:
    return asking


@pytest.mark.parametrize("reason", HINDRANCES)
def test_nobody_is_asked_to_vote_on_what_could_not_be_done(world: World, bot: Process, reason: Reason) -> None:
    asking = HINDRANCES[reason](bot.requesting, world)
    recorded = bot.ledger.head()

    assert asking.offer(ADA_HERSELF, PS1, PACKAGE, ALL) == Refusal(reason)
    outcome = asking.ask(ADA_HERSELF, Wish(PS1, PACKAGE, ALL, WHY), {"click": "click"})
    assert outcome == Refusal(Reason.ROWS_CHANGED if reason is Reason.NOTHING_TO_RESET else reason)
    assert bot.ledger.head() == recorded


@pytest.mark.parametrize("trouble", [SiteTrouble.TIMEOUT, SiteTrouble.UNREACHABLE])
def test_a_site_that_is_away_is_its_own_error(bot: Process, trouble: SiteTrouble) -> None:
    class Away(Closed):
        def rehearse(self) -> None:
            raise SiteError(PS1, trouble, "a fault that the test wants")

    with pytest.raises(SiteError):
        replace(bot.requesting, writers={PS1: Away()}).ask(ADA_HERSELF, Wish(PS1, PACKAGE, ALL, WHY), {"click": "c"})


def test_a_package_of_another_site_is_not_reset_here(world: World, bot: Process) -> None:
    world.change_site("UPDATE SMSPackages SET SourceSite = 'P02' WHERE PkgID = 'PS100112'")

    assert bot.requesting.offer(ADA_HERSELF, PS1, PACKAGE, ALL) == Refusal(Reason.NOTHING_TO_RESET)
    assert ask(bot) == Refusal(Reason.ROWS_CHANGED)
    assert bot.requesting.offer(ADA_HERSELF, SiteCode("P02"), PACKAGE, ALL) == Refusal(Reason.NO_WRITER)


@pytest.mark.parametrize("rows", [[], ["0" * 24], Filter(servers=("NOBODY*",))])
def test_rows_that_are_not_there_any_more_are_not_asked_for(bot: Process, rows: Any) -> None:
    assert ask(bot, rows) == Refusal(Reason.ROWS_CHANGED)


def test_one_row_that_may_no_longer_be_reset_stops_the_whole_request(world: World, bot: Process) -> None:
    offer = bot.requesting.offer(ADA_HERSELF, PS1, PACKAGE, ALL)
    assert isinstance(offer, Offer)
    world.change_site("UPDATE PkgStatus SET SourceVersion = 13, Status = 3 WHERE PkgServer LIKE '%NYC-DP03%'")

    assert ask(bot, [verdict.row.handle for verdict in offer.rows]) == Refusal(Reason.ROWS_CHANGED)


def test_more_rows_than_one_request_may_have_are_counted_and_refused(bot: Process) -> None:
    few = replace(bot.requesting, policy=replace(bot.requesting.policy, max_rows=4))

    assert few.ask(ADA_HERSELF, Wish(PS1, PACKAGE, ALL, WHY), {"click": "c"}) == TooMany(5, 4)


def test_a_row_in_another_open_request_is_refused_with_the_link_to_it(bot: Process) -> None:
    first = asked(bot, Filter(servers=("NYC-DP03*",)))
    assert ask(bot, click="second") == Held(first.id, "")
    bot.tell()
    assert ask(bot, click="third") == Held(first.id, "https://contoso.slack.com/card")
    assert isinstance(ask(bot, Filter(servers=("NYC-DP04*",)), "fourth"), Request)
    assert isinstance(ask(bot, ALL, "fifth", OTHER_PACKAGE), Request)


def test_the_same_click_again_is_the_same_request_even_after_it_ended(world: World, bot: Process) -> None:
    request = asked(bot)
    assert asked(bot) == request
    bot.tell()
    world.approve(bot, request.id, GRACE.id, LINUS.id)
    world.change_site("UPDATE PkgStatus SET SourceVersion = 6 WHERE PkgServer LIKE '%NYC-DP03%'")
    bot.applying.work_off()

    again = asked(bot)

    assert (again.id, again.stage) == (request.id, Stage.STALE)
    assert [e.kind for e in bot.ledger.entries() if e.kind == "requested"] == ["requested"]


def test_an_undo_takes_back_what_still_reads_so_and_names_what_moved_on(world: World, bot: Process) -> None:
    done = applied(world, bot)
    world.change_site("UPDATE PkgStatus SET SourceVersion = 13, Status = 3 WHERE PkgServer LIKE '%LON-DP01%'")

    undo = bot.requesting.undo(ADA_HERSELF, done.id, {"click": "undo"})

    assert isinstance(undo, Request)
    assert (undo.plan.action, undo.undoes) == (Action.UNDO, done.id)
    assert undo.reason == f"Undo of request {done.id}; left alone because they moved on: LON-DP01.contoso.com"
    assert [(row.version_after, row.status_after) for row in undo.plan.rows] == [(7, 3), (12, 5), (7, 3), (7, 3)]
    assert bot.requesting.undo(ADA_HERSELF, done.id, {"click": "undo"}) == undo
    assert isinstance(bot.requesting.undo(ADA_HERSELF, done.id, {"click": "another"}), Held)


def test_there_is_no_undo_of_what_moved_on_was_not_applied_or_is_an_undo_itself(world: World, bot: Process) -> None:
    assert bot.requesting.undo(ADA_HERSELF, "0123456789abcdef", {"click": "a"}) == Refusal(Reason.WRONG_STAGE)
    done = applied(world, bot, Filter(servers=("NYC*",)))
    pending = asked(bot, Filter(servers=("LON*",)), "pending")
    assert bot.requesting.undo(ADA_HERSELF, pending.id, {"click": "b"}) == Refusal(Reason.WRONG_STAGE)
    undo = bot.requesting.undo(ADA_HERSELF, done.id, {"click": "c"})
    assert isinstance(undo, Request)
    bot.tell()
    world.approve(bot, undo.id, GRACE.id, LINUS.id)
    bot.applying.work_off()

    assert bot.requesting.undo(ADA_HERSELF, undo.id, {"click": "d"}) == Refusal(Reason.WRONG_STAGE)
    moved = bot.requesting.undo(ADA_HERSELF, done.id, {"click": "e"})
    assert moved == MovedOn(("NYC-DP04.contoso.com", "NYC-DP03.contoso.com"))
