"""Everything a reset needs but Slack: the real stories on a real store and a real site, in files; people are fakes.

Ada asks, Grace and Linus approve. `reopen` is a restart, `remember` and `put_back` are a backup of the store.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

from bot.dbapi import Database, Timeouts
from bot.demo.sample.schema import PKG_STATUS
from bot.domain.approval import Withdraw
from bot.domain.command import Filter
from bot.domain.package import PackageId, SiteCode
from bot.domain.plan import RowsAllowed
from bot.domain.request import Request
from bot.site.writer import SiteWriter
from bot.store import open_store
from bot.store.request_index import RequestTable
from bot.usecases.access import Actor, Allowed
from bot.usecases.ports.store import Card
from bot.usecases.resets.convergence import ConvergenceWatcher
from bot.usecases.resets.eligibility import Eligibility
from bot.usecases.resets.executor import ResetExecutor
from bot.usecases.resets.freeze import FreezeService
from bot.usecases.resets.preconditions import Preconditions
from bot.usecases.resets.request_repository import ChangeTexts, RequestRepository
from bot.usecases.resets.submission import ApprovalPolicy, RequestSubmission, Selection
from bot.usecases.resets.voting import CardClick, VoteService
from tests.builders import SIGNER, dp_row, nal_path, site_row, table
from tests.fakes import ADA, APPROVERS, GRACE, HERE, LINUS, TEAM, FakeClock, contoso
from tests.site.makers import SqliteSite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from bot.domain.package import Row
    from bot.domain.refusal import Refusal
    from bot.store import Store
    from bot.usecases.ports.site import SiteWriter as Writer
    from bot.usecases.ports.slack import Person
    from bot.usecases.resets.submission import NothingToUndo, RowsInOtherRequest

PS1, BOOT = SiteCode("PS1"), PackageId("PS100112")
EXPECTED = 13
BEHIND, RESET, BACK = (7, 3), (0, 2), (EXPECTED, 3)
HOUR = timedelta(hours=1)


BACKUPS = "dbo.PkgStatus_BU"


class ResetHarness:
    """One bot's stories. Two DPs are six versions behind; a method named after a deed insists that it succeeds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keys = count(1)
        self.clock = FakeClock()
        self.people = contoso()
        self.site = SqliteSite(folder / "site.db")
        rows = (dp_row(host, held_version=BEHIND[0]) for host in ("NYC-DP03", "NYC-DP04"))
        self.site.add(table(site_row("PS1"), *rows))
        self.policy = ApprovalPolicy(
            RowsAllowed.ANY, 50, 4 * HOUR, requester_counts=False, grace=4 * HOUR, backup_table=BACKUPS
        )
        self.meanwhile: Callable[[], None] = lambda: None
        """Called at every look at what stops resets."""
        self.writers: dict[SiteCode, Writer] = {PS1: self.writer_into(BACKUPS)}
        self._open()

    def _open(self) -> None:
        path = self._folder / "store.db"
        self.store = open_store(
            f"sqlite:///{path}", audit_channel="C0AUDIT", holder="one", clock=self.clock, signer=SIGNER
        )
        index = RequestTable(self.store.database, SIGNER)
        telling = ChangeTexts(lambda _request, _event: None, lambda _request, _event: None)
        self.requests = RequestRepository(self.store.ledger, index, "C0APPROVALS", telling, self.clock, SIGNER)
        self.freeze_service = FreezeService(self.store.ledger, index, "C0APPROVALS", SIGNER)
        self.eligibility = Eligibility(
            HERE, Allowed(), Allowed(groups=frozenset({APPROVERS})), self.people, self.freeze_service, timedelta, HOUR,
            channel_fault=self._look,
        )  # fmt: skip
        readers = {PS1: self.site.reader()}
        self.submission = RequestSubmission(
            readers, self.writers, self.requests, self.eligibility, self.policy, self.clock
        )
        self.preconditions = Preconditions(
            readers, self.writers, self.requests, self.eligibility, self.policy, self.clock
        )
        leases = self.store.leases
        self.executor = ResetExecutor(
            self.writers, self.requests, self.eligibility, self.preconditions, leases, self.clock
        )
        self.watcher = ConvergenceWatcher(
            readers, self.requests, self.clock, timedelta(minutes=1), 24 * HOUR, 14 * 24 * HOUR
        )

    def other_process(self) -> Store:
        """Open the same store as another process does; the caller closes it."""
        path = self._folder / "store.db"
        return open_store(f"sqlite:///{path}", audit_channel="C0AUDIT", holder="two", clock=self.clock, signer=SIGNER)

    def writer_into(self, backup_table: str) -> SiteWriter:
        """Return the site's writer as the settings name its backup table."""
        return SiteWriter(PS1, Database(self.site.address, Timeouts(query=3)), backup_table)

    def close(self) -> None:
        """Stop."""
        self.store.close()
        self.site.close()

    def reopen(self, **policy: object) -> None:
        """Stop and start, perhaps under other rules."""
        self.store.close()
        self.policy = replace(self.policy, **policy)  # type: ignore[arg-type]
        self._open()

    def remember(self) -> None:
        """Copy the store away."""
        self.store.close()
        shutil.copy(self._folder / "store.db", self._folder / "copy.db")
        self._open()

    def put_back(self) -> None:
        """Stop, replace the store by its copy, and start."""
        self.store.close()
        for file in self._folder.glob("store.db*"):
            file.unlink()
        shutil.copy(self._folder / "copy.db", self._folder / "store.db")
        self._open()

    def ask(self, *hosts: str, who: Person = ADA) -> Request:
        """Ask for a reset of these DPs, or of all that may be reset."""
        return self.placed(self.submission.ask(self.actor(who), self.selection(*hosts), self.click()))

    def selection(self, *hosts: str) -> Selection:
        """Return what asks for a reset of these DPs, or of all."""
        wanted = [row.handle for row in self._rows() if row.server.partition(".")[0] in hosts]
        return Selection(PS1, BOOT, wanted or Filter(), "stuck since Monday")

    def undo(self, done: Request) -> Request | NothingToUndo | RowsInOtherRequest | Refusal:
        """Ask for the way back."""
        return self.submission.undo(self.actor(ADA), done.id, self.click())

    def undone(self, done: Request) -> Request:
        """Take a reset back: asked, approved, applied."""
        return self._applied(self.placed(self.undo(done)))

    def vote(self, request: Request, *people: Person) -> None:
        """Let people approve."""
        for person in people:
            click = CardClick(
                self.actor(person), request.id, request.plan.fingerprint, "C0APPROVALS", request.id, self.click(), {}
            )
            assert isinstance(VoteService(self.requests, self.eligibility).approve(click), Request)

    def approved(self, *hosts: str) -> Request:
        """Ask, and let two approve."""
        request = self.ask(*hosts)
        self.vote(request, GRACE, LINUS)
        return request

    def reset(self, *hosts: str) -> Request:
        """Ask, approve, apply."""
        return self._applied(self.ask(*hosts))

    def now(self, request: Request) -> Request:
        """Rebuild a request as it is now."""
        found = self.requests.load(request.id)
        assert found
        return found

    def reads(self) -> Mapping[str, tuple[int, int]]:
        """Read version and status of each DP."""
        rows = self.sql("SELECT PkgServer, SourceVersion, Status FROM PkgStatus WHERE Type = 2")
        return {path.split("\\")[2].partition(".")[0]: (version, status) for path, version, status in rows}

    def put(self, host: str, reads: tuple[int, int]) -> None:
        """Change a DP's row as ConfigMgr does."""
        self.sql(
            "UPDATE PkgStatus SET SourceVersion = ?, Status = ? WHERE PkgServer = ?",
            *reads,
            nal_path(f"{host}.contoso.com"),
        )

    def bring_back(self, host: str) -> None:
        """Let a DP's row come back as ConfigMgr does it, which notes when."""
        self.put(host, BACK)
        self.sql(
            "UPDATE PkgStatus SET UpdateTime = '2027-01-01 00:00:00' WHERE PkgServer = ?",
            nal_path(f"{host}.contoso.com"),
        )

    def copy_backup(self, request: Request, other: str, at: str | None) -> None:
        """Put what a request copied into the backup table also under another request's id, as copied at a moment."""
        columns = ", ".join(PKG_STATUS.columns)
        self.sql(
            f"INSERT INTO PkgStatus_BU (RequestId, RowNumber, BackedUpAt, {columns})"
            f" SELECT ?, RowNumber, ?, {columns} FROM PkgStatus_BU WHERE RequestId = ?",
            other, at, request.id,
        )  # fmt: skip

    def sql(self, statement: str, *parameters: object, database: str = "site.db") -> Sequence[tuple[str, int, int]]:
        """Run a statement behind everybody's back."""
        with closing(sqlite3.connect(self._folder / database)) as raw, raw:
            return raw.execute(statement, parameters).fetchall()

    def withdrawal(self, person: Person) -> Withdraw:
        """Return what takes a request back."""
        return Withdraw(person.id, TEAM)

    def click(self) -> Mapping[str, str]:
        """Return where one more click came from."""
        return {"click": f"click {next(self._keys)}"}

    @staticmethod
    def actor(person: Person) -> Actor:
        """Return a person as Slack names who clicked."""
        return Actor(person.id, TEAM)

    def _look(self) -> None:
        self.meanwhile()

    def _rows(self) -> Sequence[Row]:
        found = self.site.reader().package(BOOT)
        assert found
        return found.rows

    def placed(self, request: object) -> Request:
        """Let the card of a new request be posted."""
        assert isinstance(request, Request), request
        self.requests.record_card(request, Card("C0APPROVALS", request.id, "https://contoso.example/card"))
        return request

    def _applied(self, request: Request) -> Request:
        self.vote(request, GRACE, LINUS)
        self.executor.run_pending()
        now = self.now(request)
        assert now.applied_at, (now.stage, now.note)
        return now
