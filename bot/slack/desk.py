"""The desk where everything that comes in is taken: a place in the pool, the acknowledgement, then the work.

Here alone a fault becomes a sentence with a reference: no traceback reaches Slack and no click stays unanswered.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

import structlog
from structlog.contextvars import bound_contextvars

from bot.usecases.ports import SiteError
from bot.views import replies

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_bolt import Ack

    from bot.slack.answers import Answers
    from bot.slack.incoming import Incoming
    from bot.slack.work import WorkPool

log = structlog.get_logger()

NOTE_AFTER_SECONDS = 1.5
"""An answer that is quicker than this needs no "looking up" before it."""


class Desk:
    """Takes commands and clicks, and sees that each gets exactly one answer."""

    def __init__(self, work: WorkPool, answers: Answers) -> None:
        self._work = work
        self._answers = answers

    def take_command(self, ack: Ack, incoming: Incoming, note: str | None, job: Callable[[], None]) -> None:
        """Acknowledge a command and work on it; its asker gets the note when the answer is not quick."""
        if not self._work.reserve():
            ack(text=self._no_place(), response_type="ephemeral")
            return
        ack()
        patience = threading.Timer(NOTE_AFTER_SECONDS, self._note, (incoming, note))
        patience.daemon = True
        patience.start()
        self._work.start(partial(self._handle, incoming, job, patience))

    def take_click(self, ack: Ack, incoming: Incoming, job: Callable[[], None]) -> None:
        """Acknowledge a click, which cannot carry a note, and work on it."""
        ack()
        if self._work.reserve():
            self._work.start(partial(self._handle, incoming, job))
        else:
            self._answers.say(incoming, replies.say(self._no_place()))

    def _note(self, incoming: Incoming, note: str | None) -> None:
        if note:
            self._answers.say(incoming, replies.say(note))

    def _no_place(self) -> str:
        return replies.BUSY if self._work.is_open else replies.STOPPING

    def _handle(self, incoming: Incoming, job: Callable[[], None], patience: threading.Timer | None = None) -> None:
        with bound_contextvars(ref=incoming.reference, user=incoming.actor.user_id):
            try:
                job()
                log.info("answered", kind=incoming.kind, text=incoming.text)
            except SiteError as error:
                log.warning("site database failed", site=error.site, trouble=error.trouble.value, detail=error.detail)
                self._answers.say(incoming, replies.trouble(error, incoming.reference))
            except Exception:
                log.exception("unexpected failure", kind=incoming.kind, text=incoming.text)
                self._answers.say(incoming, replies.say(replies.LOST.format(ref=incoming.reference)))
            finally:
                if patience:
                    patience.cancel()
