"""A small world for the two-person rule: two bots on one store and one site, people, Slack, and everything that fails.

The bots are the real stories over a real SQLite store and a real SQLite site with the real writer; only people, Slack
and time are stand-ins. `Traps` break the next step at a boundary: the process dies there, its database fails there, or
the other bot does its work there. Who judges what happened is in judge_of_requests.py.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from bot.dbapi import Connection, Database, Timeouts
from bot.domain.package import PackageId, SiteCode
from bot.domain.plan import RowsAllowed
from bot.domain.site_error_kind import SiteErrorKind
from bot.site.reader import SiteDatabase
from bot.site.writer import SiteWriter
from bot.store.database import StoreDatabase
from bot.store.inbox import InboxTable
from bot.store.leases import LeaseTable
from bot.store.ledger import LedgerTable
from bot.store.migrations import migrate
from bot.store.outbox import OutboxTable
from bot.store.request_index import RequestTable
from bot.usecases.access import Actor, Allowed
from bot.usecases.audit.outbox_relay import LEASE, MessageRenderer, OutboxRelay
from bot.usecases.ports.site import SiteError
from bot.usecases.ports.slack import PeopleError, Posted, PostError, PostErrorKind
from bot.usecases.ports.store import StoreError, StoreErrorKind
from bot.usecases.resets.cards import CardMessages, CardTexts
from bot.usecases.resets.convergence import ConvergenceWatcher
from bot.usecases.resets.eligibility import Eligibility
from bot.usecases.resets.executor import ResetExecutor
from bot.usecases.resets.freeze import FreezeService
from bot.usecases.resets.preconditions import Preconditions
from bot.usecases.resets.request_repository import ChangeTexts, RequestRepository
from bot.usecases.resets.submission import ApprovalPolicy, RequestSubmission
from bot.usecases.resets.voting import Reading, VoteService
from bot.views import request_card, request_texts
from bot.views.card_comparison import MessageContent
from bot.views.tables import Form
from tests.builders import GRACE, SIGNER, dp_row, package, site_row, table
from tests.domain.judge_of_requests import NOTE_EVERY_CHANGE, Book
from tests.fakes import APPROVERS, HERE, TEAM, FakeClock, contoso
from tests.site.makers import SqliteSite

if TYPE_CHECKING:
    from pathlib import Path

    from bot.domain.ledger_entry import Draft, Entry
    from bot.domain.package import PackageTable
    from bot.domain.plan import Plan, PlanRow
    from bot.domain.request import Request
    from bot.domain.undo import Undoing
    from bot.usecases.ports.slack import Person
    from bot.usecases.ports.store import InboxItem, Notification, Step
    from bot.views.block_kit import Message
    from tests.fakes import FakePeople

PS1 = SiteCode("PS1")
PACKAGE, OTHER_PACKAGE = PackageId("PS100112"), PackageId("PS100113")
AUDIT, APPROVALS = "C0SCCMAUDIT", "C0APPROVALS"
LINK = "https://contoso.slack.com/card"
LEASE_SECONDS = 15
BRIEF = Timeouts(query=1)
EXPIRE_AFTER, MOST_LAG, STALL_AFTER = timedelta(hours=4), timedelta(minutes=10), timedelta(hours=24)
GIVE_UP_AFTER = timedelta(days=5)
BEHIND: dict[str, Any] = {"held_version": 7}


LONG_AGO = datetime(2026, 1, 1)  # noqa: DTZ001 - as a site notes it, of no zone
CHANGED = "SELECT ID, Type, SiteCode, PkgServer FROM changes WHERE number > ?"
NOTE_CHANGES_OF_THE_SITE = f"""INSERT INTO changes_by_others
    SELECT c.*, (SELECT coalesce(max(rowid), 0) FROM PkgStatus_BU) FROM ({CHANGED}) c"""


CARD_OF = re.compile(r"(?:Request|card of request) `(\w+)`")
"""Names the request whose card a message is, or was."""


class Crashed(BaseException):
    """The process is gone; nothing of it may catch this."""


Trap = Callable[[], None]
Result = TypeVar("Result")


@dataclass
class Traps:
    """What waits at boundaries; each goes off once, when its place is reached for the n-th time."""

    waiting: dict[str, tuple[int, Trap]] = field(default_factory=dict)
    sprung: set[str] = field(default_factory=set)

    def set(self, place: str, skip: int, trap: Trap) -> None:
        """Let the (skip + 1)-th reach of a place go wrong."""
        self.waiting[place] = (skip, trap)

    def reach(self, place: str) -> None:
        """Pass a place, or not."""
        if place not in self.waiting:
            return
        skip, trap = self.waiting.pop(place)
        if skip:
            self.waiting[place] = (skip - 1, trap)
            return
        self.sprung.add(place)
        trap()


@dataclass
class FragileLedger:
    """A real ledger with traps before, within and behind each transaction; reading is safe."""

    inner: LedgerTable
    traps: Traps

    def append(self, draft: Draft, notices: Iterable[Notification] = (), also: Iterable[Step] = ()) -> Entry:
        """Record one draft."""
        return self.append_all([draft], notices, also)[0]

    def append_all(
        self, drafts: Sequence[Draft], notices: Iterable[Notification] = (), also: Iterable[Step] = ()
    ) -> Sequence[Entry]:
        """Record several drafts, if no trap goes off."""
        self.traps.reach("append: before")
        within: Step = lambda _connection, _entry: self.traps.reach("append: within")  # noqa: E731
        entries = self.inner.append_all(drafts, notices, [*also, within])
        self.traps.reach("append: behind")
        return entries

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class FragileDatabase(Database):
    """A real database with a trap at the end of each transaction, before its commit."""

    def __init__(self, address: str, traps: Traps) -> None:
        super().__init__(address, BRIEF)
        self._traps = traps

    def write(self, work: Callable[[Connection], Any]) -> Any:
        """Run a piece of writing, if no trap goes off."""

        def fragile(connection: Connection) -> Any:
            result = work(connection)
            self._traps.reach("site: within")
            return result

        return super().write(fragile)


@dataclass
class FragileSite:
    """Reader and writer of a site that can be away, with traps around each call."""

    reader: SiteDatabase
    writer: SiteWriter
    traps: Traps
    code: SiteCode = PS1

    def package(self, package_id: PackageId) -> PackageTable | None:
        """Read a package."""
        return self._call("read", lambda: self.reader.package(package_id))

    def packages(self) -> Any:
        """Read all packages."""
        return self._call("read", self.reader.packages)

    def using(self, _backup_table: str) -> FragileSite:
        """All keep their backups in one table."""
        return self

    def dry_run(self) -> None:
        """Rehearse an apply."""
        self._call("rehearse", self.writer.dry_run)

    def apply(self, request_id: str, plan: Plan, undoing: Undoing | None = None) -> None:
        """Apply a plan."""
        self._call("apply", lambda: self.writer.apply(request_id, plan, undoing))

    def undo_violations(self, undoing: Undoing, package_id: PackageId, rows: Sequence[PlanRow]) -> Sequence[str]:
        """Look at the rows of an undo and their copies."""
        return self._call("read", lambda: self.writer.undo_violations(undoing, package_id, rows))

    def was_applied(self, request_id: str) -> bool:
        """Look for a request."""
        return self._call("was applied", lambda: self.writer.was_applied(request_id))

    def readings(self, plan: Plan) -> Any:
        """Read the rows of a plan."""
        return self._call("read", lambda: self.writer.readings(plan))

    def forbid(self, request_id: str) -> bool:
        """Forbid a request."""
        return self._call("forbid", lambda: self.writer.forbid(request_id))

    def _call(self, name: str, call: Callable[[], Result]) -> Result:
        self.traps.reach(f"{name}: before")
        result = call()
        self.traps.reach(f"{name}: behind")
        return result


@dataclass
class FragilePeople:
    """People with a trap before each question."""

    inner: FakePeople
    traps: Traps

    def find(self, user_id: str) -> Person:
        """Look one person up."""
        self.traps.reach("people: before")
        return self.inner.find(user_id)

    def members(self, group_id: str) -> frozenset[str]:
        """Return the user ids of a group."""
        self.traps.reach("people: before")
        return self.inner.members(group_id)


@dataclass
class FakeSlack:
    """Keeps messages by where they are; `told` are the sequences of audit lines in the order in which they came.

    `shown` is what each message showed last, also one that was deleted: somebody may have pressed just before.
    `not_of_bot` are those whose words are somebody else's, who has the bot's token.
    """

    is_down: bool = False
    messages: dict[Posted, Any] = field(default_factory=dict)
    shown: dict[Posted, Any] = field(default_factory=dict)
    not_of_bot: set[Posted] = field(default_factory=set)
    told: list[list[int]] = field(default_factory=list)
    drawn: dict[Posted, set[str]] = field(default_factory=dict)
    """The requests whose cards the bot drew at a place."""

    def post(self, destination: str, payload: Any) -> Posted:
        """Post a message."""
        self._answer()
        if "sequences" in payload:
            self.told.append(payload["sequences"])
        posted = Posted(destination, f"{len(self.messages) + 1}.000")
        self._show(posted, payload)
        return posted

    def replace(self, posted: Posted, payload: Any) -> bool:
        """Give a message new content; False when it was deleted."""
        self._answer()
        if posted not in self.messages or self.messages[posted] is None:
            return False
        self._show(posted, payload)
        self.not_of_bot.discard(posted)
        return True

    def _show(self, posted: Posted, payload: Any) -> None:
        self.messages[posted] = self.shown[posted] = payload
        self.drawn.setdefault(posted, set()).update(CARD_OF.findall(str(payload)))

    def edit_with_token(self, posted: Posted, payload: Any) -> None:
        """Change a message as a thief of the bot's token does."""
        self.messages[posted] = self.shown[posted] = payload
        self.not_of_bot.add(posted)

    def post_with_token(self, payload: Any) -> Posted:
        """Post a message to the approvers as a thief of the bot's token does."""
        posted = Posted(APPROVALS, f"{len(self.messages) + 1}.000")
        self.edit_with_token(posted, payload)
        return posted

    def _answer(self) -> None:
        if self.is_down:
            raise PostError(PostErrorKind.UNREACHABLE, "a fault that the test wants")


