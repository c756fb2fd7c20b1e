"""The digest as a message: what changed since the last one, first in one line, then in counts, then by buttons.

A day on which nothing happened is one line. It ends with the ledger's head, for whoever keeps it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.domain.approval import votes_required
from bot.domain.drift_summary import EVERYTHING, DriftScope
from bot.domain.quantity import plural, quantity
from bot.domain.voting_patterns import LOOKED_AT, QUICK
from bot.views import drift_summary, request_texts
from bot.views.block_kit import Block, Message, age, context, escape, header, moment, section
from bot.views.drift_summary import local_time
from bot.views.request_card import stage_text
from bot.views.request_texts import request_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from bot.domain.digest import AuditStatus, Digest
    from bot.domain.request import Freeze, Request
    from bot.domain.voting_patterns import VotingPatterns

LATE_AFTER = timedelta(minutes=10)
AUDIT_DELAY_ALLOWED = timedelta(minutes=2)
REQUESTS_SHOWN = 5
PATTERNS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class DigestExtras:
    """What a digest says besides its values.

    `links` leads from a request's id to its card, `person` names somebody without a ping, `voting` comes once a week,
    `scope` is what the digest is of.
    """

    links: Mapping[str, str] = field(default_factory=dict)
    person: Callable[[str], str] = str
    voting: VotingPatterns | None = None
    scope: DriftScope = field(default_factory=DriftScope)


def draw(digest: Digest, extras: DigestExtras | None = None, *, as_chart: bool) -> Message:
    """Draw a digest, with its history as a chart or as bars."""
    extras = extras or DigestExtras()
    lines = (
        draw_quiet(digest, extras.scope)
        if is_quiet(digest, extras.voting)
        else draw_full(digest, extras, as_chart=as_chart)
    )
    verdict = drift_summary.plain_verdict(digest.summary, digest.due_at.tzinfo, extras.scope)
    return Message(f"{title(digest)}: {verdict}", tuple(lines))


def is_quiet(digest: Digest, voting: VotingPatterns | None = None) -> bool:
    """Whether nothing at all has changed, waits, hinders or cannot be read."""
    summary = digest.summary
    return not (
        summary.since is None
        or summary.newly.count
        or summary.healed.count
        or summary.gone.count
        or digest.waiting
        or digest.resets
        or digest.freeze
        or digest.lost
        or is_audit_behind(digest.trail, summary.at)
        or is_late(digest)
        or any(drift_summary.warnings(summary))
        or any(drift_summary.first_scan_notes(summary))
        or all(site.is_first_look for site in summary.sites)
        or (voting and voting.are_noticeable)
    )


def draw_quiet(digest: Digest, scope: DriftScope = EVERYTHING) -> list[Block]:
    """Say in one line that nothing happened."""
    still = drift_summary.oldest_age_text(digest.summary)
    open_since = f", {still}" if still else ""
    verdict = drift_summary.verdict(digest.summary, digest.due_at.tzinfo, scope)
    return [section(f"{verdict}{open_since}. {title(digest)} · {_head(digest)}")]


def draw_full(digest: Digest, extras: DigestExtras, *, as_chart: bool) -> list[Block]:
    """Say all there is to say."""
    summary, zone, freeze = digest.summary, digest.due_at.tzinfo, digest.freeze
    return [
        header(f"Digest {digest.name} · {local_time(digest.due_at, zone)}"),
        *([context(f"⏰ {lateness_text(digest)}")] if is_late(digest) else []),
        section(drift_summary.verdict(summary, zone, extras.scope)),
        *drift_summary.body(summary, extras.scope, as_chart=as_chart),
        *_waiting(digest.waiting, extras),
        *_decided(digest.resets, extras),
        *([section(request_texts.unreadable_text(digest.lost))] if digest.lost else []),
        *([section(freeze_text(freeze, extras.person))] if freeze else []),
        *(voting_blocks(extras.voting, extras.person) if extras.voting else []),
        *(
            [section(f"⚠️ {audit_behind_text(digest.trail, summary.at)}")]
            if is_audit_behind(digest.trail, summary.at)
            else []
        ),
        _small_print(digest),
    ]


def title(digest: Digest) -> str:
    """Name a digest."""
    return f"Digest {escape(digest.name)}"


def is_late(digest: Digest) -> bool:
    """Whether it comes well after it was due."""
    return digest.lateness > LATE_AFTER


def lateness_text(digest: Digest) -> str:
    """Say how late it comes."""
    due = local_time(digest.due_at, digest.due_at.tzinfo)
    return f"Late: this was due at {due} and comes {age(digest.lateness)} after that."


def is_audit_behind(trail: AuditStatus, at: datetime) -> bool:
    """Whether entries have waited for longer than it takes to tell them."""
    return trail.oldest_unsent_at is not None and at - trail.oldest_unsent_at > AUDIT_DELAY_ALLOWED


def audit_behind_text(trail: AuditStatus, at: datetime) -> str:
    """Say how far the audit channel is behind."""
    waited = f", the oldest for {age(at - trail.oldest_unsent_at)}" if trail.oldest_unsent_at else ""
    entries, are = plural(trail.unsent, "entry"), plural(trail.unsent, "is")
    return f"The audit channel is behind: *{trail.unsent:,}* {entries} {are} not told yet{waited}."


def is_first_of_week(digest: Digest) -> bool:
    """Whether this is the first digest of its name in its ISO week: that one tells how votes went."""
    since = digest.summary.since
    return since is None or _week(since.astimezone(digest.due_at.tzinfo)) != _week(digest.due_at)


def freeze_text(freeze: Freeze, person: Callable[[str], str]) -> str:
    """Say who froze resets, when and why."""
    since = f"{moment(freeze.at)} UTC by {person(freeze.user_id)}"
    return f"🧊 *Resets are frozen* since {since}: {escape(freeze.why, 300)}"


def voting_blocks(votes: VotingPatterns, person: Callable[[str], str]) -> list[Block]:
    """Return facts about the votes of the last weeks; nothing when no request was approved."""
    if not votes.quorums:
        return []
    head = f"🖋️ *How votes went* in the last {LOOKED_AT.days} days, over {quantity(votes.quorums, 'approved request')}"
    if not votes.are_noticeable:
        return [section(f"{head}: nothing stands out.")]
    note = "Facts, not judgements: a quick vote may have been a prepared one."
    return [section("\n".join([head, *_voting_lines(votes, person)])), context(note)]


def _voting_lines(votes: VotingPatterns, person: Callable[[str], str]) -> Iterator[str]:
    if votes.quick:
        voters = list(dict.fromkeys(person(vote.user_id) for vote in votes.quick))
        fastest = min(vote.seconds for vote in votes.quick)
        yield (
            f"• {quantity(len(votes.quick), 'vote')} within {int(QUICK.total_seconds())} s of the card, the quickest "
            f"after {fastest} s: {_few(voters)}"
        )
    for pair in votes.pairs[:PATTERNS_SHOWN]:
        yield (
            f"• {person(pair.one)} and {person(pair.other)} approved every request of each other: "
            f"{pair.of_one} and {pair.of_other}"
        )
    for often in votes.frequent[:PATTERNS_SHOWN]:
        yield f"• {person(often.user_id)} is in {often.quorums} of {quantity(votes.quorums, 'quorum')}"


def _few(voters: list[str]) -> str:
    more = f" and {len(voters) - PATTERNS_SHOWN} more" if len(voters) > PATTERNS_SHOWN else ""
    return f"{', '.join(voters[:PATTERNS_SHOWN])}{more}"


def request_line(request: Request, extras: DigestExtras, rest: str) -> str:
    """Name a request with what is to be said of it, and the way to its card."""
    link, name = extras.links.get(request.id), request_name(request)
    card = f" · <{link}|card>" if link else ""
    return f"• {name[:1].upper()}{name[1:]} by {extras.person(request.requester)}{rest}{card}"


def votes_text(request: Request) -> str:
    """Say what a request waits for, and until when."""
    return f": {len(request.votes)} of {votes_required(request)} votes, open until {moment(request.expires_at)} UTC"


def _waiting(requests: Sequence[Request], extras: DigestExtras) -> list[Block]:
    lines = [request_line(request, extras, votes_text(request)) for request in requests]
    return _listed("🗳️ *Waiting for votes*", lines)


def _decided(requests: Sequence[Request], extras: DigestExtras) -> list[Block]:
    lines = [request_line(request, extras, f": {stage_text(request)}") for request in requests]
    return _listed("🔧 *Requests since the last digest*", lines)


def _listed(head: str, lines: Sequence[str]) -> list[Block]:
    if not lines:
        return []
    more = len(lines) - REQUESTS_SHOWN
    rest = [f"… and {more} more: `/pkgstatus requests`"] if more > 0 else []
    return [section("\n".join([f"{head}: {len(lines)}", *lines[:REQUESTS_SHOWN], *rest]))]


def _small_print(digest: Digest) -> Block:
    told = [] if is_audit_behind(digest.trail, digest.summary.at) else ["Audit trail up to date"]
    return context(" · ".join([title(digest), drift_summary.last_read_text(digest.summary), *told, _head(digest)]))


def _head(digest: Digest) -> str:
    head = digest.trail.head
    return f"Ledger head `{head.sequence}:{head.hash}`"


def _week(at: datetime) -> tuple[int, int]:
    return at.isocalendar()[:2]
