"""The rules that stand between a click and a changed row, each with the patch that breaks it and the tests that notice.

A patch replaces one text of one file; the text must stand there once. `why` is what would happen to people.
"""

from __future__ import annotations

from dataclasses import dataclass


class PatchError(Exception):
    """A patch does not fit the file it is for."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, and how it is broken."""

    name: str
    path: str
    before: str
    after: str
    why: str
    tests: tuple[str, ...]

    def patched(self, whole: str) -> str:
        """Return a file's text with the rule broken. Raises PatchError."""
        found = whole.count(self.before)
        if found != 1:
            raise PatchError(f"{self.name}: its text stands {found} times in {self.path}, not once:\n{self.before}")
        return whole.replace(self.before, self.after)


APPROVAL, CHAIN, DRIFT, FOLDING = (f"bot/domain/{name}.py" for name in ("approval", "chain", "drift", "folding"))
PLAN, PLANNING, REQUEST, SIGNET = (f"bot/domain/{name}.py" for name in ("plan", "planning", "request", "signet"))
QUORUM, TYPED_TEXT = "bot/domain/quorum.py", "bot/domain/typed_text.py"
WRITER = "bot/site/writing.py"
ACCESS, APPLYING, APPROVING = (f"bot/usecases/{name}.py" for name in ("access", "applying", "approving"))
PROVING, REQUESTS, STANDING = (f"bot/usecases/{name}.py" for name in ("proving", "requests", "standing"))
REQUESTING = "bot/usecases/requesting.py"
DESK, BRAKES = "bot/slack/desk.py", "bot/slack/brakes.py"
STORE_INBOX, STORE_LEDGER, STORE_REQUESTS = (f"bot/store/{name}.py" for name in ("inbox", "ledger", "requests"))

DECIDING = ("tests/domain/test_approval.py",)
PLANS = ("tests/domain/test_plan.py", "tests/domain/test_planning.py")
CHAINS = ("tests/domain/test_chain.py",)
VERDICTS = ("tests/domain/test_drift.py",)
WRITING = ("tests/site/test_writing.py",)
PROOFS = ("tests/usecases/test_proving.py",)
APPLIES = ("tests/usecases/test_applying.py",)
RESOLVING = ("tests/usecases/test_resolving.py",)
UNDOING = ("tests/usecases/test_undoing.py",)
PEOPLE = ("tests/usecases/test_access.py",)