@dataclass(frozen=True)
class Places:
    """The files of a world."""

    store: Path
    site: Path

    @classmethod
    def make(cls, folder: Path) -> Places:
        """Make an empty store and a site where much is behind, to be copied by each world."""
        places = cls(folder / "store.db", folder / "site.db")
        store = StoreDatabase(f"sqlite:///{places.store}")
        migrate(store)
        store.close()
        maker = SqliteSite(places.site)
        points = [dp_row("NYC-DP03", **BEHIND), dp_row("NYC-DP04", held_version=12, status_number=5)]
        points += [dp_row(host, "P02", **BEHIND) for host in ("LON-DP01", "LON-DP02")]
        maker.add(table(site_row("PS1"), site_row("P02", **BEHIND), *points))
        maker.add(table(site_row("PS1"), dp_row("NYC-DP03", **BEHIND), of=package(OTHER_PACKAGE)))
        maker.close()
        with closing(sqlite3.connect(places.site)) as connection:
            connection.executescript(NOTE_EVERY_CHANGE)
        return places

    def copy(self, folder: Path) -> Places:
        """Copy the files for one world."""
        return Places(*(shutil.copy(path, folder / path.name) for path in (self.store, self.site)))  # type: ignore[arg-type]


class Process:
    """One bot, wired like the real one over stand-ins; it remembers nothing that a restart would lose."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        database = StoreDatabase(f"sqlite:///{world.places.store}", BRIEF)
        outbox = OutboxTable(database, AUDIT, world.clock, SIGNER)
        self.ledger = FragileLedger(LedgerTable(database, outbox, world.clock), world.traps)
        self.leases = LeaseTable(database, name, LEASE_SECONDS, lambda: world.monotonic)
        self.index = RequestTable(database, SIGNER)
        self.outbox = outbox
        self.inbox = InboxTable(database, name, world.clock, SIGNER)
        address = f"sqlite:///{world.places.site}"
        reader = SiteDatabase(PS1, Database(address, BRIEF))
        writer = SiteWriter(PS1, FragileDatabase(address, world.traps), "dbo.PkgStatus_BU")
        site = FragileSite(reader, writer, world.traps)
        self._closing: list[Callable[[], None]] = [database.close, reader.close, writer.close]
        self._wire(world, {PS1: site})

    def _wire(self, world: World, sites: dict[SiteCode, FragileSite]) -> None:
        policy = ApprovalPolicy(RowsAllowed.ANY, 50, EXPIRE_AFTER, world.requester_counts, GRACE)
        self.freeze_service = FreezeService(self.ledger, self.index, APPROVALS, SIGNER)
        telling = ChangeTexts(
            _words(request_texts.outcome_message), _words(partial(request_texts.thread_message, ask=""))
        )
        self.requests = RequestRepository(self.ledger, self.index, APPROVALS, telling, world.clock, SIGNER)
        people, approvers = FragilePeople(world.people, world.traps), Allowed(groups=frozenset({APPROVERS}))
        self.eligibility = Eligibility(HERE, Allowed(), approvers, people, self.freeze_service, self._lag, MOST_LAG)
        self.submission = RequestSubmission(sites, sites, self.requests, self.eligibility, policy, world.clock)
        self.vote_service = VoteService(self.requests, self.eligibility, _reads)
        preconditions = Preconditions(sites, sites, self.requests, self.eligibility, policy, world.clock)
        self.executor = ResetExecutor(sites, self.requests, self.eligibility, preconditions, self.leases, world.clock)
        self.watcher = ConvergenceWatcher(
            sites, self.requests, world.clock, timedelta(minutes=2), STALL_AFTER, GIVE_UP_AFTER
        )
        cards = CardMessages(self.requests, self.freeze_service, CARD_WORDS, lambda _: LINK)
        renderer = MessageRenderer(len, _sequences, world.gap, cards.outbound, cards.subject)
        self.relay = OutboxRelay(
            self.outbox, self.ledger, self.leases, world.slack, renderer, lambda: world.monotonic, spacing=0
        )

    def tell(self) -> None:
        """Deliver until nothing more can be delivered now."""
        for _ in range(40):
            if not self.leases.hold(LEASE) or not self.outbox.destinations():
                return
            before = self.outbox.destinations(), [self.outbox.backlog(each).count for each in (AUDIT, APPROVALS)]
            self.relay.deliver()
            after = self.outbox.destinations(), [self.outbox.backlog(each).count for each in (AUDIT, APPROVALS)]
            if before == after:
                return

    def answer(self, key: str, body: Any, action: Callable[[Process], Result]) -> Result:
        """Do what a click asks for as the desk does: kept before it is done, erased when it is answered."""
        self.inbox.put(key, str(body["kind"]), body)
        try:
            result = action(self)
        except (StoreError, SiteError, PeopleError):
            self.inbox.done(key)
            raise
        self.inbox.done(key)
        return result

    def left_by_the_dead(self) -> list[InboxItem]:
        """Take over what processes that are no more left unanswered; leave out, and answer, what is not ours."""
        alive = {bot.name for bot in self.world.bots}
        found = [item for holder in self.inbox.holders() if holder not in alive for item in self.inbox.claim(holder)]
        for item in found:
            if not item.is_ours:
                self.inbox.done(item.key)
        return [item for item in found if item.is_ours]

    def close(self) -> None:
        """Let go of its files."""
        for close in self._closing:
            close()

    def _lag(self) -> timedelta:
        oldest = self.outbox.backlog(AUDIT).oldest_at
        return self.world.clock() - oldest if oldest else timedelta(0)


class World:
    """Everything that two bots have in common."""

    def __init__(self, places: Places, *, requester_counts: bool = False) -> None:
        self.places = places
        self.requester_counts = requester_counts
        self.clock = FakeClock()
        self.monotonic = 0.0
        self.people = contoso()
        self.slack = FakeSlack()
        self.traps = Traps()
        self.starts = 0
        self.writes = 0
        self.is_forged = False
        self.book = Book()
        self.bots = [self._started(), self._started()]

    def act(self, number: int, action: Callable[[Process], Any]) -> Any:
        """Let a bot do something: it may die, or be refused by its databases, and nothing else may come out."""
        try:
            return action(self.bots[number])
        except Crashed:
            self.restart(number)
        except (StoreError, SiteError, PeopleError):
            pass
        except Exception:
            if not self.is_forged:  # in what somebody forged a bot may stumble, and goes on with the next thing
                raise
        return None

    def restart(self, number: int) -> None:
        """Replace a bot by a new process that knows only what is in the databases."""
        self.bots[number].close()
        self.bots[number] = self._started()

    def pass_time(self, **parts: float) -> None:
        """Let both clocks go on."""
        self.clock.move(**parts)
        self.monotonic += timedelta(**parts).total_seconds()

    def trap(self, place: str, skip: int, how: str, number: int) -> None:
        """Prepare what shall go wrong at a place for the bot of this number."""
        fail = _FAILURES.get(place.partition(":")[0], _fail_site)

        def work_then_fail() -> None:
            self._let_work(1 - number)
            fail()

        traps: dict[str, Trap] = {
            "dies": _die,
            "fails": fail,
            "other bot works": lambda: self._let_work(1 - number),
            "other bot works, then it fails": work_then_fail,
            "freeze": lambda: self._let_freeze(1 - number),
        }
        self.traps.set(place, skip, traps[how])

    def change_site(self, statement: str, *parameters: object, by_hand: bool = False) -> None:
        """Change the site as its own software does, which notes when it writes a row, or as a DBA does by hand.

        What they change is not noted as a change by a bot.
        """
        with closing(sqlite3.connect(self.places.site, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            (known,) = connection.execute("SELECT coalesce(max(number), 0) FROM changes").fetchone()
            connection.execute(statement, parameters)
            if not by_hand:
                self.writes += 1
                connection.execute(NOTE_CHANGES_OF_THE_SITE, (known,))
                connection.execute(
                    f"UPDATE PkgStatus SET UpdateTime = ? WHERE (ID, Type, SiteCode, PkgServer) IN ({CHANGED})",
                    (f"{LONG_AGO + timedelta(seconds=self.writes):%Y-%m-%d %H:%M:%S}", known),
                )
            connection.execute("DELETE FROM changes WHERE number > ?", (known,))
            connection.execute("COMMIT")

    def change_person(self, user_id: str, **changes: Any) -> None:
        """Change what Slack says of somebody."""
        self.people._persons[user_id] = replace(self.people._persons[user_id], **changes)

    def change_approvers(self, *user_ids: str) -> None:
        """Change the user group of the approvers."""
        self.people._groups[APPROVERS] = list(user_ids)

    def can_approve(self, user_id: str) -> bool:
        """Whether somebody may decide now, by the rules and not by the bots' code."""
        person = self.people._persons[user_id]
        is_member = not (person.is_bot or person.is_deactivated or person.is_guest or person.is_external)
        return is_member and person.team_id == TEAM and user_id in self.people._groups[APPROVERS]

    def close(self) -> None:
        """End both bots."""
        for bot in self.bots:
            bot.close()

    def gap(self, entry: Entry, error: str) -> Any:
        """Say what is told in place of a line that cannot be told; there is none while nobody forges."""
        assert self.is_forged, f"a gap for {entry.sequence}: {error}"
        return {"text": error}

    def _started(self) -> Process:
        self.starts += 1
        return Process(self, f"bot-{self.starts}")

    def _let_work(self, number: int) -> None:
        """The first bot is slow: its leases run out, and the other does its work meanwhile."""
        self.monotonic += LEASE_SECONDS + 1
        bot = self.bots[number]
        bot.leases.hold("apply")
        self.monotonic += LEASE_SECONDS + 1
        self.act(number, lambda bot: bot.executor.run_pending())

    def _let_freeze(self, number: int) -> None:
        self.act(
            number, lambda bot: bot.freeze_service.freeze(Actor("U00000GRACE", TEAM), "at once", f"trap {self.clock()}")
        )


