"""The desk where everything that comes in is taken: kept, acknowledged, worked on, recorded, answered. In this order.

What was acknowledged is answered even if the process dies in between: another takes over what it left. Here alone a
fault becomes a sentence with a reference: no traceback reaches Slack and no click stays unanswered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from structlog.contextvars import bound_contextvars

from bot.domain.refusal import Reason, Refusal
from bot.failpoints import reach
from bot.slack.again import no_more, stream_of
from bot.slack.brakes import StopKind, lets_go_on, stop_kind
from bot.slack.incoming import Incoming
from bot.slack.patience import Patience, after
from bot.slack.taking import SORRY, Taken
from bot.usecases.freezing import moves
from bot.usecases.ports import PeopleError, SiteError
from bot.usecases.recording import Deed, refused
from bot.usecases.store_ports import StaleStream, StoreError
from bot.views import replies, request_form

if TYPE_CHECKING:
    from slack_bolt import Ack, BoltResponse

    from bot.slack.answers import Answers
    from bot.slack.work import WorkPool
    from bot.usecases.store_ports import Inbox, Item, Ledger

log = structlog.stdlib.get_logger(__name__)

STORE_PAUSE_SECONDS = 5
NOTE_AFTER_SECONDS = 1.5
"""An answer that is quicker than this needs no "looking up" before it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a job came to: the deed to record first, unless the job did so itself, then the giving of the answer."""

    deed: Deed | None
    give: Callable[[], None]


Job = Callable[[Incoming], Reply]


@dataclass(frozen=True, slots=True)
class Desk:
    """Takes commands, clicks and forms, and sees that each gets exactly one answer.

    The thread that acknowledges reads and writes the store and never calls Slack. Each way to stop resets has a pool
    in `stops`; `turning_away` says to whoever clicks that the others are full.
    """

    work: WorkPool
    turning_away: WorkPool
    answers: Answers
    inbox: Inbox
    ledger: Ledger
    noted: Callable[[Deed], None] = lambda _: None
    jobs: dict[str, Job] = field(default_factory=dict)
    stops: Mapping[StopKind, WorkPool] = field(default_factory=dict)

    def hear(self, kind: str, job: Job) -> None:
        """Learn what to do about a kind of command, click or form."""
        self.jobs[kind] = job

    def on_click(self, ack: Ack, body: dict[str, Any]) -> None:
        """Hear a button: the listener that Bolt calls."""
        self.take_click(ack, Incoming.click(body))

    def take_command(self, ack: Ack, incoming: Incoming, note: str | None) -> None:
        """Keep and acknowledge a command; its asker gets the note when the answer is not quick."""
        if lets_go_on(incoming):
            with suppress(StoreError):
                incoming = replace(incoming, freezes=moves(self.ledger))
        taken = self._take_in(incoming)
        if taken in SORRY:
            ack(text=SORRY[taken], response_type="ephemeral")
            return
        ack()
        if taken is Taken.NEW:
            self._start(incoming, self._patience(incoming, note))

    def take_click(self, ack: Ack, incoming: Incoming) -> None:
        """Keep and acknowledge a click; its acknowledgement cannot carry words, so a no follows by HTTP."""
        taken = self._take_in(incoming)
        if taken in SORRY:
            self._turn_away(ack, incoming, SORRY[taken])
            return
        ack()
        if taken is Taken.NEW:
            self._start(incoming)

    def take_form(self, ack: Ack, incoming: Incoming, complaint_at: str) -> None:
        """Keep and acknowledge a form; what hinders is said at one of its fields."""
        taken = self._take_in(incoming)
        if taken in SORRY:
            ack(response_action="errors", errors={complaint_at: SORRY[taken]})
            return
        ack()
        if taken is Taken.NEW:
            self._start(incoming)

    def refuse(self, ack: Ack, body: dict[str, Any], reason: Reason) -> BoltResponse:
        """Acknowledge a payload that is not for this bot, tell its sender why, and record it; nothing is worked on."""
        incoming = Incoming.of(body)
        if incoming is None:
            return ack()
        log.warning("a payload is not for this bot", reason=reason.value, kind=incoming.kind, user=incoming.user_id)
        self.note_refusal(incoming, reason)
        message = replies.refused(Refusal(reason))
        if "command" in body:
            return ack(text=message.text, response_type="ephemeral")
        if body["type"] == "view_submission":
            return ack(response_action="update", view=request_form.sorry("Not possible", message.text))
        if incoming.response_url:
            after(0, partial(self.answers.say, incoming, message))
        return ack()

    def note_refusal(self, incoming: Incoming, reason: str) -> None:
        """Record what was refused on the spot, before it was taken in."""
        with suppress(StoreError), bound_contextvars(ref=incoming.reference):
            self._record(incoming, refused(incoming.kind, reason))

    def take_over(self, item: Item, waited: timedelta = timedelta(0)) -> None:
        """Answer what another process took and left, and do it if it may still be done."""
        incoming = Incoming.from_body(item.body)
        log.info("taking over what was left unanswered", ref=incoming.reference, kind=incoming.kind)
        self._pool(incoming).run(partial(self._handle, incoming, work=partial(self._once_more, waited=waited)))

    def _take_in(self, incoming: Incoming) -> Taken:
        with bound_contextvars(ref=incoming.reference):
            taken = self._take(incoming)
            event = "delivered again" if taken is Taken.SEEN else "taken in"
            log.info(event, kind=incoming.kind, user=incoming.user_id, found=taken.value)
        return taken

    def _take(self, incoming: Incoming) -> Taken:
        """Keep it in the inbox, with a place in the pool; a busy bot says so and records that it did."""
        pool = self._pool(incoming)
        if not pool.reserve():
            taken = Taken.BUSY if pool.is_open else Taken.STOPPING
            with suppress(StoreError):
                self._record(incoming, refused(incoming.kind, taken.value, incoming.text))
            return taken
        try:
            is_new = self.inbox.put(incoming.key, incoming.kind, incoming.to_body())
        except StoreError as error:
            log.error("cannot keep what came in", trouble=error.trouble.value, detail=error.detail)
            pool.release()
            after(0, partial(self._finish, incoming))  # if it was kept after all, then its sender was told otherwise
            return Taken.UNRECORDED
        if not is_new:
            pool.release()
        reach("inbox: kept")
        return Taken.NEW if is_new else Taken.SEEN

    def _turn_away(self, ack: Ack, incoming: Incoming, why: str) -> None:
        """Acknowledge a click and say beside the acknowledging that nothing was done.

        While the bot stops, nobody is left to say so: what is not acknowledged, Slack itself calls failed.
        """

        def say() -> None:
            with suppress(StoreError), bound_contextvars(ref=incoming.reference):
                self.answers.say(incoming, replies.say(why))

        if self.turning_away.reserve():
            ack()
            self.turning_away.start(say)
        elif self.turning_away.is_open:
            ack()
            log.error("nobody can be told any more", kind=incoming.kind, user=incoming.user_id)

    def _start(self, incoming: Incoming, patience: Patience | None = None) -> None:
        reach("inbox: acknowledged")
        self._pool(incoming).start(partial(self._handle, incoming, patience))

    def _pool(self, incoming: Incoming) -> WorkPool:
        kind = stop_kind(incoming)
        return self.stops.get(kind, self.work) if kind else self.work

    def _patience(self, incoming: Incoming, note: str | None) -> Patience | None:
        if note is None:
            return None
        return Patience(NOTE_AFTER_SECONDS, partial(self.answers.say, incoming, replies.say(note)))

    def _handle(
        self, incoming: Incoming, patience: Patience | None = None, work: Job | None = None, *, promised: bool = False
    ) -> None:
        with bound_contextvars(ref=incoming.reference, user=incoming.user_id):
            try:
                reply = (work or self._reply)(incoming)
                reach("answer: worked out")
                if reply.deed:
                    self._record(incoming, reply.deed)
                reach("answer: recorded")
                if patience:
                    patience.end()
                if not self.inbox.owes(incoming.key):  # this process was thought dead meanwhile
                    log.warning("another process answers this", kind=incoming.kind)
                    return
                self._give(incoming, reply)
            except StoreError as error:
                log.error("cannot record", trouble=error.trouble.value, detail=error.detail)
                self._later(incoming, work or self._once_more, promised=promised)
            else:
                reach("answer: given")
                self._finish(incoming)
            finally:
                if patience:
                    patience.end()

    def _give(self, incoming: Incoming, reply: Reply) -> None:
        """Send the answer; one that breaks on its way out ends in a sentence with its reference."""
        try:
            reply.give()
        except StoreError:
            raise
        except Exception:
            log.exception("an answer broke on its way out", kind=incoming.kind)
            self.answers.say(incoming, replies.say(replies.LOST.format(ref=incoming.reference)))
        else:
            outcome = reply.deed.outcome if reply.deed else "done"
            log.info("answered", kind=incoming.kind, text=incoming.text, outcome=outcome)

    def _finish(self, incoming: Incoming) -> None:
        """Note that nothing more is owed; until that is noted, only the note is tried again."""
        try:
            with bound_contextvars(ref=incoming.reference):
                self.inbox.done(incoming.key)
        except StoreError as error:
            log.error("cannot note that it is answered", trouble=error.trouble.value, detail=error.detail)
            after(STORE_PAUSE_SECONDS, partial(self._finish, incoming))

    def _reply(self, incoming: Incoming) -> Reply:
        """Do the job; what goes wrong becomes an answer too, except that nothing can be recorded."""
        try:
            return self.jobs[incoming.kind](incoming)
        except StoreError:
            raise
        except SiteError as error:
            log.warning("site database failed", site=error.site, trouble=error.trouble.value, detail=error.detail)
            message = replies.trouble(error.site, error.trouble, incoming.reference)
            deed = Deed(incoming.kind, "failed", incoming.text, reason=f"site {error.site} {error.trouble}")
        except PeopleError as error:
            log.warning("Slack did not say who somebody is", detail=str(error))
            message = replies.refused(Refusal(Reason.CANNOT_LOOK_UP))
            deed = refused(incoming.kind, Reason.CANNOT_LOOK_UP, incoming.text)
        except Exception:
            log.exception("unexpected failure", kind=incoming.kind, text=incoming.text)
            message = replies.say(replies.LOST.format(ref=incoming.reference))
            deed = Deed(incoming.kind, "failed", incoming.text, reason="unexpected failure")
        return Reply(deed, partial(self.answers.say, incoming, message))

    def _once_more(self, incoming: Incoming, waited: timedelta = timedelta(0)) -> Reply:
        found = no_more(self.ledger, incoming, waited)
        return Reply(found[0], partial(self.answers.say, incoming, found[1])) if found else self._reply(incoming)

    def _record(self, incoming: Incoming, deed: Deed) -> None:
        """Write down before the answer leaves; what a process that died wrote already is not written again."""
        with suppress(StaleStream):
            self.ledger.append(deed.draft(incoming.actor, stream_of(incoming), 1))
            self.noted(deed)

    def _later(self, incoming: Incoming, work: Job, *, promised: bool) -> None:
        """It is kept, so it will be done: say so once, and try again until the store can be written."""
        if not promised:
            try:
                self.answers.say(incoming, replies.say(replies.LATER))
            except StoreError as error:
                log.error("cannot even say so", trouble=error.trouble.value, detail=error.detail)
        again = partial(self._handle, incoming, work=work, promised=True)
        after(STORE_PAUSE_SECONDS, partial(self._pool(incoming).run, again))
