"""What became of something that came in, and what its sender hears when it was not taken."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from structlog.contextvars import bound_contextvars

from bot.domain.ledger_entry import CLOCKS_APART
from bot.domain.refusal import Reason, Refusal
from bot.failpoints import reach
from bot.slack.emergency_stop import StopKind, is_unfreeze, stop_kind
from bot.slack.inbound import InboundRequest
from bot.usecases.audit.recorder import AuditAction, refused
from bot.usecases.ports.site import SiteError
from bot.usecases.ports.slack import PeopleError
from bot.usecases.ports.store import StaleStream, StoreError
from bot.usecases.resets.freeze import moves
from bot.views import replies, request_form

if TYPE_CHECKING:
    from slack_bolt import Ack, BoltResponse

    from bot.slack.bounded_executor import BoundedExecutor
    from bot.slack.responder import Responder
    from bot.usecases.ports.store import Inbox, InboxItem, Ledger
    from bot.views.block_kit import Message


class Intake(Enum):
    """What became of something that came in."""

    NEW = "new"
    SEEN = "seen before"
    BUSY = Reason.BUSY.value
    STOPPING = Reason.STOPPING.value
    UNRECORDED = "cannot be recorded"


INTAKE_REPLIES = {Intake.BUSY: replies.BUSY, Intake.STOPPING: replies.STOPPING, Intake.UNRECORDED: replies.UNRECORDED}


class DelayNotice:
    """Says once that an answer takes its time, unless it has begun to leave before; never after it."""

    def __init__(self, seconds: float, say: Callable[[], None]) -> None:
        self._say = say
        self._guard = threading.Lock()
        self._is_over = False
        self._timer = threading.Timer(seconds, self._speak)
        self._timer.daemon = True
        self._timer.start()

    def end(self) -> None:
        """The answer leaves now: say nothing any more, and wait for what is just being said."""
        self._timer.cancel()
        with self._guard:
            self._is_over = True

    def _speak(self) -> None:
        with self._guard:
            if not self._is_over:
                self._say()


def run_later(seconds: float, what: Callable[[], None]) -> None:
    """Do something later, if this process still lives then."""
    timer = threading.Timer(seconds, what)
    timer.daemon = True
    timer.start()


DO_WITHIN = timedelta(minutes=15)
"""As long as an approval is good for an apply: whoever waited longer for an answer has stopped expecting one."""
CAME_TO_NOTHING = {"refused", "failed"}


def redelivery_refusal(
    ledger: Ledger, inbound: InboundRequest, waited: timedelta
) -> tuple[AuditAction | None, Message] | None:
    """Return what to record and to say instead of doing the job; None when it may be done. Raises StoreError."""
    for entry in ledger.stream(stream_of(inbound)):
        if entry.facts.get("outcome") in CAME_TO_NOTHING:
            return None, _once_more(str(entry.facts.get("reason", "")))
    late = Refusal(Reason.WAITED)
    in_time = -CLOCKS_APART <= waited <= DO_WITHIN  # a wait of less than nothing was measured by two clocks
    return None if in_time else (refused(inbound.kind, late.reason), replies.refused(late))


def stream_of(inbound: InboundRequest) -> str:
    """Name the ledger stream in which the answer to something is recorded."""
    return f"in {inbound.key}"


def _once_more(reason: str) -> Message:
    known = reason in set(Reason)
    return replies.refused(Refusal(Reason(reason))) if known else replies.say(replies.NOTHING_BEFORE.format(why=reason))


log = structlog.stdlib.get_logger(__name__)
STORE_PAUSE_SECONDS = 5
NOTE_AFTER_SECONDS = 1.5
"""An answer that is quicker than this needs no "looking up" before it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job came to: the deed to record first, unless the job did so itself, then the giving of the answer."""

    action: AuditAction | None
    send: Callable[[], None]


Handler = Callable[[InboundRequest], Outcome]


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Takes commands, clicks and forms, and sees that each gets exactly one answer.

    The thread that acknowledges reads and writes the store and never calls Slack. Each way to stop resets has a pool
    in `stops`; `busy_replies` says to whoever clicks that the others are full.
    """

    work: BoundedExecutor
    busy_replies: BoundedExecutor
    responder: Responder
    inbox: Inbox
    ledger: Ledger
    recorded: Callable[[AuditAction], None] = lambda _: None
    handlers: dict[str, Handler] = field(default_factory=dict)
    stops: Mapping[StopKind, BoundedExecutor] = field(default_factory=dict)

    def register(self, kind: str, job: Handler) -> None:
        """Learn what to do about a kind of command, click or form."""
        self.handlers[kind] = job

    def on_click(self, ack: Ack, body: dict[str, Any]) -> None:
        """Hear a button: the listener that Bolt calls."""
        self.accept_click(ack, InboundRequest.click(body))

    def accept_command(self, ack: Ack, inbound: InboundRequest, note: str | None) -> None:
        """Keep and acknowledge a command; its asker gets the note when the answer is not quick."""
        if is_unfreeze(inbound):
            with suppress(StoreError):
                inbound = replace(inbound, freezes=moves(self.ledger))
        taken = self._take_in(inbound)
        if taken in INTAKE_REPLIES:
            ack(text=INTAKE_REPLIES[taken], response_type="ephemeral")
            return
        ack()
        if taken is Intake.NEW:
            self._start(inbound, self._patience(inbound, note))

    def accept_click(self, ack: Ack, inbound: InboundRequest) -> None:
        """Keep and acknowledge a click; its acknowledgement cannot carry words, so a no follows by HTTP."""
        taken = self._take_in(inbound)
        if taken in INTAKE_REPLIES:
            self._turn_away(ack, inbound, INTAKE_REPLIES[taken])
            return
        ack()
        if taken is Intake.NEW:
            self._start(inbound)

    def accept_form(self, ack: Ack, inbound: InboundRequest, error_field: str) -> None:
        """Keep and acknowledge a form; what hinders is said at one of its fields."""
        taken = self._take_in(inbound)
        if taken in INTAKE_REPLIES:
            ack(response_action="errors", errors={error_field: INTAKE_REPLIES[taken]})
            return
        ack()
        if taken is Intake.NEW:
            self._start(inbound)

    def refuse(self, ack: Ack, body: dict[str, Any], reason: Reason) -> BoltResponse:
        """Acknowledge a payload that is not for this bot, tell its sender why, and record it; nothing is worked on."""
        inbound = InboundRequest.of(body)
        if inbound is None:
            return ack()
        log.warning("a payload is not for this bot", reason=reason.value, kind=inbound.kind, user=inbound.user_id)
        self.record_refusal(inbound, reason)
        message = replies.refused(Refusal(reason))
        if "command" in body:
            return ack(text=message.text, response_type="ephemeral")
        if body["type"] == "view_submission":
            return ack(response_action="update", view=request_form.sorry("Not possible", message.text))
        if inbound.response_url:
            run_later(0, partial(self.responder.reply, inbound, message))
        return ack()

    def record_refusal(self, inbound: InboundRequest, reason: str) -> None:
        """Record what was refused on the spot, before it was taken in."""
        with suppress(StoreError), bound_contextvars(ref=inbound.reference):
            self._record(inbound, refused(inbound.kind, reason))

    def resume(self, item: InboxItem, waited: timedelta = timedelta(0)) -> None:
        """Answer what another process took and left, and do it if it may still be done."""
        inbound = InboundRequest.from_body(item.body)
        log.info("taking over what was left unanswered", ref=inbound.reference, kind=inbound.kind)
        self._pool(inbound).run(partial(self._handle, inbound, work=partial(self._once_more, waited=waited)))

    def _take_in(self, inbound: InboundRequest) -> Intake:
        with bound_contextvars(ref=inbound.reference):
            taken = self._take(inbound)
            event = "delivered again" if taken is Intake.SEEN else "taken in"
            log.info(event, kind=inbound.kind, user=inbound.user_id, found=taken.value)
        return taken

    def _take(self, inbound: InboundRequest) -> Intake:
        """Keep it in the inbox, with a place in the pool; a busy bot says so and records that it did."""
        pool = self._pool(inbound)
        if not pool.reserve():
            taken = Intake.BUSY if pool.is_open else Intake.STOPPING
            with suppress(StoreError):
                self._record(inbound, refused(inbound.kind, taken.value, inbound.text))
            return taken
        try:
            is_new = self.inbox.put(inbound.key, inbound.kind, inbound.to_body())
        except StoreError as error:
            log.error("cannot keep what came in", trouble=error.trouble.value, detail=error.detail)
            pool.release()
            run_later(0, partial(self._finish, inbound))  # if it was kept after all, then its sender was told otherwise
            return Intake.UNRECORDED
        if not is_new:
            pool.release()
        reach("inbox: kept")
        return Intake.NEW if is_new else Intake.SEEN

    def _turn_away(self, ack: Ack, inbound: InboundRequest, why: str) -> None:
        """Acknowledge a click and say beside the acknowledging that nothing was done.

        While the bot stops, nobody is left to say so: what is not acknowledged, Slack itself calls failed.
        """

        def say() -> None:
            with suppress(StoreError), bound_contextvars(ref=inbound.reference):
                self.responder.reply(inbound, replies.say(why))

        if self.busy_replies.reserve():
            ack()
            self.busy_replies.start(say)
        elif self.busy_replies.is_open:
            ack()
            log.error("nobody can be told any more", kind=inbound.kind, user=inbound.user_id)

    def _start(self, inbound: InboundRequest, patience: DelayNotice | None = None) -> None:
        reach("inbox: acknowledged")
        self._pool(inbound).start(partial(self._handle, inbound, patience))

    def _pool(self, inbound: InboundRequest) -> BoundedExecutor:
        kind = stop_kind(inbound)
        return self.stops.get(kind, self.work) if kind else self.work

    def _patience(self, inbound: InboundRequest, note: str | None) -> DelayNotice | None:
        if note is None:
            return None
        return DelayNotice(NOTE_AFTER_SECONDS, partial(self.responder.reply, inbound, replies.say(note)))

    def _handle(
        self,
        inbound: InboundRequest,
        patience: DelayNotice | None = None,
        work: Handler | None = None,
        *,
        promised: bool = False,
    ) -> None:
        with bound_contextvars(ref=inbound.reference, user=inbound.user_id):
            try:
                reply = (work or self._reply)(inbound)
                reach("answer: worked out")
                if reply.action:
                    self._record(inbound, reply.action)
                reach("answer: recorded")
                if patience:
                    patience.end()
                if not self.inbox.owes(inbound.key):  # this process was thought dead meanwhile
                    log.warning("another process answers this", kind=inbound.kind)
                    return
                self._give(inbound, reply)
            except StoreError as error:
                log.error("cannot record", trouble=error.trouble.value, detail=error.detail)
                self._later(inbound, work or self._once_more, promised=promised)
            else:
                reach("answer: given")
                self._finish(inbound)
            finally:
                if patience:
                    patience.end()

    def _give(self, inbound: InboundRequest, reply: Outcome) -> None:
        """Send the answer; one that breaks on its way out ends in a sentence with its reference."""
        try:
            reply.send()
        except StoreError:
            raise
        except Exception:
            log.exception("an answer broke on its way out", kind=inbound.kind)
            self.responder.reply(inbound, replies.say(replies.LOST.format(ref=inbound.reference)))
        else:
            outcome = reply.action.outcome if reply.action else "done"
            log.info("answered", kind=inbound.kind, text=inbound.text, outcome=outcome)

    def _finish(self, inbound: InboundRequest) -> None:
        """Note that nothing more is owed; until that is noted, only the note is tried again."""
        try:
            with bound_contextvars(ref=inbound.reference):
                self.inbox.done(inbound.key)
        except StoreError as error:
            log.error("cannot note that it is answered", trouble=error.trouble.value, detail=error.detail)
            run_later(STORE_PAUSE_SECONDS, partial(self._finish, inbound))

    def _reply(self, inbound: InboundRequest) -> Outcome:
        """Do the job; what goes wrong becomes an answer too, except that nothing can be recorded."""
        try:
            return self.handlers[inbound.kind](inbound)
        except StoreError:
            raise
        except SiteError as error:
            log.warning("site database failed", site=error.site, trouble=error.trouble.value, detail=error.detail)
            message = replies.trouble(error.site, error.trouble, inbound.reference)
            action = AuditAction(inbound.kind, "failed", inbound.text, reason=f"site {error.site} {error.trouble}")
        except PeopleError as error:
            log.warning("Slack did not say who somebody is", detail=str(error))
            message = replies.refused(Refusal(Reason.CANNOT_LOOK_UP))
            action = refused(inbound.kind, Reason.CANNOT_LOOK_UP, inbound.text)
        except Exception:
            log.exception("unexpected failure", kind=inbound.kind, text=inbound.text)
            message = replies.say(replies.LOST.format(ref=inbound.reference))
            action = AuditAction(inbound.kind, "failed", inbound.text, reason="unexpected failure")
        return Outcome(action, partial(self.responder.reply, inbound, message))

    def _once_more(self, inbound: InboundRequest, waited: timedelta = timedelta(0)) -> Outcome:
        found = redelivery_refusal(self.ledger, inbound, waited)
        return Outcome(found[0], partial(self.responder.reply, inbound, found[1])) if found else self._reply(inbound)

    def _record(self, inbound: InboundRequest, action: AuditAction) -> None:
        """Write down before the answer leaves; what a process that died wrote already is not written again."""
        with suppress(StaleStream):
            self.ledger.append(action.draft(inbound.actor, stream_of(inbound), 1))
            self.recorded(action)

    def _later(self, inbound: InboundRequest, work: Handler, *, promised: bool) -> None:
        """It is kept, so it will be done: say so once, and try again until the store can be written."""
        if not promised:
            try:
                self.responder.reply(inbound, replies.say(replies.LATER))
            except StoreError as error:
                log.error("cannot even say so", trouble=error.trouble.value, detail=error.detail)
        again = partial(self._handle, inbound, work=work, promised=True)
        run_later(STORE_PAUSE_SECONDS, partial(self._pool(inbound).run, again))
