"""The card of a request, drawn from its state at every change and never edited from memory.

A decided card has no vote buttons. Button values are the request's id and the fingerprint of what is shown: keys that
are looked up and compared, never statements.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.domain.approval import votes_required
from bot.domain.plan import Action, statement
from bot.domain.quantity import quantity
from bot.domain.request import OPEN, Request, Stage
from bot.views.block_kit import (
    Block,
    Message,
    actions,
    button,
    code,
    context,
    escape,
    header,
    moment,
    paragraph,
    plain,
    section,
    truncate,
)
from bot.views.tables import Form, Table

if TYPE_CHECKING:
    from bot.domain.plan import Plan, PlanRow

APPROVE_ACTION = "request_approve"
REJECT_ACTION = "request_reject"
WITHDRAW_ACTION = "request_withdraw"
PLAN_ACTION = "request_plan"
WITHDRAW_OWN_ACTION = "request_withdraw_own"
UNDO_ACTION = "request_undo"
AGAIN_ACTION = "request_again"
DECISION_ACTIONS = frozenset({APPROVE_ACTION, REJECT_ACTION, WITHDRAW_ACTION})
"""The buttons that count only on a card that reads as the bot draws it."""

ROWS_ON_CARD = 60
_PLAIN_CHARACTERS = 2_500
_BAR_LENGTH = 20

_TITLES = {
    Stage.APPROVED: "🔵 approved, about to be applied",
    Stage.APPLYING: "🔵 being applied",
    Stage.APPLIED: "🔄 applied, waiting for the rows to come back",
    Stage.CONVERGED: "🟢 done, all rows are back",
    Stage.STALLED: "🟠 stalled",
    Stage.ABANDONED: "⚫ abandoned, not all rows came back",
    Stage.FAILED: "🔴 failed, nothing was changed",
    Stage.REJECTED: "⛔ rejected",
    Stage.WITHDRAWN: "⚪ withdrawn",
    Stage.EXPIRED: "⚪ expired",
    Stage.STALE: "⚪ outdated, nothing was changed",
    Stage.UNDONE: "⚪ undone",
}
_WATCHED = frozenset({Stage.APPLIED, Stage.CONVERGED, Stage.STALLED, Stage.ABANDONED})
"""Stages of a reset whose rows were looked at after it was applied."""


def draw(request: Request, voters: str, freeze: str, form: Form) -> Message:
    """Draw the card; `voters` says who may approve, `freeze` who froze resets, when and why, if anybody did."""
    plan = request.plan
    title = _title(request)
    blocks = [
        header(title),
        section(f"*{stage_text(request)}*{_progress(request)}"),
        *_outcome(request),
        *([section(f"🧊 {freeze}")] if freeze else []),
        section("\n".join(_details(request))),
        *_table(request, form),
        *(context(f"⚠️ {warning}") for warning in plan.warnings),
        section("\n".join([_rule(request, voters), *_votes(request)])),
        actions(*_buttons(request)),
        context(f"Request `{request.id}` · plan `{plan.fingerprint[:12]}`"),
    ]
    return Message(f"{title}. {stage_text(request)}.", tuple(blocks))


def draw_plain(request: Request, freeze: str) -> Message:
    """Draw the card as plain text with buttons, short: for a Slack that takes it in no other form."""
    plan = request.plan
    title = _title(request)
    reason = f"Why: {plain(request.reason, 500)}" + (
        f" (ticket {plain(request.ticket, 100)})" if request.ticket else ""
    )
    lines = [
        f"{title}. {stage_text(request)}.",
        f"{plan.package_id} {plain(plan.package_name, 100)}, source version {plan.source_version}",
        reason,
        *([f"Takes back request {request.undoes}"] if request.undoes else []),
        *([freeze] if freeze else []),
        *(f"Note: {plain(warning, 200)}" for warning in plan.warnings),
        *([_plain_rule(request)] if request.stage is Stage.PENDING else []),
        "",
    ]
    room = _PLAIN_CHARACTERS - sum(len(line) + 1 for line in lines)
    for count, row in enumerate(plan.rows):
        line = f"{plain(row.server, 100)} ({_kind(row)} {plain(row.site_code, 10)}): {_change(row)}"
        if room < len(line):
            lines.append(f"… and {quantity(len(plan.rows) - count, 'row')} more: press Show plan")
            break
        room -= len(line) + 1
        lines.append(line)
    small = f"Request `{request.id}` · asked by <@{request.requester}>"
    blocks = [paragraph("\n".join(lines)), *_outcome(request), section(small), actions(*_buttons(request))]
    return Message(f"{title}. {stage_text(request)}.", tuple(blocks))


def _plain_rule(request: Request) -> str:
    who = "one of them may be the requester" if request.requester_counts else "not the requester"
    until = moment(request.expires_at)
    return f"{votes_required(request)} different approvers, {who}; {len(request.votes)} so far. Open until {until} UTC."


def draw_without_buttons(card: Message) -> Message:
    """Return a new card as it is posted first: without buttons, which come as soon as it is known where it is."""
    text = (
        "The buttons follow in a moment. If they do not, this is not the request's card: "
        "votes count on its newest card in this channel only."
    )
    note = section(text)
    return Message(card.text, tuple(note if block["type"] == "actions" else block for block in card.blocks))


def draw_replaced(request: Request, link: str) -> Message:
    """Return what stands where an earlier card was; nobody can decide on it."""
    newest = f"<{link}|the newest card>" if link else "the newest card in this channel"
    text = f"This card of request `{request.id}` was replaced: nothing counts here. Use {newest}."
    return Message(f"{_title(request)}. Replaced by a newer card.", (section(f"⚪ *{_title(request)}*\n{text}"),))


def _title(request: Request) -> str:
    plan = request.plan
    return f"{plan.action.capitalize()} of {plan.package_id} at {plan.site}: {quantity(len(plan.rows), 'row')}"


def stage_text(request: Request) -> str:
    """Say in a few words where a request stands."""
    if request.stage is Stage.PENDING:
        return f"🟡 waiting for votes, {len(request.votes)} of {votes_required(request)}"
    if request.stage is Stage.APPLYING and request.note:
        return "❔ not known yet whether it was applied"
    if request.stage is Stage.CONVERGED and request.plan.action is Action.UNDO:
        return "🟢 done, the rows read as before the reset"
    return _TITLES[request.stage]


def plan_modal(request: Request) -> Block:
    """Show every row and the exact statements."""
    plan = request.plan
    name = f"*{plan.package_id} {escape(plan.package_name, 100)}* at *{escape(plan.site)}*"
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Plan"},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": [
            section(f"{name}, {quantity(len(plan.rows), 'row')}\nFingerprint `{plan.fingerprint}`"),
            *code([_commented_statement(number, row, plan) for number, row in enumerate(plan.rows, start=1)]),
        ],
    }


def _commented_statement(number: int, row: PlanRow, plan: Plan) -> str:
    """On a phone all statements begin alike, so each has its server above it."""
    return f"-- {number}. {plain(row.server, 100)}: {_change(row)}\n{statement(row, plan.package_id)}"


def parse_button_value(value: str) -> tuple[str, str]:
    """Read a button's value back: request id and fingerprint; tampered ones simply match nothing."""
    request_id, _, fingerprint = value.partition(" ")
    return request_id, fingerprint


