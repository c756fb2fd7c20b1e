"""Exactly one digest for each period: through a year of clock changes, kills, rivals, and clocks that jump."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from bot.domain.cron_periods import Cron, due_between
from bot.domain.digest import SiteSeen
from bot.domain.drift_summary import DriftScope
from bot.domain.home_content import NextDigest
from bot.domain.ledger_entry import moment_read, moment_text
from bot.domain.package import SiteCode
from bot.domain.site_error_kind import SiteErrorKind
from bot.store.request_index import RequestTable
from bot.usecases.audit.recorder import NOBODY, AuditAction, AuditLog
from bot.usecases.drift import digest_message
from bot.usecases.drift.digest_publisher import (
    BLOCKED,
    PLANNED,
    POSTED,
    REFUSED,
    SKIPPED,
    DigestPublisher,
    PlannedDigest,
    refusal_of,
)
from bot.usecases.drift.digest_service import DigestService
from bot.usecases.drift.scan import ScanService
from bot.usecases.ports.slack import Posted
from bot.usecases.ports.store import DIGEST
from bot.usecases.resets.freeze import FreezeService
from bot.usecases.resets.request_repository import ChangeTexts, RequestRepository
from tests.builders import GRACE
from tests.drift_history import FakeHistory, episode
from tests.fakes import FakeClock, FakeSite
from tests.requests import asked
from tests.usecases.conftest import AUDIT

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from bot.domain.ledger_entry import Draft, Entry, Head
    from bot.store import Store
    from bot.usecases.ports.store import Notification, Step

OPS = "C0OPS"
PS1 = SiteCode("PS1")
ZURICH = ZoneInfo("Europe/Zurich")
EIGHT = datetime(2026, 3, 9, 8, tzinfo=ZURICH)


class Died(BaseException):
    """The power failed: nobody catches this."""


class Mine:
    """Leases that let everybody do everything: the worst that can happen."""

    def hold(self, _name: str) -> bool:
        return True

    def holds(self, _name: str) -> bool:
        return True

    def release(self, _name: str) -> None:
        pass


@dataclass
class FateLedger:
    """The real ledger, with something that happens before or after the next entry is recorded."""

    real: Any
    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None

    def append(self, draft: Draft, notices: Iterable[Notification] = (), also: Iterable[Step] = ()) -> Entry:
        before, self.before = self.before, lambda: None
        before()
        entry: Entry = self.real.append(draft, notices, also)
        after, self.after = self.after, lambda: None
        after()
        return entry

    def append_all(
        self, drafts: Sequence[Draft], notices: Iterable[Notification], also: Iterable[Step]
    ) -> Sequence[Entry]:
        entries: Sequence[Entry] = self.real.append_all(drafts, notices, also)
        return entries

    def stream(self, name: str) -> Sequence[Entry]:
        found: Sequence[Entry] = self.real.stream(name)
        return found

    def head(self) -> Head:
        found: Head = self.real.head()
        return found

    def changed_since(self, head: Head) -> Collection[str] | None:
        found: Collection[str] | None = self.real.changed_since(head)
        return found


@dataclass
class House:
    """One digest, one store, one clock, and as many processes as are started."""

    store: Store
    plan: PlannedDigest
    clock: FakeClock = field(default_factory=lambda: FakeClock(EIGHT.astimezone(UTC)))
    history: FakeHistory = field(default_factory=FakeHistory)
    catch_up: timedelta = timedelta(hours=6)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.site = FakeSite()
        self.scan()

    def scan(self) -> None:
        self.history.finish(PS1, self.clock.now, ())

    def start(self) -> DigestPublisher:
        """Start a process: it knows nothing but what the store knows."""
        ledger: Any = FateLedger(self.store.ledger)
        index = RequestTable(self.store.database)
        requests = RequestRepository(
            ledger, index, "C0APPROVE", ChangeTexts(lambda *_: None, lambda *_: None), self.clock
        )
        freeze_service = FreezeService(ledger, index, "C0APPROVE")
        digest_service = DigestService(
            [PS1], self.history, requests, freeze_service, ledger, self.store.outbox, AUDIT, self.clock
        )
        scans = ScanService(
            {PS1: self.site},
            self.history,
            AuditLog(ledger),
            Mine(),
            self.clock,
            self.monotonic,
            GRACE,
            timedelta(minutes=15),
        )
        return DigestPublisher(
            {self.plan.name: self.plan}, digest_service, scans, ledger, self.clock, self.monotonic, self.catch_up
        )

    def monotonic(self) -> float:
        return self.seconds

    def go_on(self, seconds: float, *processes: DigestPublisher, fresh: bool = True) -> None:
        """Let time pass, scan, and let the processes look what is due."""
        self.clock.move(seconds=seconds)
        self.seconds += max(seconds, 0)
        if fresh:
            self.scan()
        for process in processes:
            process.tick()

    def entries(self, kind: str) -> list[Entry]:
        return [entry for entry in self.store.ledger.stream(self.plan.stream) if entry.kind == kind]

    def posted(self) -> list[datetime]:
        """Return the periods whose digest was put into the outbox, in the order in which they were."""
        return [moment_read(str(entry.facts["due"])) for entry in self.claims() if "due" in entry.facts]

    def claims(self) -> list[Entry]:
        """Return the entries that put a digest into the outbox."""
        return [entry for entry in self.entries(PLANNED) if "at" in entry.facts]

    def outbound_messages(self) -> list[dict[str, Any]]:
        """Return every digest that is or was in the outbox."""
        pending = self.store.outbox.pending(OPS, 5000)
        return [dict((each.payload or {})[DIGEST]) for each in pending if DIGEST in (each.payload or {})]


def planned(cron: str = "0 8 * * *", zone: ZoneInfo = ZURICH, **more: Any) -> PlannedDigest:
    return PlannedDigest("morning", Cron.parse(cron), zone, OPS, **more)


@pytest.fixture
def house(store: Store) -> House:
    return House(store, planned())


def test_a_new_digest_is_planned_and_comes_first_when_it_is_due_next(house: House) -> None:
    process = house.start()
    process.tick()
    assert (len(house.entries(PLANNED)), house.posted()) == (1, [])

    house.go_on(86400 - 1, process)
    assert house.posted() == []
    house.go_on(1, process)
    house.go_on(1, process)

    assert house.posted() == [EIGHT + timedelta(days=1)]
    assert [outbound["name"] for outbound in house.outbound_messages()] == ["morning"]


def test_each_digest_counts_from_the_one_before(house: House) -> None:
    process = house.start()
    process.tick()
    for _ in range(3):
        house.go_on(86400, process)

    since = [outbound["picture"]["since"] for outbound in house.outbound_messages()]
    at = [outbound["picture"]["at"] for outbound in house.outbound_messages()]
    assert since == ["", *at[:-1]]


def test_a_digest_that_was_missed_is_sent_late_up_to_the_limit(house: House) -> None:
    house.start().tick()

    house.go_on(86400 + 6 * 3600 - 60, house.start())

    (outbound,) = house.outbound_messages()
    late = moment_read(outbound["picture"]["at"]) - moment_read(outbound["due_at"])
    assert late == timedelta(hours=6, seconds=-60)


def test_an_older_one_is_skipped_and_that_is_recorded_once(house: House) -> None:
    house.start().tick()

    for _ in range(3):
        house.go_on(5 * 86400 + 7 * 3600 if not house.entries(SKIPPED) else 1, house.start())

    assert house.posted() == []
    (skipped,) = house.entries(SKIPPED)
    assert skipped.facts["missed"] == 5
    assert skipped.facts["detail"] == "5 missed, 2026-03-10 08:00 to 2026-03-14 08:00"
    house.go_on(86400 - 7 * 3600, house.start())
    assert house.posted() == [EIGHT + timedelta(days=6)]


def test_after_a_long_pause_the_old_ones_are_skipped_and_the_last_is_sent(house: House) -> None:
    process = house.start()
    process.tick()

    for _ in range(3):
        house.go_on(10 * 86400 if not house.entries(SKIPPED) else 1, process)

    assert [entry.facts["missed"] for entry in house.entries(SKIPPED)] == [9]
    assert house.posted() == [EIGHT + timedelta(days=10)]


def test_a_digest_waits_for_a_fresh_scan(house: House) -> None:
    process = house.start()
    process.tick()

    house.go_on(86400, process, fresh=False)
    assert house.posted() == []
    process.scans.tick()
    house.go_on(1, process, fresh=False)

    assert house.site.asked == ["scan"]
    assert len(house.posted()) == 1


def test_a_digest_does_not_wait_for_ever(house: House) -> None:
    process = house.start()
    process.tick()
    scanned_at = house.clock.now

    house.go_on(86400, process, fresh=False)
    house.go_on(299, process, fresh=False)
    assert house.posted() == []
    house.go_on(1, process, fresh=False)

    (outbound,) = house.outbound_messages()
    assert digest_message.read(outbound, house.store.ledger).summary.sites == (
        SiteSeen(PS1, scanned_at, first_at=scanned_at),
    )


def test_a_site_that_is_away_is_said_with_what_was_known_last(house: House) -> None:
    house.history.write([episode(seen_at=EIGHT, moved_at=EIGHT, drifted_at=EIGHT)], ())
    house.scan()
    scanned_at = house.clock.now
    process = house.start()
    process.tick()
    house.site.trouble = SiteErrorKind.UNREACHABLE

    house.go_on(86400, process, fresh=False)
    process.scans.tick()
    tried_at = house.clock.now
    house.go_on(1, process, fresh=False)

    (outbound,) = house.outbound_messages()
    summary = digest_message.read(outbound, house.store.ledger).summary
    assert summary.sites == (SiteSeen(PS1, scanned_at, SiteErrorKind.UNREACHABLE, tried_at, scanned_at),)
    assert (summary.drifted, summary.healed.count) == (1, 0)


def test_a_letter_is_read_as_it_was_written_even_when_requests_have_moved_on(house: House) -> None:
    house.history.write(
        [episode(), episode("B", healed_at=house.clock.now), episode("C", gone=True, healed_at=EIGHT)], ()
    )
    house.scan()
    process = house.start()
    request = process.digest_service.requests.open(asked(version=0), {})
    digest = process.digest_service.digest("morning", EIGHT, DriftScope([PS1], "PS1*"), EIGHT - timedelta(days=1))

    outbound = digest_message.write(digest)
    process.digest_service.freeze_service.freeze(NOBODY, "the site moves", "click")

    assert digest_message.read(outbound, house.store.ledger) == digest
    assert [each.id for each in digest.waiting] == [request.id]
    frozen = process.digest_service.digest("morning", EIGHT)
    assert digest_message.read(digest_message.write(frozen), house.store.ledger) == frozen


def test_one_that_is_posted_by_hand_does_not_stand_for_a_period(house: House) -> None:
    process = house.start()
    process.tick()
    house.go_on(86000)

    process.post_now(house.plan)
    house.go_on(400, process)

    assert len(house.outbound_messages()) == 2
    assert house.posted() == [EIGHT + timedelta(days=1)]
    assert house.outbound_messages()[1]["picture"]["since"] == house.outbound_messages()[0]["picture"]["at"]


def test_it_says_what_comes_next(house: House) -> None:
    assert house.start().upcoming(EIGHT) == [NextDigest("morning", EIGHT + timedelta(days=1), OPS)]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_around_the_claim_neither_drops_nor_doubles(house: House, when: str) -> None:
    def die() -> None:
        raise Died

    first = house.start()
    first.tick()
    setattr(first.ledger, when, die)

    with pytest.raises(Died):
        house.go_on(86400, first)
    house.go_on(10, house.start())

    assert house.posted() == [EIGHT + timedelta(days=1)]
    assert len(house.outbound_messages()) == 1


def test_of_two_that_decide_at_once_one_posts(house: House) -> None:
    first, second = house.start(), house.start()
    first.tick()
    first.ledger.before = second.tick  # type: ignore[attr-defined]

    house.go_on(86400, first)

    assert len(house.outbound_messages()) == 1
    assert house.posted() == [EIGHT + timedelta(days=1)]


def test_a_digest_that_its_channel_does_not_take_is_recorded_once_and_the_next_ones_go_on(house: House) -> None:
    process = house.start()
    process.tick()
    for seconds in (86400, 1, 300, 300, 600, 600):
        house.go_on(seconds, process, house.start())

    (held_up,) = house.entries(BLOCKED)
    assert held_up.facts["reason"] == "C0OPS takes no messages; is the bot still a member there, and is Slack there?"
    house.go_on(86400, process)
    assert len(house.posted()) == 2
    house.store.outbox.mark_sent(house.store.outbox.pending(OPS, 10), OPS, "1.0")
    house.go_on(3600, process)
    assert len(house.entries(BLOCKED)) == 1


def test_it_is_recorded_what_became_of_a_digest(house: House) -> None:
    process = house.start()
    process.tick()
    house.go_on(86400, process)
    (claim,) = house.claims()
    assert house.entries(POSTED) == []

    for reason in ("not_in_channel", "not_in_channel", "is_archived"):
        process.record_refusal(claim, reason)
    for _ in range(2):
        process.record_posted(claim, Posted(OPS, "1.5"), "https://contoso.slack.com/p15")

    stream = house.store.ledger.stream(house.plan.stream)
    assert [entry.facts["reason"] for entry in house.entries(REFUSED)] == ["not_in_channel", "is_archived"]
    assert refusal_of(stream, claim) == "is_archived"
    (posted,) = house.entries(POSTED)
    assert (posted.facts["link"], posted.facts["planned"]) == ("https://contoso.slack.com/p15", claim.sequence)
    assert process.posted_location(claim) == Posted(OPS, "1.5")
    house.go_on(86400, process)
    assert len(house.posted()) == 2


def test_a_ledger_that_calls_a_planned_digest_posted_still_reads(house: House) -> None:
    process = house.start()
    process.tick()
    facts = {"at": moment_text(house.clock.now), "channel": OPS, "due": moment_text(EIGHT + timedelta(days=1))}
    process.ledger.append(AuditAction(POSTED, "done", house.plan.name, facts=facts).draft(NOBODY, house.plan.stream))

    house.go_on(86400, house.start())

    assert house.claims() == []
    house.go_on(86400, house.start())
    assert house.posted() == [EIGHT + timedelta(days=2)]
    assert house.outbound_messages()[0]["picture"]["since"] == facts["at"]


@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_clock_that_was_far_ahead_does_not_silence_a_digest(house: House, *, is_restarted: bool) -> None:
    process = house.start()
    process.tick()
    house.go_on(365 * 86400 + 60, process)
    house.go_on(1, process)
    in_a_year = house.posted()

    process = house.start() if is_restarted else process
    house.clock.move(seconds=-365 * 86400)
    house.seconds += 6 * 3600
    process.tick()
    house.go_on(86400, process)
    house.go_on(300, process)

    assert house.posted() == [*in_a_year, EIGHT + timedelta(days=1)]


def test_a_clock_that_was_far_behind_does_not_double_a_digest(house: House) -> None:
    process = house.start()
    process.tick()
    house.go_on(86400 + 60, process)

    for seconds in (-5 * 86400, 3600, 5 * 86400, 1):
        house.go_on(seconds, process, house.start())

    assert house.posted() == [EIGHT + timedelta(days=1)]


@pytest.mark.parametrize(
    ("zone", "minute"), [("Europe/Zurich", 30), ("America/New_York", 0), ("Australia/Lord_Howe", 15)]
)
def test_a_year_of_kills_rivals_and_jumping_clocks_has_one_digest_for_each_period(
    store: Store, zone: str, minute: int
) -> None:
    """These local times fall into the hour, or half hour, that the zones skip and repeat."""
    random = Random(zone)  # noqa: S311 - fate, not a secret
    plan = planned(f"{minute} 2 * * *", ZoneInfo(zone))
    house = House(store, plan, FakeClock(datetime(2026, 1, 1, 12, tzinfo=UTC)), catch_up=timedelta(days=2))
    processes = [house.start(), house.start()]
    processes[0].tick()
    planned_at, latest = house.clock.now, house.clock.now

    while house.clock.now < datetime(2027, 1, 1, 12, tzinfo=UTC):
        fate = random.choice(["go on", "go on", "go on", "die before", "die after", "rival", "restart", "back", "hang"])
        seconds = random.choice([600, 3600, 7200, 10800])
        if fate == "restart":
            processes[random.randrange(2)] = house.start()
        elif fate == "back":
            seconds = -random.choice([1, 600, 5400])
        elif fate == "hang":
            seconds = 4 * 3600
        elif fate == "rival":
            processes[0].ledger.before = processes[1].tick  # type: ignore[attr-defined]
        elif fate.startswith("die"):
            setattr(processes[0].ledger, fate.partition(" ")[2], _die)
        try:
            house.go_on(seconds, *processes)
        except Died:
            processes[0] = house.start()
        latest = max(latest, house.clock.now)

    house.go_on(1, house.start())
    house.go_on(1, house.start())
    expected = [due.astimezone(UTC) for due in due_between(plan.cron, plan.zone, planned_at, latest)]
    assert house.posted() == expected
    assert house.entries(SKIPPED) == []
    assert (
        len({outbound["due_at"] for outbound in house.outbound_messages()})
        == len(house.outbound_messages())
        == len(expected)
    )
    assert len(expected) in {364, 365, 366}


def _die() -> None:
    raise Died
