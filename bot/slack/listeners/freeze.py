"""`/pkgstatus freeze` and `/pkgstatus unfreeze`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bot.domain.command import Freeze, Unfreeze
from bot.domain.request import Stage
from bot.slack.dispatcher import Outcome
from bot.usecases.audit.recorder import AuditAction, refused
from bot.views import replies, request_texts

if TYPE_CHECKING:
    from bot.slack.inbound import InboundRequest
    from bot.slack.responder import Responder
    from bot.slack.slash_command import SlashCommand
    from bot.usecases.resets.eligibility import Eligibility
    from bot.usecases.resets.freeze import FreezeService
    from bot.usecases.resets.request_repository import RequestRepository


@dataclass(frozen=True, slots=True)
class FreezeListeners:
    """Answers approvers who stop all resets, or let them go on."""

    requests: RequestRepository
    freeze_service: FreezeService
    eligibility: Eligibility
    responder: Responder

    def register(self, commands: SlashCommand) -> None:
        """Register the handlers of both sub-commands."""
        commands.add_handler(Freeze, self._freeze)
        commands.add_handler(Unfreeze, self._unfreeze)

    def _freeze(self, inbound: InboundRequest, query: Freeze) -> Outcome:
        refusal = self.eligibility.can_approve(inbound.actor)
        if refusal:
            return self._reply(inbound, refused("freeze", refusal.reason), replies.refusal_message(refusal).text)
        self.freeze_service.freeze(inbound.actor, query.why, inbound.key)
        too_late = [request.id for request in self.requests.at({Stage.APPLYING})]
        return self._reply(inbound, AuditAction("asked to freeze", "done"), request_texts.freeze_confirmation(too_late))

    def _unfreeze(self, inbound: InboundRequest, _query: Unfreeze) -> Outcome:
        refusal = self.eligibility.can_approve(inbound.actor)
        if refusal:
            return self._reply(inbound, refused("unfreeze", refusal.reason), replies.refusal_message(refusal).text)
        if self.freeze_service.now() is None:
            return self._reply(inbound, refused("unfreeze", "not frozen"), "Resets are not frozen.")
        later = self.freeze_service.unfreeze(inbound.actor, inbound.key, inbound.freezes or 0)
        if later:
            words = request_texts.newer_freeze_text(later.user_id, later.at, later.why)
            return self._reply(inbound, refused("unfreeze", "frozen again after it was typed"), words)
        return self._reply(inbound, AuditAction("asked to unfreeze", "done"), "Resets may go on.")

    def _reply(self, inbound: InboundRequest, action: AuditAction, text: str) -> Outcome:
        return Outcome(action, partial(self.responder.reply, inbound, replies.text_message(text)))