def _details(request: Request) -> list[str]:
    plan = request.plan
    lines = [
        f"*Package* {plan.package_id} {escape(plan.package_name, 100)}, source version *{plan.source_version}*",
        f"*Asked by* <@{request.requester}> {moment(request.created_at)} UTC",
        f"*Why* {escape(request.reason, 1000)}",
    ]
    if request.ticket:
        lines.append(f"*Ticket* {escape(request.ticket, 200)}")
    if request.undoes:
        lines.append(f"*Takes back* request `{request.undoes}`")
    return lines


def _table(request: Request, form: Form) -> list[Block]:
    """What matters most stands left, where a phone shows it."""
    rows = request.plan.rows
    shown = rows[:ROWS_ON_CARD]
    caption = f"The first {len(shown)} of {len(rows)} rows" if len(shown) < len(rows) else "Rows"
    outcome = _outcome_of_rows(request)
    header = ("Server", "Version (status)", *(["Outcome"] if outcome else []), "Class", "Row", "Site")
    lines = tuple(
        (row.server, _change(row), *([outcome] if outcome else []), row.drift_class, _kind(row), row.site_code)
        for row in shown
    )
    return Table(caption, header, lines).draw(form)


def _change(row: PlanRow) -> str:
    return f"{row.version_before} ({row.status_before}) → {row.version_after} ({row.status_after})"


def _kind(row: PlanRow) -> str:
    return "site" if row.is_site else "DP"


def _outcome_of_rows(request: Request) -> str:
    """One transaction: what became of one row became of all; empty while nothing was tried."""
    if request.stage in {Stage.PENDING, Stage.APPROVED}:
        return ""
    if request.stage is Stage.APPLYING:
        return "not known yet"
    return "changed" if request.applied_at else "unchanged"