RULES = (
    # Who decides what, at which stage.
    Rule(
        "own vote",
        APPROVAL,
        "if ids & request.requester_ids and not request.requester_counts:",
        "if False:",
        "A requester approves their own request.",
        DECIDING,
    ),
    Rule(
        "one vote each",
        APPROVAL,
        "if any(ids & vote.ids for vote in request.votes):",
        "if False:",
        "One person is two.",
        DECIDING,
    ),
    Rule(
        "vote for this plan",
        APPROVAL,
        "if command.fingerprint != request.plan.fingerprint:",
        "if False:",
        "A vote for other rows counts.",
        DECIDING,
    ),
    Rule(
        "quorum when voting",
        APPROVAL,
        "if len(request.votes) + 1 >= QUORUM else",
        "if len(request.votes) + 1 >= QUORUM - 1 else",
        "The first vote is enough.",
        DECIDING,
    ),
    Rule("two people", QUORUM, "QUORUM = 2", "QUORUM = 1", "One person is enough.", DECIDING),
    Rule(
        "expiry",
        APPROVAL,
        "return Reason.EXPIRED if request.is_expired(now) else None",
        "return None",
        "A request of last week is approved.",
        DECIDING,
    ),
    Rule(
        "moment of expiry",
        REQUEST,
        "return now >= self.expires_at or self.created_at - now > CLOCKS_APART",
        "return now > self.expires_at or self.created_at - now > CLOCKS_APART",
        "A vote counts at the moment of expiry.",
        DECIDING,
    ),
    Rule(
        "own rejection",
        APPROVAL,
        "return Refusal(Reason.OWN_REQUEST)\n    return [Event(Kind.REJECTED",
        "pass\n    return [Event(Kind.REJECTED",
        "A requester decides by rejecting.",
        DECIDING,
    ),
    Rule(
        "withdrawal",
        APPROVAL,
        "if not _ids(command) & request.requester_ids:",
        "if False:",
        "Anybody takes back what somebody else asked for.",
        DECIDING,
    ),
    Rule(
        "claim after the quorum",
        APPROVAL,
        "case Delay() | Claim() | Finish():\n            return frozenset({Stage.APPROVED})",
        "case Delay() | Claim() | Finish():\n            return frozenset({Stage.APPROVED, Stage.PENDING})",
        "A request is applied before people voted.",
        DECIDING,
    ),
    Rule(
        "applied after the claim",
        APPROVAL,
        "return frozenset()  # nothing",
        "return frozenset({Stage.APPROVED})  # nothing",
        "What nobody claimed is recorded as applied.",
        DECIDING,
    ),
    Rule(
        "rows stay held while applied",
        REQUEST,
        "OPEN = frozenset({Stage.PENDING, Stage.APPROVED, Stage.APPLYING})",
        "OPEN = frozenset({Stage.PENDING, Stage.APPROVED})",
        "Two requests change one row at once.",
        DECIDING,
    ),
    Rule(
        "every vote is remembered",
        FOLDING,
        "votes=(*request.votes, vote))",
        "votes=(vote,))",
        "The first vote is forgotten.",
        DECIDING,
    ),
    # What a vote is for.
    Rule(
        "fingerprint of the status",
        PLAN,
        "row.version_before, row.status_before, row.version_after, row.status_after] for row",
        "row.version_before, row.version_after, row.status_after] for row",
        "Votes do not say which status was shown.",
        PLANS,
    ),
    Rule(
        "fingerprint of the site",
        PLAN,
        '"action": self.action,\n            "site": self.site,',
        '"action": self.action,',
        "A vote for one site counts for another.",
        PLANS,
    ),
    Rule(
        "values of a reset",
        PLAN,
        "RESET_STATUS = int(Status.RECEIVED)",
        "RESET_STATUS = int(Status.INSTALLED)",
        "A reset writes a status that tells nobody to send.",
        (*PLANS, *WRITING),
    ),
    Rule(
        "classes of a reset",
        PLANNING,
        "(verdict.drift_class not in RESETTABLE, RowFault.CLASS),",
        "(False, RowFault.CLASS),",
        "A row that is ahead or in sync is reset.",
        PLANS,
    ),
    Rule(
        "readable names",
        PLANNING,
        "(not verdict.row.is_addressable, RowFault.UNREADABLE_NAME),",
        "(False, RowFault.UNREADABLE_NAME),",
        "A row whose server is not understood is reset.",
        PLANS,
    ),
    Rule(
        "site rows only",
        PLANNING,
        "(allowed is RowsAllowed.SITE and not verdict.row.is_site, RowFault.SITE_ROWS_ONLY),",
        "(False, RowFault.SITE_ROWS_ONLY),",
        "A DP row is reset where settings forbid it.",
        PLANS,
    ),
    Rule(
        "fresh read of the rows",
        PLANNING,
        "found = list(differences(plan, [verdict.row for verdict in verdicts]))",
        "found: list[str] = []",
        "Rows that moved on since the vote are reset.",
        PLANS,
    ),
    Rule(
        "one row for a key",
        PLANNING,
        "if len(fresh) > 1:",
        "if False:",
        "Of two rows with one key, nobody knows which was shown.",
        PLANS,
    ),
    Rule(
        "source site of now",
        PLANNING,
        "if package.source_site != plan.site:",
        "if False:",
        "A package that moved to another site is reset at the old one.",
        PLANS,
    ),
    Rule(
        "source version of now",
        PLANNING,
        "if package.source_version != plan.source_version:",
        "if False:",
        "A reset for version 13 is made when 14 is out.",
        PLANS,
    ),
    Rule(
        "classes of now",
        PLANNING,
        "found += _not_to_be_reset(plan, verdicts, allowed)",
        "found += []",
        "A row that needs no reset any more is reset.",
        PLANS,
    ),
    # The way back.
    Rule(
        "undo of what is ours",
        PLANNING,
        "reads == [(row.version_after, row.status_after)] and row.key not in touched_since",
        "bool(reads) and row.key not in touched_since",
        "An undo writes old values over rows that moved on.",
        PLANS,
    ),
    Rule(
        "undo of what nobody touched since",
        PLANNING,
        "reads == [(row.version_after, row.status_after)] and row.key not in touched_since",
        "reads == [(row.version_after, row.status_after)]",
        "An undo takes back somebody else's later reset.",
        PLANS,
    ),
    Rule(
        "undo knows of the jobs",
        PLANNING,
        "if any(row.jobs is None for row in rows):",
        "if False:",
        "An undo is made though nobody can tell whether the reset works already.",
        PLANS,
    ),
    Rule(
        "undo before any job",
        PLANNING,
        "return Reason.JOB_STARTED if is_moving else None",
        "return None",
        "An undo is made while Distribution Manager sends.",
        PLANS,
    ),
    Rule(
        "undo looks at later requests",
        REQUESTING,
        "table.rows if table else (), self._touched_since(done))",
        "table.rows if table else (), frozenset())",
        "An undo takes back what a later request did.",
        UNDOING,
    ),
    Rule(
        "no undo of what came back",
        REQUESTING,
        "if done.stage is Stage.CONVERGED:",
        "if False:",
        "An undo takes back a reset that the DBA made by hand.",
        UNDOING,
    ),
    # The one place that changes a site database.
    Rule(
        "values in the UPDATE",
        WRITER,
        'Status = ? WHERE {row}{as_shown}",',
        "Status = ? WHERE {row}{as_shown and ' AND ? IS NOT NULL AND ? IS NOT NULL'}\",",
        "A row that changes in the last moment is written over.",
        ("tests/site/test_writing.py::test_a_row_that_changes_between_its_backup_and_its_change_is_not_written_over",),
    ),
    Rule(
        "row as it is spelled",
        WRITER,
        "if not _is_same(value, found[name]) and not (",
        "if False and not (",
        "The row of another server, which the collation calls the same, is changed.",
        ("tests/site/test_writing.py::test_a_row_is_not_changed_for_a_name_that_the_collation_alone_calls_its_own",),
    ),
    Rule(
        "read back",
        WRITER,
        "if [_reading(line) for line in found] != [wanted]:",
        "if not found:",
        "A trigger makes something else of a reset, and it is called applied.",
        ("tests/site/test_writing.py::test_a_trigger_that_makes_something_else_of_the_change_stops_it",),
    ),
    Rule(
        "whole row read back",
        WRITER,
        "_compare(row, {name: was[name] for name in texts.steady} | _shown(package_id, row, after), now)",
        "pass",
        "A reset changes more than what people saw.",
        WRITING,
    ),
    Rule(
        "backup is read back",
        WRITER,
        "_compare(row, was, _the_row(connection, row, before, texts, texts.kept, place))",
        "pass",
        "A reset is made whose backup holds something else.",
        ("tests/site/test_writing.py::test_a_backup_that_does_not_hold_the_row_as_it_was_stops_the_apply",),
    ),
    Rule(
        "all rows or none",
        WRITER,
        "self._prove_whole(connection, request_id, len(plan.rows))",
        "pass",
        "A transaction that the server gave up unseen changes half of the rows.",
        ("tests/site/test_writing.py::test_a_transaction_that_the_server_gave_up_unseen_stops_the_apply",),
    ),
    Rule(
        "forbidding is kept",
        WRITER,
        "if found is _Backup.NONE:",
        "if False:",
        "A request is called applied, or failed, by a backup table that keeps nothing.",
        ("tests/site/test_writing.py::test_forbidding_where_the_backup_table_keeps_nothing_is_no_answer",),
    ),
    Rule(
        "forbidding finds an apply",
        WRITER,
        "return found is _Backup.KEY_ONLY",
        "return True",
        "What was applied is called failed.",
        ("tests/site/test_writing.py::test_what_was_applied_can_no_longer_be_forbidden_and_its_backup_stays",),
    ),
    Rule(
        "a key alone is no apply",
        WRITER,
        "return _Backup.KEY_ONLY if rows[0][0] is None else _Backup.COPY",
        "return _Backup.COPY",
        "What was forbidden is called applied.",
        ("tests/site/test_writing.py::test_a_forbidden_request_can_never_be_applied_and_others_can",),
    ),
    Rule(
        "unique key of the backup",
        WRITER,
        'raise DatabaseError(Fault.SCHEMA, f"{self._backup} has no unique key on RequestId and RowNumber")',
        "raise _DryRun",
        "A request can be applied twice.",
        ("tests/site/test_writing.py::test_a_rehearsal_refuses_a_backup_table_that_could_not_keep_the_promise",),
    ),
    Rule(
        "the site's own database",
        WRITER,
        "if wrong:",
        "if False:",
        "The rows of another site are changed.",
        ("tests/site/test_owning.py",),
    ),
    # What a click must pass.
    Rule(
        "kept before acknowledged: command",
        DESK,
        "taken = self._take_in(incoming)\n        if taken in SORRY:\n            ack(text=",
        "ack()\n        taken = self._take_in(incoming)\n        if taken in SORRY:\n            ack(text=",
        "A command is lost with the process that acknowledged it.",
        ("tests/slack/test_desk.py::test_a_command_is_kept_before_it_is_acknowledged",),
    ),
    Rule(
        "kept before acknowledged: click",
        DESK,
        "taken = self._take_in(incoming)\n        ack()",
        "ack()\n        taken = self._take_in(incoming)",
        "A vote is lost with the process that acknowledged it.",
        ("tests/slack/test_desk.py::test_a_click_and_a_form_are_kept_before_they_are_acknowledged",),
    ),
    Rule(
        "kept before acknowledged: form",
        DESK,
        "taken = self._take_in(incoming)\n        if taken in SORRY:\n            ack(response_action",
        "ack()\n        taken = self._take_in(incoming)\n        if taken in SORRY:\n            ack(response_action",
        "A request is lost with the process that acknowledged it.",
        ("tests/slack/test_desk.py::test_a_click_and_a_form_are_kept_before_they_are_acknowledged",),
    ),
    Rule(
        "recorded before answered",
        DESK,
        "if reply.deed:\n                    self._record(incoming, reply.deed)",
        "if reply.deed:\n                    pass",
        "Somebody is answered and the record does not know.",
        ("tests/slack/test_desk.py::test_an_answer_is_recorded_before_it_is_given_and_then_nothing_is_owed",),
    ),
    Rule(
        "answered by one process",
        DESK,
        "if not self.inbox.owes(incoming.key):",
        "if False:",
        "A click is answered twice.",
        ("tests/slack/test_desk.py::test_what_another_process_took_over_meanwhile_is_left_to_it",),
    ),
    Rule(
        "a stop never waits",
        BRAKES,
        "    request_form.REJECT_CALLBACK: StopKind.REJECT,\n",
        "",
        "A rejection waits behind questions.",
        ("tests/slack/test_brakes.py",),
    ),
    Rule(
        "an inbox item of ours",
        STORE_INBOX,
        "if self._signet.is_on(mark, key, kind, text, at):",
        "if True:",
        "A click that somebody wrote into the store is worked off.",
        ("tests/slack/test_again.py",),
    ),
    Rule(
        "the newest card",
        APPROVING,
        "if (card.channel, card.ts) != (click.channel, click.ts):",
        "if False:",
        "A vote on an older or forged card counts.",
        PROOFS,
    ),
    Rule(
        "an approver approves",
        APPROVING,
        "or self._own(click) or self.standing.approver(click.actor)\n        if isinstance(voter, Refusal):",
        "or self._own(click) or self.standing.people.find(click.actor.user_id)\n        if isinstance(voter, Refusal):",
        "Anybody approves.",
        PROOFS,
    ),
    Rule(
        "no vote in a freeze",
        APPROVING,
        "if brake := self.standing.brake():",
        "if brake := None:",
        "People vote while resets are frozen.",
        PROOFS,
    ),
    Rule(
        "an approver rejects",
        APPROVING,
        "= self.check_card(click) or self.standing.approver(click.actor)",
        "= self.check_card(click) or self.standing.people.find(click.actor.user_id)",
        "Somebody who is no approver any more rejects with a form that was open.",
        PROOFS,
    ),
    Rule(
        "a click counts once",
        REQUESTS,
        'if origin and any(entry.facts.get("click") == origin["click"] for entry in entries):',
        "if False:",
        "A click that Slack delivers twice is answered as a second vote.",
        PROOFS,
    ),
    Rule(
        "a workspace of ours",
        ACCESS,
        "(not is_ours, Reason.OTHER_WORKSPACE),",
        "(False, Reason.OTHER_WORKSPACE),",
        "Somebody of another workspace is let in.",
        PEOPLE,
    ),
    Rule("no guests", ACCESS, "(person.is_guest, Reason.GUEST),", "(False, Reason.GUEST),", "A guest votes.", PEOPLE),
    Rule(
        "no deactivated people",
        ACCESS,
        "(person.is_deactivated, Reason.DEACTIVATED),",
        "(False, Reason.DEACTIVATED),",
        "Somebody who left votes.",
        PEOPLE,
    ),
    # What is proved again before the apply.
    Rule(
        "quorum at the apply",
        PROVING,
        "return None if distinct(voters) >= QUORUM else",
        "return None if voters else",
        "One true vote and a forged quorum change rows.",
        PROOFS,
    ),
    Rule(
        "fifteen minutes",
        PROVING,
        "if ago is None or ago > APPLY_WITHIN:",
        "if ago is None:",
        "What was approved yesterday is applied today.",
        PROOFS,
    ),
    Rule(
        "seals of the entries",
        REQUESTS,
        "and all(entry.is_sealed() for entry in entries)",
        "",
        "A changed record of what was asked is applied.",
        PROOFS,
    ),
    Rule(
        "fingerprints of the votes",
        REQUESTS,
        "and all(fingerprint == request.plan.fingerprint for fingerprint in votes)",
        "",
        "A recorded vote for another plan counts.",
        PROOFS,
    ),
    Rule(
        "the record is asked",
        PROVING,
        "if not self.requests.is_intact(request.id):",
        "if False:",
        "A changed record of what was asked is applied.",
        PROOFS,
    ),
    Rule(
        "votes that this bot took",
        PROVING,
        "if not self.requests.are_ours(request):",
        "if False:",
        "A vote that was written into the store counts.",
        PROOFS,
    ),
    Rule(
        "approvers of now",
        PROVING,
        "if isinstance(voter, Refusal):\n                return _step(voter",
        "if False:\n                return _step(voter",
        "The vote of somebody who was removed since changes rows.",
        PROOFS,
    ),
    Rule(
        "the requester counts no longer",
        PROVING,
        "if not counts and (request.requester_ids | asker.ids)",
        "if False and (request.requester_ids | asker.ids)",
        "A vote that settings forbid by now changes rows.",
        APPLIES,
    ),
    Rule(
        "number of rows of now",
        PROVING,
        "if len(request.plan.rows) > most:",
        "if False:",
        "More rows change than settings allow by now.",
        APPLIES,
    ),
    Rule(
        "freeze before the claim",
        PROVING,
        "        if blocked:\n",
        "        if False:\n",
        "A frozen request is claimed.",
        PROOFS,
    ),
    Rule(
        "freeze behind the claim",
        APPLYING,
        "if brake:",
        "if False:",
        "Rows change though a freeze was recorded before.",
        PROOFS,
    ),
    Rule(
        "rows behind the claim",
        APPLYING,
        "found = self.proving.objections(request)",
        "found: tuple[str, ...] = ()",
        "Rows change though the package moved on.",
        APPLIES,
    ),
    Rule(
        "an older store",
        APPLYING,
        "if was_applied or (was_applied is None and self._is_late(request)):",
        "if was_applied is None and self._is_late(request):",
        "A reset that was made is called failed after an older copy of the store was put back.",
        APPLIES,
    ),
    Rule(
        "an older store whose site is silent",
        APPLYING,
        "if was_applied is False else Delay(",
        "if not was_applied else Delay(",
        "A reset that may have been made is called failed because the site did not answer at first.",
        APPLIES,
    ),
    Rule(
        "the backup table of the request",
        APPLYING,
        "return writer.using(request.backup_table) if writer else None",
        "return writer",
        "A reset that was made is called failed after the setting of the backup table was changed.",
        APPLIES,
    ),
    Rule(
        "the requester of now",
        PROVING,
        'return _step(asker, "the requester", "may ask")',
        "pass",
        "What somebody asked for who has left is applied.",
        APPLIES,
    ),
    Rule(
        "ask again who could not be looked up",
        PROVING,
        "if refusal.reason in _NOT_KNOWN:",
        "if False:",
        "Two votes are lost because Slack did not answer once.",
        APPLIES,
    ),
    Rule(
        "an entry beside the chain",
        STORE_LEDGER,
        "verify(iter(()) if first is None else",
        "verify(iter(()) if not first else",
        "An entry at sequence 0 is not seen.",
        ("tests/store/test_tampering.py",),
    ),
    Rule(
        "a lost backup",
        APPLYING,
        "if looks_applied(request.plan, writer.readings(request.plan), suspected=request.note == UNBACKED):",
        "if False:",
        "Changed rows are called unchanged because their backup is lost.",
        RESOLVING,
    ),
    Rule("freeze", STANDING, "if self.freezing.now():", "if False:", "A freeze stops nothing.", PROOFS),
    Rule(
        "clocks",
        PROVING,
        "if ago < -CLOCKS_APART:",
        "if False:",
        "Rows change though nobody can tell how old a vote is.",
        APPLIES,
    ),
    # The record.
    Rule(
        "chain: previous hash",
        CHAIN,
        "entry.previous_hash == last.hash and entry.is_sealed()",
        "entry.is_sealed()",
        "A record that was exchanged goes unseen.",
        CHAINS,
    ),
    Rule(
        "chain: seal",
        CHAIN,
        "entry.previous_hash == last.hash and entry.is_sealed()",
        "entry.previous_hash == last.hash",
        "A record that was changed goes unseen.",
        CHAINS,
    ),
    Rule(
        "chain: end",
        CHAIN,
        "missing = any(head.sequence > last.sequence for head in heads)",
        "missing = False",
        "A cut-off end goes unseen.",
        CHAINS,
    ),
    Rule(
        "decided on the newest state",
        STORE_LEDGER,
        "if draft.version not in {None, version}:",
        "if False:",
        "Of two last votes at once both decide.",
        ("tests/store/test_ledger.py::test_a_decision_made_on_another_state_is_refused_and_nothing_is_written",),
    ),
    Rule(
        "a row is held by one request",
        STORE_REQUESTS,
        "elif holders[0][0] != request.id:",
        "elif False:",
        "Two open requests change one row.",
        ("tests/store/test_requests.py::test_an_open_request_holds_its_rows_against_every_other",),
    ),
    Rule(
        "a mark needs the key",
        SIGNET,
        'return hmac.compare_digest(mark.encode("utf-8", "replace"), self.mark(*parts).encode())',
        "return bool(mark)",
        "Whoever writes the store makes votes.",
        ("tests/domain/test_signet.py",),
    ),
    # What people are told of a row.
    Rule(
        "ahead",
        DRIFT,
        "((held or 0) > (expected or 0), DriftClass.AHEAD),",
        "(False, DriftClass.AHEAD),",
        "A row that is ahead may be reset.",
        VERDICTS,
    ),
    Rule(
        "ambiguous",
        DRIFT,
        "(self.keys[self._key(row)] > 1, DriftClass.AMBIGUOUS),",
        "(False, DriftClass.AMBIGUOUS),",
        "One of two rows with one key may be reset.",
        VERDICTS,
    ),
    Rule(
        "zone of the site's clock",
        DRIFT,
        "return now - moment - ZONE_DOUBT",
        "return now - moment",
        "A row that moved an hour ago may be reset.",
        VERDICTS,
    ),
    Rule(
        "a name is a whole name",
        TYPED_TEXT,
        "return wanted in names or (",
        "return any(name.startswith(wanted) for name in names) or (",
        "dp:NYC-DP1 offers NYC-DP10 for a reset, too.",
        ("tests/domain/test_query.py::test_filters_keep_rows",),
    ),
)
