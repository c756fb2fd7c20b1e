"""What people are told about requests: answers, lists, direct messages, and the next step in a card's thread."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.domain.approval import votes_required
from bot.domain.plan import Action
from bot.domain.quantity import plural, quantity
from bot.domain.request import Event, Kind, Request, Stage
from bot.views.block_kit import Block, Message, actions, age, button, code, escape, moment, section
from bot.views.replies import text_message
from bot.views.request_card import WITHDRAW_OWN_ACTION, stage_text
from bot.views.slack_errors import explain
from bot.views.version_table import REQUEST_ACTION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

MOST_LISTED = 20
CHANGES_SHOWN = 10
_PLAIN_NAME = re.compile(r"[A-Za-z0-9._-]+")

_OUTCOME_TEXTS = {
    Kind.REJECTED: "was rejected by <@{by}>: {note}",
    Kind.EXPIRED: "expired before two people had decided",
    Kind.STALE: "is outdated: the rows changed before it was applied, and nothing was changed. {note}",
    Kind.APPLIED: "was approved and applied",
    Kind.FAILED: "could not be applied, and nothing was changed: {note}",
    Kind.CONVERGED: "is done",
    Kind.IN_DOUBT: "may or may not have happened: {note}. Nothing is tried again by itself",
    Kind.UNDONE: "was undone by request `{note}`",
    Kind.STALLED: "is stalled: {back} of {total} {are} back. {note}",
    Kind.ABANDONED: "is abandoned: {back} of {total} {are} back. {note}",
}


@dataclass(frozen=True, slots=True)
class CardLocations:
    """Where the cards of some requests are: links by request id, and Slack's reason for those `without` a card.

    `asker` is who reads it, `channel` that of the cards.
    """

    links: Mapping[str, str] = field(default_factory=dict)
    without: Mapping[str, str] = field(default_factory=dict)
    asker: str = ""
    channel: str = ""


def request_name(request: Request) -> str:
    """Name a request for people."""
    plan = request.plan
    return f"{plan.action} of {plan.package_id} ({quantity(len(plan.rows), 'row')} at {escape(plan.site)})"


def outcome_message(request: Request, event: Event) -> Message | None:
    """Tell the requester an outcome; None for events that need no telling."""
    words = _OUTCOME_TEXTS.get(event.kind)
    if words is None:
        return None
    note = escape(request.note, 800)
    count = len(request.plan.rows)
    total, are = quantity(count, "row"), plural(count, "is")
    text = words.format(by=request.decided_by, note=note, back=request.back, total=total, are=are)
    return text_message(f"Your {request_name(request)} {text}.".replace("..", "."))


def thread_message(request: Request, event: Event, ask: str) -> Message | None:
    """Say under the card what must be read there: the reminder, and what to do after an apply."""
    if event.kind is Kind.REMINDED:
        missing = votes_required(request) - len(request.votes)
        return text_message(
            f"{ask} {quantity(missing, 'more approval')} needed until {moment(request.expires_at)} UTC."
        )
    if event.kind is Kind.APPLIED and request.plan.action is Action.RESET:
        return redistribute_message(request)
    return None


def redistribute_message(request: Request) -> Message:
    """Give the Redistribute command, ready to copy: a reset alone wakes nobody."""
    plan = request.plan
    words = (
        "*Next step*: a reset alone wakes nobody. Redistribute the package, never to the DP on a site server itself:"
    )
    lines = [_cmdlet(plan.package_id, server) for server in plan.redistribute if _PLAIN_NAME.fullmatch(server)]
    if not lines:
        return text_message(f"{words} here no DP could be chosen, so choose one of the site in the console.")
    return Message(words, (section(words), *code(lines)))


def card_posted(request: Request, link: str) -> Message:
    """Tell the requester where the card is."""
    where = f"<{link}|the card>" if link else "the card in the approvals channel"
    rule = f"{votes_required(request)} approvals until {moment(request.expires_at)} UTC"
    return text_message(f"Your {request_name(request)} waits for {rule}: {where}.")


def vote_counted(request: Request) -> Message:
    """Answer a vote that was counted."""
    if request.stage is Stage.PENDING:
        votes = f"{len(request.votes)} of {votes_required(request)}"
        return text_message(f"Your approval of the {request_name(request)} is counted: {votes}.")
    return text_message(
        f"Your approval of the {request_name(request)} is counted; it is approved and will be applied now."
    )


def request_closed(request: Request) -> Message:
    """Answer a click that ended a request."""
    return text_message(f"The {request_name(request)} is {request.stage}.")


def too_many_rows(count: int, most: int) -> str:
    """Say that a request has too many rows."""
    rows = f"{quantity(count, 'row')} {plural(count, 'is')}"
    return f"{rows} too many for one request; at most {most}. Choose fewer, or narrow the filter."


def rows_held(request_id: str, request: Request | None, link: str, reason: str, places: CardLocations) -> Message:
    """Say that another open request holds a row, and what to do; `reason` is why Slack does not take its card."""
    words = "One of these rows is in another open request already"
    if request is None:
        return text_message(f"{words}: `{request_id}`. Decide or withdraw that one first.")
    is_own = places.asker in request.requester_ids
    whose = "your" if is_own else f"<@{request.requester}>'s"
    name = f"{whose} {request_name(request)}, request `{request_id}`"
    if link:
        text = f"{words}: {name}, <{link}|its card>. Decide or withdraw that one first."
    else:
        text = f"{words}: {name}. {missing_card_text(reason, places.channel)}"
        end = "you can withdraw it here" if is_own else "only its requester can end it, with `/pkgstatus requests`"
        text = f"{text} Until then {end}."
    if not is_own or request.stage is not Stage.PENDING:
        return text_message(text)
    return Message(text, (section(text), actions(withdraw_button(request))))


def missing_card_text(reason: str, channel: str) -> str:
    """Say why a request has no card yet, and what comes of it."""
    if not reason:
        return f"It has no card in <#{channel}> yet: Slack has not taken it so far. It comes by itself."
    return (
        f"It has no card in <#{channel}>, because Slack says {explain(reason)}. "
        "The card comes by itself as soon as Slack takes it."
    )


def card_refused(request: Request, channel: str, reason: str, *, has_card: bool) -> Message:
    """Tell the requester that Slack does not take the card of a request."""
    if has_card:
        text = (
            f"Slack does not take the newest state of the card of your {request_name(request)} in <#{channel}>: "
            f"{explain(reason)}. The request is {stage_text(request)}. I go on trying; "
            "`/pkgstatus requests` shows it."
        )
    else:
        text = (
            f"Your {request_name(request)} is taken, request `{request.id}`, but Slack does not take its card in "
            f"<#{channel}>: {explain(reason)}. So nobody can vote on it yet. The card comes by itself as soon as "
            f"Slack takes it; until then you can withdraw the request here or with `/pkgstatus requests`."
        )
    if request.stage is not Stage.PENDING:
        return text_message(text)
    return Message(text, (section(text), actions(withdraw_button(request))))


def withdraw_button(request: Request) -> Block:
    """Return the button by which a requester takes a request back without its card."""
    label = f"Withdraw the {request.plan.action} of {request.plan.package_id}"
    return button("Withdraw", WITHDRAW_OWN_ACTION, f"{request.id} {request.plan.fingerprint}", label=label)


def with_form_button(message: Message, again: str) -> Message:
    """Add the way back to a form that came to nothing; `again` is the value of the button that opens it."""
    return Message(message.text, (*message.blocks, actions(button("Open the form again", REQUEST_ACTION, again))))


def form_outdated(changes: Sequence[str], again: str) -> Message:
    """Say what is no longer as the form showed it; `again` is the value of the button that opens a form."""
    lines = [f"• {escape(change, 200)}" for change in changes[:CHANGES_SHOWN]]
    more = len(changes) - len(lines)
    lines += [f"• … and {more} more"] if more else []
    text = "The rows have changed since you opened the form, so nothing was requested:\n" + "\n".join(lines)
    return Message(text, (section(text), actions(button("Open the form as it is now", REQUEST_ACTION, again))))


def nothing_to_undo(rows: Sequence[str], package_id: str) -> Message:
    """Say that nothing can be undone, of which row why, and what to do instead."""
    shown = [f"• {escape(row, 300)}" for row in rows[:CHANGES_SHOWN]]
    more = len(rows) - len(shown)
    shown += [f"• … and {more} more"] if more else []
    listed = "\n".join(shown)
    return text_message(
        f"Nothing to undo: no row is still as the reset left it, so all are left alone.\n{listed}\n"
        f"`/pkgstatus {package_id}` shows how the rows read now, and asks for a reset where one is needed."
    )


def freeze_confirmation(too_late: Sequence[str]) -> str:
    """Answer who froze resets; one that is being applied just then may still happen."""
    text = "Resets are frozen until `/pkgstatus unfreeze`."
    if not too_late:
        return text
    return (
        f"{text} Too late for what is being applied just now: {', '.join(too_late)}; its card will say what happened."
    )


def freeze_text(user_id: str, at: datetime, why: str) -> str:
    """Say who froze resets, when and why."""
    return f"Resets are frozen since {moment(at)} UTC by <@{user_id}>: {escape(why, 300)}"


def newer_freeze_text(user_id: str, at: datetime, why: str) -> str:
    """Say that an unfreeze does not lift a freeze that came after it."""
    since = freeze_text(user_id, at, why)
    return f"{since}. That came after your `/pkgstatus unfreeze`: type it again to lift this one too."


def unreadable_text(request_ids: Sequence[str]) -> str:
    """Say which requests cannot be read, and what tells why."""
    which = ", ".join(f"`{request_id}`" for request_id in request_ids[:MOST_LISTED])
    what = "What the ledger holds of these requests" if len(request_ids) > 1 else "What the ledger holds of a request"
    return f"⚠️ {what} cannot be read: {which}. `pkgstatus-bot ledger verify` says whether somebody altered it."


def request_list(
    title: str,
    requests: Sequence[Request],
    now: datetime,
    unreadable: Sequence[str] = (),
    places: CardLocations | None = None,
) -> Message:
    """List requests, a line each, with the way to its card or why there is none; own open ones can be withdrawn."""
    if not requests and not unreadable:
        return text_message(f"{title}: none.")
    blocks = [section(*_list_item(request, now, places or CardLocations())) for request in requests[:MOST_LISTED]]
    blocks += [section(unreadable_text(unreadable))] if unreadable else []
    return Message(f"{title}: {len(requests)}", (section(f"*{title}*"), *blocks))


def _list_item(request: Request, now: datetime, places: CardLocations) -> tuple[str, Block | None]:
    who = f"by <@{request.requester}> {age(now - request.created_at)} ago"
    link = places.links.get(request.id)
    card = f" · <{link}|card>" if link else ""
    line = f"{stage_text(request)} · {request_name(request)} · {who} · `{request.id}`{card}"
    if request.id in places.without and request.is_open:
        line = f"{line}\n⚠️ {missing_card_text(places.without[request.id], places.channel)}"
    is_own = places.asker in request.requester_ids and request.stage is Stage.PENDING
    return line, withdraw_button(request) if is_own else None


def _cmdlet(package_id: str, server: str) -> str:
    """In single quotes nothing is expanded, and the name holds no quote."""
    return (
        f"Invoke-CMContentRedistribution -InputObject (Get-CMPackage -Id '{package_id}' -Fast) "
        f"-DistributionPointName '{server}'"
    )
