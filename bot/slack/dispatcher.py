"""Takes in what Slack delivers and sees that each command, click and form is answered exactly once.

Order of one request: a place with an executor is reserved, the request is stored in the inbox, acknowledged, handled on
a worker thread, its action is recorded in the ledger, the answer is sent, and the inbox item is marked as done.
"""

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

log = structlog.stdlib.get_logger(__name__)

STORE_RETRY_SECONDS = 5
DELAY_NOTICE_SECONDS = 1.5
"""An answer that is quicker than this needs no "looking up" before it."""
MAX_WAIT = timedelta(minutes=15)
"""As long as an approval is good for an apply: whoever waited longer for an answer has stopped expecting one."""
UNSUCCESSFUL_OUTCOMES = {"refused", "failed"}


class Intake(Enum):
    """What became of a delivery; the values are label values of a metric and texts of the log."""

    NEW = "new"
    SEEN = "seen before"
    BUSY = Reason.BUSY.value
    STOPPING = Reason.STOPPING.value
    UNRECORDED = "cannot be recorded"


INTAKE_REPLIES = {
    Intake.BUSY: replies.BUSY,
    Intake.STOPPING: replies.STOPPING,
    Intake.UNRECORDED: replies.STORE_UNAVAILABLE,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a handler returns: the action to record first (None when it has recorded one), and what sends the answer."""

    action: AuditAction | None
    send: Callable[[], None]


Handler = Callable[[InboundRequest], Outcome]


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Routes requests to the handlers registered for their kinds.

    The thread that acknowledges reads and writes the store and never calls Slack. `stops` holds an executor for each
    kind of emergency stop; `busy_replies` sends "busy" to whoever clicks while the others are full.
    """

    work: BoundedExecutor
    busy_replies: BoundedExecutor
    responder: Responder
    inbox: Inbox
    ledger: Ledger
    on_recorded: Callable[[AuditAction], None] = lambda _: None
    handlers: dict[str, Handler] = field(default_factory=dict)
    stops: Mapping[StopKind, BoundedExecutor] = field(default_factory=dict)

    def register(self, kind: str, handler: Handler) -> None:
        """Set the handler of a kind: a command, an action id, a callback id or an event type."""
        self.handlers[kind] = handler

    def on_click(self, ack: Ack, body: dict[str, Any]) -> None:
        """Bolt listener of buttons."""
        self.accept_click(ack, InboundRequest.click(body))

    def accept_command(self, ack: Ack, inbound: InboundRequest, note: str | None) -> None:
        """Store and acknowledge a command; its sender gets the note when the answer is not quick."""
        if is_unfreeze(inbound):
            with suppress(StoreError):
                inbound = replace(inbound, freezes=moves(self.ledger))
        intake, executor = self._take_in(inbound)
        if intake in INTAKE_REPLIES:
            ack(text=INTAKE_REPLIES[intake], response_type="ephemeral")
            return
        ack()
        if intake is Intake.NEW:
            self._start(executor, inbound, self._delay_notice(inbound, note))

    def accept_click(self, ack: Ack, inbound: InboundRequest) -> None:
        """Store and acknowledge a click; its acknowledgement cannot carry text, so a refusal follows by HTTP."""
        intake, executor = self._take_in(inbound)
        if intake in INTAKE_REPLIES:
            self._reply_busy(ack, inbound, INTAKE_REPLIES[intake])
            return
        ack()
        if intake is Intake.NEW:
            self._start(executor, inbound)

    def accept_form(self, ack: Ack, inbound: InboundRequest, error_field: str) -> None:
        """Store and acknowledge a form; a refusal is shown at the field with this block id."""
        intake, executor = self._take_in(inbound)
        if intake in INTAKE_REPLIES:
            ack(response_action="errors", errors={error_field: INTAKE_REPLIES[intake]})
            return
        ack()
        if intake is Intake.NEW:
            self._start(executor, inbound)

    def refuse(self, ack: Ack, body: dict[str, Any], reason: Reason) -> BoltResponse:
        """Acknowledge and record a payload that is not for this bot, tell its sender why, and do nothing about it."""
        inbound = InboundRequest.of(body)
        if inbound is None:
            return ack()
        log.warning("a payload is not for this bot", reason=reason.value, kind=inbound.kind, user=inbound.user_id)
        self.record_refusal(inbound, reason)
        message = replies.refusal_message(Refusal(reason))
        if "command" in body:
            return ack(text=message.text, response_type="ephemeral")
        if body["type"] == "view_submission":
            return ack(response_action="update", view=request_form.message_modal("Not possible", message.text))
        if inbound.response_url:
            run_later(0, partial(self.responder.reply, inbound, message))
        return ack()

    def record_refusal(self, inbound: InboundRequest, reason: str) -> None:
        """Record what was refused before it was stored; without a store it is refused all the same."""
        with suppress(StoreError), bound_contextvars(ref=inbound.reference):
            self._record(inbound, refused(inbound.kind, reason))

    def resume(self, item: InboxItem, waited: timedelta = timedelta(0)) -> None:
        """Handle an inbox item of a process that died, unless it was refused already or waited too long."""
        inbound = InboundRequest.from_body(item.body)
        log.info("taking over what was left unanswered", ref=inbound.reference, kind=inbound.kind)
        self._executor(inbound).submit(partial(self._process, inbound, handler=partial(self._retry, waited=waited)))

    def _take_in(self, inbound: InboundRequest) -> tuple[Intake, BoundedExecutor]:
        with bound_contextvars(ref=inbound.reference):
            intake, executor = self._store(inbound)
            event = "delivered again" if intake is Intake.SEEN else "taken in"
            log.info(event, kind=inbound.kind, user=inbound.user_id, found=intake.value)
        return intake, executor

    def _store(self, inbound: InboundRequest) -> tuple[Intake, BoundedExecutor]:
        """Put a request into the inbox; for NEW, a place is reserved with the executor that is returned."""
        executor = self._executor(inbound)
        if not executor.reserve(inbound.user_id):
            executor = self.work  # also for who has as many stops under way as one person may
            if not executor.reserve():
                intake = Intake.BUSY if executor.is_open else Intake.STOPPING
                with suppress(StoreError):
                    self._record(inbound, refused(inbound.kind, intake.value, inbound.text))
                return intake, executor
        try:
            is_new = self.inbox.put(inbound.key, inbound.kind, inbound.to_body())
        except StoreError as error:
            log.error("cannot keep what came in", trouble=error.kind.value, detail=error.detail)
            executor.release(inbound.user_id)
            run_later(0, partial(self._mark_done, inbound))  # if it was stored after all: its sender was told otherwise
            return Intake.UNRECORDED, executor
        if not is_new:
            executor.release(inbound.user_id)
        reach("inbox: kept")
        return Intake.NEW if is_new else Intake.SEEN, executor

    def _start(self, executor: BoundedExecutor, inbound: InboundRequest, notice: DelayNotice | None = None) -> None:
        reach("inbox: acknowledged")
        executor.submit_reserved(partial(self._process, inbound, notice), inbound.user_id)

    def _executor(self, inbound: InboundRequest) -> BoundedExecutor:
        kind = stop_kind(inbound)
        return self.stops.get(kind, self.work) if kind else self.work

    def _reply_busy(self, ack: Ack, inbound: InboundRequest, why: str) -> None:
        """Acknowledge a click and send why nothing was done from another thread.

        While the bot stops, no thread is left to send it: what is not acknowledged, Slack itself shows as failed.
        """

        def send() -> None:
            with suppress(StoreError), bound_contextvars(ref=inbound.reference):
                self.responder.reply(inbound, replies.text_message(why))

        if self.busy_replies.reserve():
            ack()
            self.busy_replies.submit_reserved(send)
        elif self.busy_replies.is_open:
            ack()
            log.error("nobody can be told any more", kind=inbound.kind, user=inbound.user_id)

    def _delay_notice(self, inbound: InboundRequest, note: str | None) -> DelayNotice | None:
        if note is None:
            return None
        return DelayNotice(DELAY_NOTICE_SECONDS, partial(self.responder.reply, inbound, replies.text_message(note)))

    def _process(
        self,
        inbound: InboundRequest,
        notice: DelayNotice | None = None,
        handler: Handler | None = None,
        *,
        is_announced: bool = False,
    ) -> None:
        """Handle, record, answer and mark as done; while the store fails, the sender is told once and it is retried."""
        with bound_contextvars(ref=inbound.reference, user=inbound.user_id):
            try:
                outcome = (handler or self._handle)(inbound)
                reach("answer: worked out")
                if outcome.action:
                    self._record(inbound, outcome.action)
                reach("answer: recorded")
                if notice:
                    notice.cancel()
                if not self.inbox.is_pending(inbound.key):  # this process was thought dead meanwhile
                    log.warning("another process answers this", kind=inbound.kind)
                    return
                self._send(inbound, outcome)
            except StoreError as error:
                log.error("cannot record", trouble=error.kind.value, detail=error.detail)
                self._retry_later(inbound, handler or self._retry, is_announced=is_announced)
            else:
                reach("answer: given")
                self._mark_done(inbound)
            finally:
                if notice:
                    notice.cancel()

    def _handle(self, inbound: InboundRequest) -> Outcome:
        """Call the handler; its errors become an answer and an action too, except StoreError, which is raised."""
        try:
            return self.handlers[inbound.kind](inbound)
        except StoreError:
            raise
        except SiteError as error:
            log.warning("site database failed", site=error.site, trouble=error.kind.value, detail=error.detail)
            message = replies.site_error(error.site, error.kind, inbound.reference)
            action = AuditAction(inbound.kind, "failed", inbound.text, reason=f"site {error.site} {error.kind}")
        except PeopleError as error:
            log.warning("Slack did not say who somebody is", detail=str(error))
            message = replies.refusal_message(Refusal(Reason.CANNOT_LOOK_UP))
            action = refused(inbound.kind, Reason.CANNOT_LOOK_UP, inbound.text)
        except Exception:
            log.exception("unexpected failure", kind=inbound.kind, text=inbound.text)
            message = replies.text_message(replies.INTERNAL_ERROR.format(ref=inbound.reference))
            action = AuditAction(inbound.kind, "failed", inbound.text, reason="unexpected failure")
        return Outcome(action, partial(self.responder.reply, inbound, message))

    def _retry(self, inbound: InboundRequest, waited: timedelta = timedelta(0)) -> Outcome:
        refusal = redelivery_refusal(self.ledger, inbound, waited)
        if refusal is None:
            return self._handle(inbound)
        action, message = refusal
        return Outcome(action, partial(self.responder.reply, inbound, message))

    def _retry_later(self, inbound: InboundRequest, handler: Handler, *, is_announced: bool) -> None:
        """It is stored, so it will be handled: tell its sender once, and retry until the store can be written."""
        if not is_announced:
            try:
                self.responder.reply(inbound, replies.text_message(replies.STORE_UNAVAILABLE_QUEUED))
            except StoreError as error:
                log.error("cannot even say so", trouble=error.kind.value, detail=error.detail)
        again = partial(self._process, inbound, handler=handler, is_announced=True)
        run_later(STORE_RETRY_SECONDS, partial(self._executor(inbound).submit, again))

    def _record(self, inbound: InboundRequest, action: AuditAction) -> None:
        """Append an action to the ledger, unless a process that died has done so for this request."""
        with suppress(StaleStream):
            self.ledger.append(action.draft(inbound.actor, stream_of(inbound), 1))
            self.on_recorded(action)

    def _send(self, inbound: InboundRequest, outcome: Outcome) -> None:
        """Send the answer; when that fails, send a sentence with the reference instead. Raises StoreError."""
        try:
            outcome.send()
        except StoreError:
            raise
        except Exception:
            log.exception("an answer broke on its way out", kind=inbound.kind)
            self.responder.reply(inbound, replies.text_message(replies.INTERNAL_ERROR.format(ref=inbound.reference)))
        else:
            found = outcome.action.outcome if outcome.action else "done"
            log.info("answered", kind=inbound.kind, text=inbound.text, outcome=found)

    def _mark_done(self, inbound: InboundRequest) -> None:
        """Mark the inbox item as answered; while the store fails, only this is retried."""
        try:
            with bound_contextvars(ref=inbound.reference):
                self.inbox.done(inbound.key)
        except StoreError as error:
            log.error("cannot note that it is answered", trouble=error.kind.value, detail=error.detail)
            run_later(STORE_RETRY_SECONDS, partial(self._mark_done, inbound))


def redelivery_refusal(
    ledger: Ledger, inbound: InboundRequest, waited: timedelta
) -> tuple[AuditAction | None, Message] | None:
    """Return what to record and to answer instead of handling a request again; None when it may be handled.

    A recorded refusal is repeated, not decided anew; what waited longer than MAX_WAIT is refused. Raises StoreError.
    """
    for entry in ledger.stream(stream_of(inbound)):
        if entry.facts.get("outcome") in UNSUCCESSFUL_OUTCOMES:
            return None, _repeated_refusal(str(entry.facts.get("reason", "")))
    late = Refusal(Reason.WAITED)
    in_time = -CLOCKS_APART <= waited <= MAX_WAIT  # a wait of less than nothing was measured by two clocks
    return None if in_time else (refused(inbound.kind, late.reason), replies.refusal_message(late))


def stream_of(inbound: InboundRequest) -> str:
    """Return the ledger stream in which the answer to a request is recorded."""
    return f"in {inbound.key}"


def _repeated_refusal(reason: str) -> Message:
    known = reason in set(Reason)
    return (
        replies.refusal_message(Refusal(Reason(reason)))
        if known
        else replies.text_message(replies.INTERRUPTED.format(why=reason))
    )


class DelayNotice:
    """Calls `send` once after so many seconds, unless it is cancelled before."""

    def __init__(self, seconds: float, send: Callable[[], None]) -> None:
        self._send = send
        self._guard = threading.Lock()
        self._is_cancelled = False
        self._timer = threading.Timer(seconds, self._send_once)
        self._timer.daemon = True
        self._timer.start()

    def cancel(self) -> None:
        """Send nothing any more, and wait for what is just being sent: the answer must come after it."""
        self._timer.cancel()
        with self._guard:
            self._is_cancelled = True

    def _send_once(self) -> None:
        with self._guard:
            if not self._is_cancelled:
                self._send()


def run_later(seconds: float, function: Callable[[], object]) -> None:
    """Call a function on a thread of its own after so many seconds, if this process still lives then."""
    timer = threading.Timer(seconds, function)
    timer.daemon = True
    timer.start()