def _rule(request: Request, voters: str) -> str:
    who = "one of them may be the requester" if request.requester_counts else "not the requester"
    rule = f"*Rule* {votes_required(request)} different approvers, {who}."
    if request.stage is not Stage.PENDING:
        return rule
    return f"{rule} *May approve* {voters}. *Open until* {moment(request.expires_at)} UTC."


def _votes(request: Request) -> list[str]:
    if not request.votes:
        return ["*Votes* none yet"] if request.stage is Stage.PENDING else ["*Votes* none"]
    return [f"✅ <@{vote.user_id}> approved {moment(vote.at)} UTC" for vote in request.votes]


def _outcome(request: Request) -> list[Block]:
    """Who decided, when, and what happened."""
    if request.stage is Stage.APPROVED:
        waits = (
            f"⏳ Not applied yet: {escape(request.note, 800)}. It is tried again for up to 15 minutes after the vote."
        )
        return [section(waits)] if request.note else []
    if request.stage in OPEN:
        doubt = f"Whether it happened is not known yet: {escape(request.note, 800)}. Nothing is tried again by itself."
        return [section(doubt)] if request.note else []
    if request.applied_at:
        return [section(_applied(request))]
    at = f" {moment(request.decided_at)} UTC" if request.decided_at else ""
    note = escape(request.note, 1500)
    sentences = {
        Stage.REJECTED: f"⛔ Rejected by <@{request.decided_by}>{at}: {note}",
        Stage.WITHDRAWN: f"Withdrawn by <@{request.decided_by}>{at}.",
        Stage.EXPIRED: f"Nobody decided in time; it expired{at}.",
        Stage.STALE: f"The rows changed before it was applied{at}; nothing was changed. "
        f"{note}{_new_request_hint(request)}",
        Stage.FAILED: f"Nothing was changed{at}: {note}",
    }
    return [section(sentences[request.stage])]


def _new_request_hint(request: Request) -> str:
    """Say what to do in the place of an undo that is out of date; a reset has a button for it."""
    if request.plan.action is not Action.UNDO:
        return ""
    return f"\n`/pkgstatus {request.plan.package_id}` shows how the rows read now."


def _applied(request: Request) -> str:
    at = f" {moment(request.applied_at)} UTC" if request.applied_at else ""
    count = len(request.plan.rows)
    text = f"Applied{at}: {count} of {quantity(count, 'row')} changed, each with its backup."
    if request.stage is Stage.UNDONE:
        return f"{text}\nUndone by request `{escape(request.note)}`."
    return f"{text}\n{escape(request.note, 1500)}" if request.note else text


def _progress(request: Request) -> str:
    if request.stage not in _WATCHED or request.plan.action is Action.UNDO:
        return ""
    total = len(request.plan.rows)
    filled = _BAR_LENGTH * request.back // total
    bar = "█" * filled + "░" * (_BAR_LENGTH - filled)
    return f"\n`{bar}` {request.back} of {total} back at {request.plan.source_version}"


def _buttons(request: Request) -> list[Block]:
    value = f"{request.id} {request.plan.fingerprint}"
    plan = button("Show plan", PLAN_ACTION, value)
    match request.stage:
        case Stage.PENDING:
            approve = button("Approve", APPROVE_ACTION, value) | {"style": "primary", "confirm": _confirm(request)}
            reject = button("Reject", REJECT_ACTION, value) | {"style": "danger"}
            return [approve, reject, button("Withdraw", WITHDRAW_ACTION, value), plan]
        case Stage.APPLIED | Stage.STALLED | Stage.ABANDONED | Stage.CONVERGED if request.plan.action is Action.RESET:
            return [button("Undo …", UNDO_ACTION, value), plan]
        case Stage.STALE | Stage.FAILED | Stage.EXPIRED if request.plan.action is Action.RESET:
            return [button("Request again …", AGAIN_ACTION, value), plan]
        case _:
            return [plan]


def _confirm(request: Request) -> Block:
    plan = request.plan
    text = (
        f"{plan.action.capitalize()} {quantity(len(plan.rows), 'row')} of {plan.package_id} "
        f"{truncate(plan.package_name, 80)} at site {plan.site}?"
    )
    return {
        "title": {"type": "plain_text", "text": "Approve this change?"},
        "text": {"type": "plain_text", "text": text},
        "confirm": {"type": "plain_text", "text": "Approve"},
        "deny": {"type": "plain_text", "text": "Not yet"},
    }
