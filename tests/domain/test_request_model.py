"""The two-person rule under everything that can happen at once; judged after every step by the records alone.

The same histories are tried each time. PKGSTATUS_TEST_HISTORIES=500 tries that many others.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bot.domain.command import Filter
from bot.domain.refusal import Refusal
from bot.domain.request import Stage
from bot.usecases.access import Actor
from bot.usecases.ports.slack import Posted
from bot.usecases.resets.submission import Selection
from bot.usecases.resets.voting import CardClick
from tests.builders import SIGNER
from tests.domain.judge_of_requests import (
    DONE_AFTER,
    RESPONSE_URL,
    TRIGGER,
    Judge,
    JudgeOfRows,
    Press,
    fingerprint_of,
    reads_nothing_to_act_with,
    streams_of_requests,
)
from tests.domain.model_of_requests import (
    APPROVALS,
    LEASE_SECONDS,
    LIES,
    OTHER_PACKAGE,
    PACKAGE,
    PS1,
    Places,
    World,
    lied,
)
from tests.domain.tampering import FORGED_ID, FORGERIES, StoreWriter
from tests.fakes import ADA, GRACE, GUS, LINUS, MARGARET, OLGA, PKGSTATUS, TEAM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bot.domain.package import PackageId
    from bot.usecases.ports.store import InboxItem
    from tests.domain.model_of_requests import Process

pytestmark = pytest.mark.hypothesis
"""Left out, with all that tries many histories, where somebody wants the fast tests."""

VARIABLE = "PKGSTATUS_TEST_HISTORIES"
HISTORIES, FORGED_HISTORIES, STEPS = 60, 15, 40

RESET = "SourceVersion = 0, Status = 2"
Traps = list[tuple[str, int, str]]
BOTS = st.integers(0, 1)
APPROVER_IDS = [GRACE.id, LINUS.id, MARGARET.id]
ANYBODY = st.sampled_from(
    [
        *(Actor(user, TEAM) for user in [*APPROVER_IDS * 4, ADA.id, GUS.id, PKGSTATUS.id, "U0NOBODY"]),
        Actor(OLGA.id, OLGA.team_id),
    ]
)
ASKERS = st.sampled_from([Actor(ADA.id, TEAM)] * 4 + [Actor(GRACE.id, TEAM), Actor(GUS.id, TEAM)])
PACKAGES = st.sampled_from([PACKAGE, PACKAGE, PACKAGE, OTHER_PACKAGE])
WHICH = st.integers(0, 5)
PLACES = [
    "append: before", "append: within", "append: behind", "read: before", "read: behind", "apply: before",
    "apply: behind", "site: within", "forbid: before", "forbid: behind", "rehearse: before", "people: before",
    "was applied: before", "was applied: behind",
]  # fmt: skip
HOWS = ["dies", "fails", "other bot works", "other bot works, then it fails", "freeze"]
GOOD = (GRACE.id, LINUS.id)
BAD = [
    (GRACE.id,), (GRACE.id, GRACE.id), (GRACE.id, ADA.id), (ADA.id, GRACE.id), (GUS.id, GRACE.id), (GRACE.id, OLGA.id),
    (PKGSTATUS.id, GRACE.id), (f"{GRACE.id} plan", f"{LINUS.id} plan"), (f"{GRACE.id} card", f"{LINUS.id} card"),
]  # fmt: skip
HAPPEN = [
    "it is late", "it is frozen", "nobody works", "an approver leaves", "an approver is away", "people are unknown",
    "rows move", "the package moves", "nothing is told", "rows come back and are reset by hand",
]  # fmt: skip
VOTERS = st.sampled_from([*[GOOD] * 8, *BAD])
MISHAPS = st.sampled_from([*[""] * 6, *HAPPEN])
STORY_ENDS = st.sampled_from(["approved", "applied", "applied", "healed", "a day later"])
TRAPS = st.lists(st.tuples(st.sampled_from(PLACES), st.integers(0, 4), st.sampled_from(HOWS)), max_size=2)
SEEN_STAGES: set[str] = set()
SPRUNG: set[str] = set()


class Histories(RuleBasedStateMachine):
    """Rules are what can happen; after each the judge looks."""

    places: Places
    judged_by: Callable[[World], Any] = Judge

    @initialize(requester_counts=st.sampled_from([False, False, False, True]))
    def begin(self, requester_counts: bool) -> None:  # noqa: FBT001 - drawn by name
        self.folder = tempfile.TemporaryDirectory(dir=self.places.store.parent)
        self.world = World(self.places.copy(Path(self.folder.name)), requester_counts=requester_counts)
        self.judge = self.judged_by(self.world)
        self.clicks: list[tuple[Any, ...]] = []
        self.prepare()

    def prepare(self) -> None:
        """What every history of this kind begins with."""

    # People

    @rule(bot=BOTS, actor=ASKERS, package=PACKAGES, which=st.sampled_from(["", "", "dp:NYC*", "dp:LON*", "site:P02"]))
    def ask(self, bot: int, actor: Actor, package: PackageId, which: str) -> None:
        self._press(bot, ("ask", actor, package, which, self._origin()))

    @rule(bot=BOTS, actor=ASKERS, number=WHICH)
    def undo(self, bot: int, actor: Actor, number: int) -> None:
        if request_id := self._request(number):
            self._press(bot, ("undo", actor, request_id, self._origin()))

    @rule(bot=BOTS, actor=ANYBODY, number=WHICH, slip=st.sampled_from(["", "", "", "", "plan", "card", "request"]))
    def approve(self, bot: int, actor: Actor, number: int, slip: str) -> None:
        if request_id := self._request(number):
            self._press(bot, ("approve", self._click(actor, request_id, slip)))

    @rule(bot=BOTS, package=PACKAGES, voters=VOTERS, mishap=MISHAPS, traps=TRAPS, end=STORY_ENDS)
    def a_whole_story(
        self, bot: int, package: PackageId, voters: tuple[str, ...], mishap: str, traps: Traps, end: str
    ) -> None:
        """The way that many histories should go: all is well, but for what may go wrong before the apply and in it."""
        self._ask_when_all_is_well(bot, package)
        self._vote_and_go_on(bot, voters, mishap, traps, end)

    @rule(bot=BOTS, voters=VOTERS, mishap=MISHAPS, traps=TRAPS, end=STORY_ENDS)
    def the_way_back_of_a_story(self, bot: int, voters: tuple[str, ...], mishap: str, traps: Traps, end: str) -> None:
        """What was done last is undone."""
        self._all_is_well(bot)
        done = [request_id for request_id, records in self.judge.requests.items() if records.last in DONE_AFTER]
        if done:
            self._press(bot, ("undo", Actor(ADA.id, TEAM), done[-1], self._origin()))
            self._vote_and_go_on(bot, voters, mishap, traps, end)

    @rule(bot=BOTS, actor=ANYBODY, number=WHICH)
    def reject(self, bot: int, actor: Actor, number: int) -> None:
        if request_id := self._request(number):
            self._press(bot, ("reject", self._click(actor, request_id, "")))

    @rule(bot=BOTS, actor=st.sampled_from([Actor(ADA.id, TEAM), Actor(LINUS.id, TEAM)]), number=WHICH)
    def withdraw(self, bot: int, actor: Actor, number: int) -> None:
        if request_id := self._request(number):
            self._press(bot, ("withdraw", self._click(actor, request_id, "")))

    @precondition(lambda self: self.clicks)
    @rule(bot=BOTS, data=st.data())
    def a_click_comes_again(self, bot: int, data: st.DataObject) -> None:
        self._do(bot, data.draw(st.sampled_from(self.clicks)))

    @rule(bot=BOTS, freeze=st.sampled_from([True, False, False]))
    def blocked_by(self, bot: int, freeze: bool) -> None:  # noqa: FBT001 - drawn by name
        actor, click = Actor(GRACE.id, TEAM), self._origin()["click"]
        if freeze:

            def stop(process: Process) -> bool:
                process.freeze_service.freeze(actor, "site update", click)
                return True

            self.world.book.is_frozen |= bool(self.world.act(bot, stop))
            self.the_records_are_right()
        else:
            self.world.book.is_frozen = False
            self.world.act(bot, lambda process: process.freeze_service.unfreeze(actor, click))

    @rule(bot=BOTS)
    def what_the_dead_left_is_done(self, bot: int) -> None:
        for item in self.world.act(bot, lambda process: process.left_by_the_dead()) or []:
            self._do_kept(bot, item)

    # A thief of the bot's token

    @rule(number=WHICH, lie=st.sampled_from(list(LIES)))
    def a_card_is_edited_with_the_token(self, number: int, lie: str) -> None:
        place = self._place_of(self._request(number))
        if place and self.world.slack.messages.get(place):
            self.world.slack.edit_with_token(place, lied(self.world.slack.messages[place], lie))

    @rule(bot=BOTS, actor=ANYBODY, number=WHICH, lie=st.sampled_from(["", *LIES]))
    def somebody_presses_on_a_copy(self, bot: int, actor: Actor, number: int, lie: str) -> None:
        request_id = self._request(number)
        place = self._place_of(request_id)
        if request_id and place:
            card = self.world.slack.shown[place]
            copy = self.world.slack.post_with_token(lied(card, lie) if lie else card)
            self._press(bot, ("approve", self._click(actor, request_id, "", copy)))

    @rule(bot=BOTS, package=PACKAGES, lie=st.sampled_from(list(LIES)), is_told=st.booleans())
    def two_people_decide_on_an_edited_card(self, bot: int, package: PackageId, lie: str, is_told: bool) -> None:  # noqa: FBT001 - drawn by name
        """What it says is not what they vote for; when the bot has drawn the card anew, the second sees the truth."""
        self._ask_when_all_is_well(bot, package)
        self.a_card_is_edited_with_the_token(0, lie)
        for voter in GOOD if self._request(0) else ():
            self.approve(bot, Actor(voter, TEAM), 0, "")
            if is_told:
                self.tell(bot)
        self.the_records_are_right()
        self.run_pending(bot)

    # The bots by themselves

    @rule(bot=BOTS)
    def run_pending(self, bot: int) -> None:
        self.world.act(bot, lambda process: process.executor.leases.hold("apply"))
        self.world.monotonic += LEASE_SECONDS + 1
        self.world.act(bot, lambda process: process.executor.run_pending())

    @rule(bot=BOTS, minutes=st.sampled_from([0, 0, 5, 1500]))
    def look(self, bot: int, minutes: int) -> None:
        self.world.pass_time(minutes=minutes)
        self.world.act(bot, lambda process: process.watcher.look())
        self.world.act(bot, lambda process: process.watcher.close_undone())

    @rule(
        bot=BOTS, minutes=st.sampled_from([1, 1, 9, 16, 125, 245, 1500]), is_told=st.sampled_from([True, True, False])
    )
    def time_passes(self, bot: int, minutes: int, is_told: bool) -> None:  # noqa: FBT001 - drawn by name
        self.world.pass_time(minutes=minutes)
        self.world.act(bot, lambda process: process.watcher.tick())
        if is_told:
            self.tell(bot)

    @rule(bot=BOTS)
    def tell(self, bot: int) -> None:
        self.world.act(bot, lambda process: process.leases.hold("relay"))
        self.world.pass_time(minutes=1)
        self.world.act(bot, lambda process: process.tell())

    # Everything else

    @rule(bot=BOTS)
    def a_bot_is_killed_and_started_again(self, bot: int) -> None:
        self.world.restart(bot)

    @rule(bot=BOTS, traps=TRAPS)
    def something_will_go_wrong(self, bot: int, traps: Traps) -> None:
        self._set(bot, traps)

    @rule(is_down=st.booleans())
    def slack_goes_or_comes(self, is_down: bool) -> None:  # noqa: FBT001 - drawn by name
        self.world.slack.is_down = self.world.people.is_down = is_down

    @precondition(lambda self: self.world.slack.messages)
    @rule(data=st.data())
    def a_message_is_deleted(self, data: st.DataObject) -> None:
        self.world.slack.messages[data.draw(st.sampled_from(list(self.world.slack.messages)))] = None

    @rule(user=st.sampled_from(APPROVER_IDS), flag=st.sampled_from(["is_deactivated", "is_guest"]), is_so=st.booleans())
    def somebody_changes(self, user: str, flag: str, is_so: bool) -> None:  # noqa: FBT001 - drawn by name
        self.world.change_person(user, **{flag: is_so})

    @rule(
        approvers=st.sampled_from(
            [APPROVER_IDS, APPROVER_IDS, APPROVER_IDS[:2], APPROVER_IDS[1:], [ADA.id, GRACE.id], []]
        )
    )
    def the_list_changes(self, approvers: list[str]) -> None:
        self.world.change_approvers(*approvers)

    @rule(
        where=st.sampled_from(
            ["PkgServer LIKE '%NYC-DP03%'", "SiteCode = 'P02'", "Type = 1", "SourceVersion = 0", "1 = 1"]
        ),
        what=st.sampled_from(["SourceVersion = 13, Status = 3", RESET, "SourceVersion = 8"]),
    )
    def the_site_changes_rows(self, where: str, what: str) -> None:
        self.world.change_site(f"UPDATE PkgStatus SET {what} WHERE {where}")

    @rule(where=st.sampled_from(["PkgServer LIKE '%NYC-DP03%'", "Type = 2", "1 = 1"]))
    def what_was_reset_comes_back_and_the_dba_resets_it_by_hand(self, where: str) -> None:
        self.distribution_manager_brings_back_what_was_reset()
        self.world.change_site(f"UPDATE PkgStatus SET {RESET} WHERE {where}", by_hand=True)

    @rule()
    def distribution_manager_brings_back_what_was_reset(self) -> None:
        self.world.change_site(
            "UPDATE PkgStatus SET SourceVersion = 13, Status = 3 WHERE SourceVersion = 0 AND Status = 2"
        )

    @rule()
    def everything_falls_behind_again(self) -> None:
        self.world.change_site("UPDATE PkgStatus SET SourceVersion = 7, Status = 3")
        self.world.change_site(
            "UPDATE PkgStatus SET SourceVersion = 13, Status = 2 WHERE SiteCode = 'PS1' AND Type = 1"
        )

    @rule(version=st.sampled_from([13, 14]))
    def the_package_changes(self, version: int) -> None:
        self.world.change_site("UPDATE SMSPackages SET SourceVersion = ? WHERE PkgID = 'PS100112'", version)

    @rule(bot=BOTS)
    def all_is_well(self, bot: int) -> None:
        self._all_is_well(bot)

    # What must hold

    @invariant()
    def the_records_are_right(self) -> None:
        if hasattr(self, "judge"):
            self.judge.judge()
            SEEN_STAGES.update(self._stages())

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        SPRUNG.update(self.world.traps.sprung)
        try:
            self._read_by_a_thief()
            self._everything_works_again_and_all_requests_end()
        finally:
            self.world.close()
            self.folder.cleanup()

    def _ask_when_all_is_well(self, bot: int, package: PackageId) -> None:
        self._all_is_well(bot)
        self.everything_falls_behind_again()
        self._press(bot, ("ask", Actor(ADA.id, TEAM), package, "", self._origin()))
        self.judge.judge()
        self.tell(bot)

    def _vote_and_go_on(self, bot: int, voters: tuple[str, ...], mishap: str, traps: Traps, end: str) -> None:
        self.judge.judge()
        self.tell(bot)
        if mishap == "it is late":
            self.world.pass_time(minutes=241)
        if ADA.id in voters:
            self.world.change_approvers(*APPROVER_IDS, ADA.id)
        if request_id := self._request(0):
            for voter in voters:
                user, _, slip = voter.partition(" ")
                self._press(bot, ("approve", self._click(Actor(user, TEAM), request_id, slip)))
        self.the_records_are_right()
        self._let_happen(bot, mishap)
        self._set(bot, traps)
        if end == "approved":
            return
        self.run_pending(bot)
        self.the_records_are_right()
        if end == "healed":
            self.distribution_manager_brings_back_what_was_reset()
        if end != "applied":
            self.look(bot, 1500 if end == "a day later" else 5)

    def _let_happen(self, bot: int, mishap: str) -> None:  # noqa: C901 - a table of mishaps
        """What makes an approved request one that must not be applied any more, or must not be any longer."""
        match mishap:
            case "it is frozen":
                self.blocked_by(1 - bot, freeze=True)
            case "nobody works":
                self.tell(bot)
                self.world.pass_time(minutes=16)
            case "an approver leaves":
                self.world.change_approvers(LINUS.id, MARGARET.id)
            case "an approver is away":
                self.world.change_person(GRACE.id, is_deactivated=True)
            case "people are unknown":
                self.world.people.is_down = True
            case "rows move":
                self.the_site_changes_rows("Type = 2", "SourceVersion = 8")
            case "rows come back and are reset by hand":
                self.what_was_reset_comes_back_and_the_dba_resets_it_by_hand("1 = 1")
            case "the package moves":
                self.the_package_changes(14)
            case "nothing is told":
                self.world.slack.is_down = True
                self.world.pass_time(minutes=11)

    def _set(self, bot: int, traps: Traps) -> None:
        for place, skip, how in traps:
            # Within a transaction the other bot could only wait for this one.
            if "within" not in place or how in {"dies", "fails"}:
                self.world.trap(place, skip, how, bot)

    def _all_is_well(self, bot: int) -> None:
        world = self.world
        world.slack.is_down = world.people.is_down = False
        world.change_approvers(*APPROVER_IDS)
        for user in APPROVER_IDS:
            world.change_person(user, is_deactivated=False, is_guest=False)
        self.blocked_by(bot, freeze=False)
        self.the_package_changes(13)
        self.tell(bot)

    def _everything_works_again_and_all_requests_end(self) -> None:
        world = self.world
        world.traps.waiting.clear()
        world.slack.is_down = world.people.is_down = False
        for number in (0, 1):
            world.restart(number)
        world.pass_time(minutes=1)
        world.bots[0].tell()
        world.book.is_frozen = False
        world.bots[0].freeze_service.unfreeze(Actor(GRACE.id, TEAM), "end")
        for click in self.clicks:
            self._do(1, click)
        for minutes in (1, 20, 241):
            world.pass_time(minutes=minutes)
            for bot in world.bots:
                bot.leases.hold("apply")
                bot.watcher.tick()
                bot.executor.run_pending()
            self.judge.judge()
        world.pass_time(minutes=1)
        world.bots[0].tell()
        self.judge.judge()
        assert not self._stages() & {Stage.PENDING, Stage.APPROVED, Stage.APPLYING}
        assert world.bots[0].outbox.destinations() == [], "something was never told"

    def _stages(self) -> set[str]:
        return {records.stage for records in self.judge.requests.values()}

    def _press(self, bot: int, click: tuple[Any, ...]) -> None:
        self.clicks.append(click)
        self._do(bot, click)

    def _do(self, bot: int, click: tuple[Any, ...]) -> None:
        origin = click[-1].origin if isinstance(click[-1], CardClick) else click[-1]
        body: dict[str, Any] = {"kind": click[0], "response_url": RESPONSE_URL + origin["click"], "trigger": TRIGGER}
        known = streams_of_requests(self.world.places.store)
        match click:
            case ("ask", actor, package, which, _):
                wanted = (
                    Filter(servers=(which[3:],))
                    if which[:2] == "dp"
                    else Filter(sites=frozenset([which[5:]] * bool(which)))
                )
                selection = Selection(PS1, package, wanted, "stuck for weeks")
                self._answer(bot, origin, body, lambda process: process.submission.ask(actor, selection, origin))
            case ("undo", actor, request_id, _):
                self._answer(bot, origin, body, lambda process: process.submission.undo(actor, request_id, origin))
            case ("approve", pressed):
                kept = {**body, **asdict(pressed)}
                outcome = self._answer(bot, origin, kept, lambda process: process.vote_service.approve(pressed))
                self._note(origin["click"], outcome)
            case ("reject", pressed):
                self._answer(bot, origin, body, lambda process: process.vote_service.reject(pressed, "not now, please"))
            case ("withdraw", pressed):
                self._answer(bot, origin, body, lambda process: process.vote_service.withdraw(pressed))
        self.world.book.learn(self.world.places.store, known)

    def _answer(self, bot: int, origin: Mapping[str, str], body: Any, action: Callable[[Process], Any]) -> Any:
        def watched(process: Process) -> Any:
            """A thief reads the store while the click is kept there."""
            self._read_by_a_thief()
            return action(process)

        return self.world.act(bot, lambda process: process.answer(origin["click"], body, watched))

    def _read_by_a_thief(self) -> None:
        reads_nothing_to_act_with(self.world.places.store, SIGNER.key, SIGNER.key_for("encryption"))

    def _do_kept(self, bot: int, item: InboxItem) -> None:
        """Do what a process that is no more had kept and not answered; of all that, only votes matter here."""
        body = dict(item.body)
        if body["kind"] != "approve":
            self.world.act(bot, lambda process: process.inbox.done(item.key))
            return
        names = ("request_id", "fingerprint", "channel", "ts", "origin", "message")
        click = CardClick(Actor(**body["actor"]), **{name: body[name] for name in names})
        outcome = self._answer(bot, {"click": item.key}, body, lambda process: process.vote_service.approve(click))
        self._note(click.origin["click"], outcome)

    def _note(self, click: str, outcome: object) -> None:
        if not isinstance(outcome, Refusal):
            self.world.book.taken.add(click)

    def _origin(self) -> dict[str, str]:
        self.last_click = getattr(self, "last_click", 0) + 1
        return {"click": f"click {self.last_click}"}

    def _request(self, number: int) -> str | None:
        """Return one of the newest requests, the newest one most often."""
        ids = list(self.judge.requests)[::-1][:3]
        return ids[number] if number < len(ids) else next(iter(ids), None)

    def _place_of(self, request_id: str | None) -> Posted | None:
        """Return where the newest card of a request is, as the bot knows it."""
        card = self.world.bots[0].index.card(request_id) if request_id else None
        return Posted(card.channel, card.ts) if card else None

    def _click(self, actor: Actor, request_id: str, slip: str, copy: Posted | None = None) -> CardClick:
        """Press a button as the newest card shows it, but for one slip, or on a copy; the book notes what was seen."""
        if self._place_of(request_id) is None:
            self.tell(0)
        own = self._place_of(request_id) or Posted(APPROVALS, "0")
        place = copy or own
        fingerprint = self.judge.requests[request_id].lines[0].facts["fingerprint"]
        wanted = request_id
        fingerprint, ts, request_id = {
            "plan": ("f" * 64, place.ts, request_id),
            "card": (fingerprint, "9999.000", request_id),
            "request": (fingerprint, place.ts, "0123456789abcdef"),
        }.get(slip, (fingerprint, place.ts, request_id))
        slack, origin = self.world.slack, self._origin()
        message = slack.shown.get(place, {})
        saw_it = not slip and place == own and place not in slack.not_of_bot and "request_approve" in str(message)
        self.world.book.presses[origin["click"]] = Press(actor.user_id, wanted, saw_it, message)
        return CardClick(actor, request_id, fingerprint, place.channel, ts, origin, message)


MEMORY = Path("/dev/shm")  # noqa: S108 - a folder without a disk behind it, where there is one


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Yield a folder in memory: these files need not survive anything but our own crashes."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else tmp_path) as folder:
        yield Path(folder)


def test_whatever_happens_no_row_is_changed_twice_or_without_two_people_or_without_its_backup(folder: Path) -> None:
    Histories.places = Places.make(folder)
    asked = os.environ.get(VARIABLE)
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=int(asked or HISTORIES),
            stateful_step_count=STEPS,
            derandomize=not asked,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert "applied" in SEEN_STAGES, "the histories never came to where it matters"


def test_the_model_can_come_to_every_stage_and_to_every_trap(folder: Path) -> None:
    Histories.places = Places.make(folder)
    SEEN_STAGES.clear()
    SPRUNG.clear()
    for end in ENDS:
        history = Histories()
        history.begin(requester_counts=False)
        end(history)
        history.the_records_are_right()
        history.teardown()

    assert set(Stage) == SEEN_STAGES
    assert set(PLACES) == SPRUNG


def story(traps: Traps, end: str) -> Callable[[Histories], None]:
    return lambda history: history.a_whole_story(0, PACKAGE, GOOD, "", traps, end)


def undone(history: Histories) -> None:
    history.a_whole_story(0, PACKAGE, GOOD, "", [], "applied")
    history.the_way_back_of_a_story(1, GOOD, "", [], "applied")
    history.look(1, 5)


def abandoned(history: Histories) -> None:
    history.a_whole_story(0, PACKAGE, GOOD, "", [], "applied")
    history.look(0, 60 * 24 * 30)


def not_undone(history: Histories) -> None:
    history.a_whole_story(0, PACKAGE, GOOD, "", [], "applied")
    history.the_way_back_of_a_story(1, GOOD, "rows come back and are reset by hand", [], "applied")
    assert history._stages() == {Stage.APPLIED, Stage.STALE}


def asked_and(action: Callable[[Histories], None]) -> Callable[[Histories], None]:
    def run(history: Histories) -> None:
        history.ask(0, Actor(ADA.id, TEAM), PACKAGE, "")
        history.the_records_are_right()
        action(history)

    return run


def rehearsal_fails(history: Histories) -> None:
    history.something_will_go_wrong(0, [("rehearse: before", 0, "fails")])
    history.ask(0, Actor(ADA.id, TEAM), PACKAGE, "")


ENDS: list[Callable[[Histories], None]] = [
    story([], "approved"),
    story([], "healed"),
    story([], "a day later"),
    undone,
    not_undone,
    abandoned,
    rehearsal_fails,
    *(
        partial(Histories.a_whole_story, bot=0, package=PACKAGE, voters=GOOD, mishap=mishap, traps=[], end="applied")
        for mishap in HAPPEN
    ),
    *(
        partial(Histories.a_whole_story, bot=0, package=PACKAGE, voters=voters, mishap="", traps=[], end="applied")
        for voters in BAD
    ),
    asked_and(lambda history: history.withdraw(0, Actor(ADA.id, TEAM), 0)),
    asked_and(lambda history: history.reject(0, Actor(GRACE.id, TEAM), 0)),
    asked_and(lambda history: history.time_passes(0, 245, is_told=True)),
    *(story([(place, 0, "dies")], "applied") for place in PLACES),
    *(story([(place, 0, "dies"), ("apply: before", 0, "fails")], "applied") for place in PLACES),
]
SLOW = [place for place in PLACES if place.partition(":")[0] in {"people", "read", "append"} and "within" not in place]


@pytest.mark.parametrize("slow_at", SLOW)
def test_a_bot_that_was_slow_while_the_other_did_its_work_and_stumbled_records_nothing_untrue(
    folder: Path, slow_at: str
) -> None:
    """Every place where it can be slow, with every place where the other can stumble in every way."""
    Histories.places = Places.make(folder)
    for how in ("other bot works", "other bot works, then it fails"):
        for place in PLACES:
            for stumble in ("dies", "fails"):
                if place != slow_at:
                    history = Histories()
                    history.begin(requester_counts=False)
                    story([(slow_at, 0, how), (place, 1 if place == "read: before" else 0, stumble)], "applied")(
                        history
                    )
                    history.the_records_are_right()
                    history.teardown()


def test_no_lie_on_a_card_gets_a_vote(folder: Path) -> None:
    Histories.places = Places.make(folder)
    for lie in LIES:
        history = Histories()
        history.begin(requester_counts=False)
        history.two_people_decide_on_an_edited_card(0, PACKAGE, lie, is_told=False)
        history.tell(0)
        for words in lie, "":
            history.somebody_presses_on_a_copy(0, Actor(LINUS.id, TEAM), 0, words)
        history.the_records_are_right()
        assert history._stages() == {Stage.PENDING}
        assert not history.judge.kinds["approved"], f"a vote counted: {lie}"
        history.teardown()


VOTERS_OF: dict[str, list[tuple[str, ...]]] = {
    "before the votes": [(ADA.id, GRACE.id), GOOD],
    "after the votes": [(GRACE.id,), GOOD],
    "after the apply": [GOOD],
}
PEOPLE = [(), (GRACE.id,), (GRACE.id, GRACE.id), (GRACE.id, ADA.id), GOOD]


class Forgeries(Histories):
    """The same, where somebody writes the store: no record can be believed any more, so the rows alone are judged."""

    judged_by = JudgeOfRows

    def prepare(self) -> None:
        """One story went well: its marks can be copied, and it can be taken back or be tried again."""
        self.a_whole_story(0, PACKAGE, GOOD, "", [], "applied")
        assert len(self.judge.applied) == 1

    @rule(number=WHICH, other=WHICH, forgery=st.sampled_from(list(FORGERIES)))
    def somebody_writes_the_store(self, number: int, other: int, forgery: str) -> None:
        if request_id := self._request(number):
            self.world.is_forged = True
            writer = StoreWriter(
                self.world.places.store, request_id, self._request(other) or request_id, fingerprint_of
            )
            FORGERIES[forgery](writer)

    @rule(bot=BOTS)
    def people_press_on_what_was_forged(self, bot: int) -> None:
        """A request that nobody asked for, wherever the store says that its card is."""
        store = self.world.places.store
        if request_id := self._request(0):
            writer = StoreWriter(store, request_id, request_id, fingerprint_of)
            facts = writer.facts_of("requested", FORGED_ID)
            for channel, ts in writer.sql("SELECT card_channel, card_ts FROM request WHERE id = ?", FORGED_ID):
                message = self.world.slack.shown.get(Posted(channel, ts), {})
                for user in GOOD:
                    click = CardClick(
                        Actor(user, TEAM), FORGED_ID, facts["fingerprint"], channel, ts, self._origin(), message
                    )
                    self._press(bot, ("approve", click))

    @rule(
        bot=BOTS,
        voters=st.sampled_from(PEOPLE),
        when=st.sampled_from(list(VOTERS_OF)),
        forgery=st.sampled_from(list(FORGERIES)),
        freeze=st.booleans(),
    )
    def a_story_with_a_forger(self, bot: int, voters: tuple[str, ...], when: str, forgery: str, freeze: bool) -> None:  # noqa: FBT001 - drawn by name
        """What two people wanted is forged into something else, or what they did not want into what they did."""
        self._ask_when_all_is_well(bot, PACKAGE)
        if when == "before the votes":
            self.somebody_writes_the_store(0, 1, forgery)
            self.tell(bot)
        if ADA.id in voters:
            self.world.change_approvers(*APPROVER_IDS, ADA.id)
        for _ in range(2 if when == "before the votes" else 1):  # who was refused sees a card drawn anew
            for voter in voters if self._request(0) else ():
                self.approve(bot, Actor(voter, TEAM), 0, "")
            self.tell(bot)
        if freeze:
            self.blocked_by(bot, freeze=True)
        if when == "after the votes":
            self.somebody_writes_the_store(0, 1, forgery)
        self.run_pending(bot)
        self.the_records_are_right()
        if when == "after the apply":
            self.somebody_writes_the_store(0, 1, forgery)
            self.distribution_manager_brings_back_what_was_reset()
            self.everything_falls_behind_again()
        self.tell(bot)
        self.what_the_dead_left_is_done(1 - bot)
        self.people_press_on_what_was_forged(bot)
        self.run_pending(bot)
        self.the_records_are_right()
        self.the_way_back_of_a_story(bot, GOOD, "", [], "applied")

    def _everything_works_again_and_all_requests_end(self) -> None:
        """With a forged record nobody can promise that."""
        self.judge.judge()


def test_whatever_somebody_writes_into_the_store_no_row_is_changed_but_as_two_people_saw_and_wanted(
    folder: Path,
) -> None:
    Forgeries.places = Places.make(folder)
    asked = os.environ.get(VARIABLE)
    run_state_machine_as_test(
        Forgeries,
        settings=settings(
            max_examples=int(asked or FORGED_HISTORIES),
            stateful_step_count=STEPS,
            derandomize=not asked,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("when", VOTERS_OF)
@pytest.mark.parametrize("forgery", FORGERIES)
def test_no_forgery_changes_rows(folder: Path, when: str, forgery: str) -> None:
    """Each at each moment, behind one story that went well: its marks can be copied."""
    Forgeries.places = Places.make(folder)
    for voters in VOTERS_OF[when]:
        history = Forgeries()
        history.begin(requester_counts=False)
        history.a_story_with_a_forger(0, voters, when, forgery, freeze="freeze" in forgery)
        history.teardown()