def _die() -> None:
    raise Crashed


def _fail_store() -> None:
    raise StoreError(StoreErrorKind.UNREACHABLE, "a fault that the test wants")


def _fail_site() -> None:
    raise SiteError(PS1, SiteErrorKind.UNREACHABLE, "a fault that the test wants")


def _fail_people() -> None:
    raise PeopleError("a fault that the test wants")


_FAILURES: dict[str, Trap] = {"append": _fail_store, "people": _fail_people}


def _drawn(request: Any, freeze: Any) -> Any:
    card = request_card.draw(request, "", request_texts.freeze_text(*_of(freeze)) if freeze else "", Form.TABLE)
    return _payload(card), _payload(request_card.draw_without_buttons(card))


def _reads(message: Any, request: Request, freeze: Any) -> Reading:
    return (
        Reading.SAME
        if MessageContent.of(_drawn(request, freeze)[0]).matches(MessageContent.of(message))
        else Reading.OTHER
    )


def _payload(message: Message) -> Any:
    return {"text": message.text, "blocks": list(message.blocks)}


CARD_WORDS = CardTexts(
    draw=_drawn,
    announce=lambda request, _card: {"text": request.id},
    replaced=lambda request, _card: _payload(request_card.draw_replaced(request, LINK)),
    refused=lambda request, _card, reason: {"text": f"{request.id} {reason}"},
)


