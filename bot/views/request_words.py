"""What people are told about requests: answers, lists, direct messages, and the next step in a card's thread."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.domain.plan import Action
from bot.domain.quorum import QUORUM
from bot.domain.request import Event, Kind, Request, Stage
from bot.views.kit import Message, age, code, escape, moment, rows_of, section
from bot.views.replies import say
from bot.views.request_card import standing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

MOST_LISTED = 20
_PLAIN_NAME = re.compile(r"[A-Za-z0-9._-]+")

_TOLD = {
    Kind.REJECTED: "was rejected by <@{by}>: {note}",
    Kind.EXPIRED: "expired before two people had decided",
    Kind.STALE: "is outdated: the rows changed before it was applied, and nothing was changed. {note}",
    Kind.APPLIED: "was approved and applied",
    Kind.FAILED: "could not be applied, and nothing was changed: {note}",
    Kind.CONVERGED: "is done",
    Kind.IN_DOUBT: "may or may not have happened: {note}. Nothing is tried again by itself",
    Kind.UNDONE: "was undone by request `{note}`",
    Kind.STALLED: "is stalled: {back} of {total} rows are back. {note}",
}


def name_of(request: Request) -> str:
    """Name a request for people."""
    plan = request.plan
    return f"{plan.action} of {plan.package_id} ({rows_of(len(plan.rows))} at {escape(plan.site)})"


def to_requester(request: Request, event: Event) -> Message | None:
    """Tell the requester an outcome; None for events that need no telling."""
    words = _TOLD.get(event.kind)
    if words is None:
        return None
    note = escape(request.note, 800)
    text = words.format(by=request.decided_by, note=note, back=request.back, total=len(request.plan.rows))
    return say(f"Your {name_of(request)} {text}.".replace("..", "."))


def in_thread(request: Request, event: Event, ask: str) -> Message | None:
    """Say under the card what must be read there: the reminder, and what to do after an apply."""
    if event.kind is Kind.REMINDED:
        missing = QUORUM - len(request.votes)
        return say(
            f"{ask} {missing} more approval{'s' if missing > 1 else ''} needed until {moment(request.expires_at)} UTC."
        )
    if event.kind is Kind.APPLIED and request.plan.action is Action.RESET:
        return next_step(request)
    return None


def next_step(request: Request) -> Message:
    """Give the Redistribute command, ready to copy: a reset alone wakes nobody."""
    plan = request.plan
    words = (
        "*Next step*: a reset alone wakes nobody. Redistribute the package, never to the DP on a site server itself:"
    )
    lines = [_cmdlet(plan.package_id, server) for server in plan.redistribute if _PLAIN_NAME.fullmatch(server)]
    if not lines:
        return say(f"{words} here no DP could be chosen, so choose one of the site in the console.")
    return Message(words, (section(words), *code(lines)))


def posted(request: Request, link: str) -> Message:
    """Tell the requester where the card is."""
    where = f"<{link}|the card>" if link else "the card in the approvals channel"
    return say(f"Your {name_of(request)} waits for {QUORUM} approvals until {moment(request.expires_at)} UTC: {where}.")


def counted(request: Request) -> Message:
    """Answer a vote that was counted."""
    if request.stage is Stage.PENDING:
        return say(f"Your approval of the {name_of(request)} is counted: {len(request.votes)} of {QUORUM}.")
    return say(f"Your approval of the {name_of(request)} is counted; it is approved and will be applied now.")


def closed(request: Request) -> Message:
    """Answer a click that ended a request."""
    return say(f"The {name_of(request)} is {request.stage}.")


def too_many(count: int, most: int) -> str:
    """Say that a request has too many rows."""
    return f"{count:,} rows are too many for one request; at most {most}. Choose fewer, or narrow the filter."


def held(request_id: str, link: str) -> Message:
    """Say that another open request holds a row."""
    where = f"<{link}|its card>" if link else f"request `{request_id}`"
    return say(f"One of these rows is in another open request already: {where}. Decide or withdraw that one first.")


def moved_on(servers: Sequence[str]) -> Message:
    """Say that nothing can be undone."""
    shown = ", ".join(escape(server, 80) for server in servers[:10])
    return say(f"Nothing to undo: no row still reads as the reset left it. They moved on and are left alone: {shown}.")


def froze(too_late: Sequence[str]) -> str:
    """Answer who froze resets; one that is being applied just then may still happen."""
    text = "Resets are frozen until `/pkgstatus unfreeze`."
    if not too_late:
        return text
    return (
        f"{text} Too late for what is being applied just now: {', '.join(too_late)}; its card will say what happened."
    )


def frozen(user_id: str, at: datetime, why: str) -> str:
    """Say who froze resets, when and why."""
    return f"Resets are frozen since {moment(at)} UTC by <@{user_id}>: {escape(why, 300)}"


def lost(request_ids: Sequence[str]) -> str:
    """Say which requests cannot be read, and what tells why."""
    which = ", ".join(f"`{request_id}`" for request_id in request_ids[:MOST_LISTED])
    what = "What the ledger holds of these requests" if len(request_ids) > 1 else "What the ledger holds of a request"
    return f"⚠️ {what} cannot be read: {which}. `pkgstatus-bot ledger verify` says whether somebody altered it."


def listing(title: str, requests: Sequence[Request], now: datetime, unreadable: Sequence[str] = ()) -> Message:
    """List requests, a line each."""
    if not requests and not unreadable:
        return say(f"{title}: none.")
    lines = [_listed(request, now) for request in requests[:MOST_LISTED]]
    lines += [lost(unreadable)] if unreadable else []
    return Message(f"{title}: {len(requests)}", (section(f"*{title}*"), *(section(line) for line in lines)))


def _listed(request: Request, now: datetime) -> str:
    who = f"by <@{request.requester}> {age(now - request.created_at)} ago"
    return f"{standing(request)} · {name_of(request)} · {who} · `{request.id}`"


def _cmdlet(package_id: str, server: str) -> str:
    """In single quotes nothing is expanded, and the name holds no quote."""
    return (
        f"Invoke-CMContentRedistribution -InputObject (Get-CMPackage -Id '{package_id}' -Fast) "
        f"-DistributionPointName '{server}'"
    )
