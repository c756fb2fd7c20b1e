"""Publishes digests that are due: exactly one for each period, whichever process runs, stops, or has a wrong clock.

A period is claimed by an entry of the next version of the digest's own ledger stream, in the transaction that puts the
message into the outbox. What became of the message, posted or refused, is recorded behind it. So a restart or a second
process finds a period claimed, and a crash before the claim leaves it due. A clock that was far ahead does not silence
a digest until its time has come: it is planned anew, and no period is posted twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from bot.domain.cron_periods import due_after, due_between
from bot.domain.drift_summary import EVERYTHING, DriftScope
from bot.domain.home_content import NextDigest
from bot.domain.ledger_entry import moment_read, moment_text
from bot.failpoints import reach
from bot.usecases.audit.recorder import NOBODY, AuditAction
from bot.usecases.drift import digest_message
from bot.usecases.ports.slack import Posted
from bot.usecases.ports.store import DIGEST, Notification, StaleStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from bot.domain.cron_periods import Cron
    from bot.domain.digest import Digest, SiteSeen
    from bot.domain.ledger_entry import JSON, Entry
    from bot.usecases.access import Actor
    from bot.usecases.drift.digest_service import DigestService
    from bot.usecases.drift.scan import ScanService
    from bot.usecases.ports.clock import Clock
    from bot.usecases.ports.store import Ledger

log = structlog.stdlib.get_logger(__name__)

SCAN_TIMEOUT = timedelta(minutes=5)
"""How long a digest waits for a fresh scan; after that it says how old is what it knows."""
CLOCK_ERROR = timedelta(days=1)
"""A period that was claimed so long before it is due was claimed by a wrong clock."""
RECHECK_AFTER = timedelta(hours=6)
"""By then the clock may have been set."""
POST_TIMEOUT = timedelta(minutes=5)
PLANNED, POSTED, SKIPPED, BLOCKED = "digest planned", "digest posted", "digest skipped", "digest held up"
REFUSED = "digest refused"


@dataclass(frozen=True, slots=True)
class PlannedDigest:
    """A digest of the settings."""

    name: str
    cron: Cron
    zone: ZoneInfo
    channel: str
    scope: DriftScope = EVERYTHING

    @property
    def stream(self) -> str:
        """Its stream in the ledger."""
        return f"digest {self.name}"


@dataclass(slots=True)
class DigestPublisher:
    """Posts the digests of the settings."""

    plans: Mapping[str, PlannedDigest]
    digest_service: DigestService
    scans: ScanService
    ledger: Ledger
    clock: Clock
    monotonic: Callable[[], float]
    catch_up: timedelta
    _next: dict[str, tuple[datetime, float]] = field(default_factory=dict)
    _waiting: dict[tuple[str, str], tuple[float, datetime]] = field(default_factory=dict)

    def tick(self) -> None:
        """Post what is due, if it is this process's turn. Raises StoreError."""
        for name, plan in self.plans.items():
            due, look_at = self._next.get(name, (None, 0.0))
            if self.scans.is_leader and (due is None or self.clock() >= due or self.monotonic() >= look_at):
                self._check(plan)

    def upcoming(self, now: datetime) -> Sequence[NextDigest]:
        """Return when each digest comes next after a moment, the soonest first."""
        found = [
            NextDigest(each.name, due_after(each.cron, each.zone, now), each.channel) for each in self.plans.values()
        ]
        return sorted(found, key=lambda upcoming: upcoming.due_at)

    def preview(self, plan: PlannedDigest) -> Digest:
        """Return what a digest would say now. Raises StoreError."""
        return self._build(plan, self.clock().astimezone(plan.zone), self.ledger.stream(plan.stream))

    def post_now(self, plan: PlannedDigest, actor: Actor = NOBODY) -> Digest:
        """Have a digest posted beside its periods: the next one still comes when it is due. Raises StoreError."""
        while True:
            entries = self.ledger.stream(plan.stream)
            digest = self._build(plan, self.clock().astimezone(plan.zone), entries)
            try:
                self._post(plan, digest, len(entries) + 1, {}, actor)
            except StaleStream:
                continue
            return digest

    def posted_location(self, claim: Entry) -> Posted | None:
        """Return where the digest of a claim was posted, or None. Raises StoreError."""
        for entry in self.ledger.stream(claim.stream):
            if entry.kind == POSTED and entry.facts.get("planned") == claim.sequence:
                return Posted(str(entry.facts["channel"]), str(entry.facts["ts"]))
        return None

    def record_posted(self, claim: Entry, posted: Posted, link: str) -> None:
        """Record where the digest of a claim was posted. Raises StoreError."""
        if self.posted_location(claim) != posted:
            facts: dict[str, JSON] = {
                "planned": claim.sequence,
                "link": link,
                "channel": posted.channel,
                "ts": posted.ts,
            }
            self._note(claim, AuditAction(POSTED, "done", str(claim.facts.get("object", "")), facts=facts))

    def record_refusal(self, claim: Entry, reason: str) -> None:
        """Record once why Slack does not take the digest of a claim. Raises StoreError."""
        if refusal_of(self.ledger.stream(claim.stream), claim) != reason:
            facts = {"planned": claim.sequence}
            self._note(
                claim, AuditAction(REFUSED, "failed", str(claim.facts.get("object", "")), reason=reason, facts=facts)
            )

    def _note(self, claim: Entry, action: AuditAction) -> None:
        self.ledger.append(action.draft(NOBODY, claim.stream))

    def _check(self, plan: PlannedDigest) -> None:
        now, entries = self.clock(), self.ledger.stream(plan.stream)
        last = _last_due(entries)
        try:
            if last is None or last - now > CLOCK_ERROR:
                self._record(
                    plan, AuditAction(PLANNED, "noted", plan.name, facts={"due": moment_text(now)}), len(entries)
                )
                return
            missed = _unposted(entries, due_between(plan.cron, plan.zone, last, now))
            too_late = [due for due in missed if now - due > self.catch_up]
            if too_late:
                self._skip(plan, too_late, len(entries))
            elif missed:
                self._publish(plan, missed[0], entries)
            else:
                pause = self._record_if_blocked(plan, entries, now)
                due = due_after(plan.cron, plan.zone, max(last, now))
                self._next[plan.name] = (due, self.monotonic() + pause.total_seconds())
        except StaleStream:
            log.info("another process was first", digest=plan.name)

    def _record_if_blocked(self, plan: PlannedDigest, entries: Sequence[Entry], now: datetime) -> timedelta:
        """Record once of each digest that its channel does not take it; return when to look again."""
        if not _is_claim(entries[-1]) or not self.digest_service.outbox.backlog(plan.channel).count:
            return RECHECK_AFTER
        if now - moment_read(entries[-1].moment) >= POST_TIMEOUT:
            why = f"{plan.channel} takes no messages; is the bot still a member there, and is Slack there?"
            self._record(plan, AuditAction(BLOCKED, "failed", plan.name, reason=why), len(entries))
        return POST_TIMEOUT

    def _publish(self, plan: PlannedDigest, due: datetime, entries: Sequence[Entry]) -> None:
        if not self._is_ready(plan, due):
            return
        with self.scans.write_lock:
            digest = self._build(plan, due, entries)
        reach("digest: drawn up")
        self._post(plan, digest, len(entries) + 1, {"due": moment_text(due)}, NOBODY)
        reach("digest: claimed")
        del self._waiting[plan.name, moment_text(due)]

    def _is_ready(self, plan: PlannedDigest, due: datetime) -> bool:
        """Whether each site was read lately, or was tried since, or was waited for long enough."""
        key = (plan.name, moment_text(due))
        is_first = key not in self._waiting
        started, due_noticed_at = self._waiting.setdefault(key, (self.monotonic(), self.clock()))
        if all(self._is_fresh(each, due_noticed_at) for each in self.digest_service.seen(plan.scope)):
            return True
        if is_first:
            self.scans.scan_soon()
        return self.monotonic() - started >= SCAN_TIMEOUT.total_seconds()

    def _is_fresh(self, seen: SiteSeen, due_noticed_at: datetime) -> bool:
        lately = seen.scanned_at is not None and abs(self.clock() - seen.scanned_at) <= self.scans.every
        return lately or (seen.tried_at is not None and seen.tried_at >= due_noticed_at)

    def _build(self, plan: PlannedDigest, due: datetime, entries: Sequence[Entry]) -> Digest:
        posted = [moment_read(str(entry.facts["at"])) for entry in entries if _is_claim(entry)]
        return self.digest_service.digest(plan.name, due, plan.scope, posted[-1] if posted else None)

    def _post(self, plan: PlannedDigest, digest: Digest, version: int, facts: Mapping[str, JSON], actor: Actor) -> None:
        summary = digest.summary
        detail = f"{summary.drifted} drifted, {summary.newly.count} new, {summary.healed.count} healed"
        known: dict[str, JSON] = {"at": moment_text(summary.at), "channel": plan.channel, **facts}
        action = AuditAction(PLANNED, "noted", plan.name, detail, facts=known)
        notice = Notification(plan.channel, {DIGEST: digest_message.write(digest)})
        self.ledger.append(action.draft(actor, plan.stream, version), [notice])

    def _skip(self, plan: PlannedDigest, missed: Sequence[datetime], known: int) -> None:
        first, last = (f"{due:%Y-%m-%d %H:%M}" for due in (missed[0], missed[-1]))
        detail = f"{len(missed)} missed, {first} to {last}" if len(missed) > 1 else f"missed {first}"
        facts: dict[str, JSON] = {"due": moment_text(missed[-1]), "missed": len(missed)}
        self._record(plan, AuditAction(SKIPPED, "noted", plan.name, detail, facts=facts), known)

    def _record(self, plan: PlannedDigest, action: AuditAction, known: int) -> None:
        self.ledger.append(action.draft(NOBODY, plan.stream, known + 1))


def refusal_of(entries: Sequence[Entry], claim: Entry) -> str:
    """Return why Slack does not take the digest of a claim, by the digest's stream; empty when it never said so."""
    refusals = (entry for entry in reversed(entries) if entry.kind == REFUSED)
    return next((str(e.facts.get("reason", "")) for e in refusals if e.facts.get("planned") == claim.sequence), "")


def _is_claim(entry: Entry) -> bool:
    """Whether an entry put a digest into the outbox; in older ledgers such an entry says that it was posted."""
    return entry.kind in {PLANNED, POSTED} and "at" in entry.facts


def _last_due(entries: Sequence[Entry]) -> datetime | None:
    """Return the period that was claimed or skipped last, or the moment when the digest was planned since."""
    return next((moment_read(str(entry.facts["due"])) for entry in reversed(entries) if "due" in entry.facts), None)


def _unposted(entries: Sequence[Entry], periods: Iterable[datetime]) -> list[datetime]:
    found = list(periods)
    posted = {entry.facts.get("due") for entry in entries if found and _is_claim(entry)}
    return [due for due in found if moment_text(due) not in posted]
