"""What a claimed request ends as when its site was lost in the middle, and what is proved again before an apply."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bot.domain.refusal import Reason, Refusal
from bot.domain.request import Stage
from bot.domain.site_error_kind import SiteErrorKind
from bot.usecases.ports.site import SiteError
from bot.usecases.resets.executor import UNBACKED
from bot.usecases.resets.voting import CardClick, VoteService
from tests.fakes import MARGARET
from tests.usecases.reset_harness import BACK, BEHIND, PS1, RESET

if TYPE_CHECKING:
    from bot.domain.plan import Plan
    from bot.domain.undo import Undoing
    from tests.usecases.reset_harness import ResetHarness


class Failover:
    """A writer whose commit gets through and whose backup table, which is not moved with the site, does not have it."""

    def __init__(self, harness: ResetHarness) -> None:
        self._house = harness
        self._writer: Any = harness.writers[PS1]

    def apply(self, request_id: str, plan: Plan, undoing: Undoing | None = None) -> None:
        """Apply, and lose the backup and the answer."""
        self._writer.apply(request_id, plan, undoing)
        self._house.sql("CREATE TABLE Kept AS SELECT * FROM PkgStatus_BU")
        self._house.sql("DELETE FROM PkgStatus_BU")
        raise SiteError(PS1, SiteErrorKind.UNREACHABLE, "a fault that the test wants")

    def using(self, _backup_table: str) -> Any:
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)


def test_rows_that_read_as_applied_are_never_called_unchanged_because_their_backup_is_lost(
    harness: ResetHarness,
) -> None:
    request = harness.approved()
    harness.writers[PS1] = Failover(harness)

    harness.executor.run_pending()
    first = harness.now(request)
    for host in ("NYC-DP03", "NYC-DP04"):
        harness.put(host, BACK)
    harness.clock.move(hours=1)
    harness.executor.run_pending()

    assert (first.stage, first.note) == (Stage.APPLYING, UNBACKED)
    assert harness.now(request) == first, "rows that moved on prove nothing"


def test_such_a_request_ends_as_applied_when_the_dba_puts_the_backup_back(harness: ResetHarness) -> None:
    request = harness.approved()
    harness.writers[PS1] = Failover(harness)
    harness.executor.run_pending()

    harness.clock.move(hours=1)
    harness.sql("DELETE FROM PkgStatus_BU")
    harness.sql("INSERT INTO PkgStatus_BU SELECT * FROM Kept")
    harness.executor.run_pending()

    assert harness.now(request).stage is Stage.APPLIED


def test_such_a_request_ends_as_failed_when_every_row_reads_as_before(harness: ResetHarness) -> None:
    request = harness.approved()
    harness.writers[PS1] = Failover(harness)
    harness.executor.run_pending()

    harness.put("NYC-DP03", BEHIND)
    harness.clock.move(hours=1)
    harness.executor.run_pending()
    assert harness.now(request).stage is Stage.APPLYING
    harness.put("NYC-DP04", BEHIND)
    harness.clock.move(hours=1)
    harness.executor.run_pending()

    assert harness.now(request).stage is Stage.FAILED


def test_a_backup_table_that_lost_its_key_while_people_voted_stops_the_apply(harness: ResetHarness) -> None:
    request = harness.approved()
    harness.sql("ALTER TABLE PkgStatus_BU RENAME TO Away")
    harness.sql("CREATE TABLE PkgStatus_BU AS SELECT * FROM Away")

    harness.executor.run_pending()

    assert harness.now(request).stage is Stage.FAILED
    assert set(harness.reads().values()) == {BEHIND}


def test_nothing_is_applied_in_the_database_of_another_site(harness: ResetHarness) -> None:
    request = harness.approved("NYC-DP03")
    harness.sql("UPDATE SMSData SET ThisSiteCode = 'CAS'")

    harness.executor.run_pending()

    assert harness.now(request).stage is Stage.FAILED
    assert RESET not in harness.reads().values()


def test_the_database_of_another_site_is_named_to_who_asks(harness: ResetHarness) -> None:
    done = harness.reset("NYC-DP03")
    harness.sql("UPDATE SMSData SET ThisSiteCode = 'CAS'")

    refusal = harness.undo(done)

    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.WRONG_DATABASE
    assert refusal.detail.endswith("of site CAS; let PKGSTATUS_SITES__PS1__DATABASE name that of PS1")


def test_a_request_keeps_every_id_of_who_asked_even_when_slack_later_names_only_one(harness: ResetHarness) -> None:
    harness.people.also_known_as("W0MARGARET", replace(MARGARET, global_id="W0MARGARET"))
    asker = replace(MARGARET, id="W0MARGARET")
    request = harness.ask("NYC-DP03", who=asker)

    assert request.requester_ids == {"W0MARGARET", MARGARET.id}
    fingerprint = request.plan.fingerprint
    click = CardClick(harness.actor(MARGARET), request.id, fingerprint, "C0APPROVALS", request.id, harness.click())
    assert VoteService(harness.requests, harness.eligibility).approve(click) == Refusal(Reason.OWN_REQUEST)


def test_the_trail_says_what_its_numbers_count(harness: ResetHarness) -> None:
    request = harness.reset("NYC-DP03")
    harness.bring_back("NYC-DP03")
    harness.watcher.look()

    told = [str(entry.facts.get("detail")) for entry in harness.store.ledger.stream(f"request {request.id}")]

    assert [each for each in told if "vote" in each] == ["1 of 2 votes", "2 of 2 votes"]
    assert told[-1] == "1 row back"