def _sequences(entries: Any, _repeated: Any) -> Any:
    return {"sequences": [entry.sequence for entry in entries]}


def _of(freeze: Any) -> tuple[Any, ...]:
    return (freeze.user_id, freeze.at, freeze.why)


def _words(words: Callable[..., Any]) -> Callable[..., Any]:
    def make(request: Any, event: Any) -> Any:
        message = words(request, event)
        return {"text": message.text} if message else None

    return make


Lie = Callable[[Any], None]


def _in_block(kind: str, number: int, change: Callable[[Any], Any]) -> Lie:
    def tell(message: Any) -> None:
        found = [block for block in message["blocks"] if block["type"] == kind]
        if found:
            change(found[number])

    return tell


LIES: dict[str, Lie] = {
    "other numbers": _in_block("table", 0, lambda table: table["rows"][-1][1].update(text="7 (3) → 13 (3)")),
    "another server": _in_block("table", 0, lambda table: table["rows"][-1][0].update(text="LAB-DP01.contoso.com")),
    "fewer rows": _in_block("table", 0, lambda table: table["rows"].pop()),
    "no rows": lambda message: message.update(blocks=[b for b in message["blocks"] if b["type"] != "table"]),
    "another title": _in_block("header", 0, lambda block: block["text"].update(text="Reset of PS100999 at LAB: 1 row")),
    "other words": _in_block("section", 1, lambda block: block["text"].update(text="only a rehearsal in the lab")),
    "another rule": _in_block("section", -1, lambda block: block["text"].update(text="press, it is an exercise")),
    "another dialog": _in_block(
        "actions", 0, lambda block: block["elements"][0].update(text={"type": "plain_text", "text": "Seen"})
    ),
    "a picture": lambda message: message["blocks"].append(
        {"type": "image", "image_url": "https://x/", "alt_text": "-"}
    ),
    "a file": lambda message: message.update(files=[{"id": "F1", "title": "what this is about"}]),
    "an attachment": lambda message: message.update(attachments=[{"text": "this is about the lab"}]),
    "another summary": lambda message: message.update(text="an exercise"),
}
"""What a thief of the bot's token makes of a card, its buttons kept."""


def lied(message: Any, lie: str) -> Any:
    """Return what a message says after a lie."""
    changed = deepcopy(message)
    LIES[lie](changed)
    return changed
