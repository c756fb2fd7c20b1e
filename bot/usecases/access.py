"""Who may look: the first question of every story.

Refuses when it cannot tell who somebody is.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.refusal import Reason, Refusal
from bot.usecases.ports import People, PeopleError


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, by the ids that Slack put into the payload."""

    user_id: str
    team_id: str


@dataclass(frozen=True, slots=True)
class Allowed:
    """A list of people: user ids and user groups. Both empty means any full member of the workspace."""

    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()

    @property
    def is_anyone(self) -> bool:
        """True when nobody in particular is named."""
        return not self.users and not self.groups


@dataclass(frozen=True, slots=True)
class Access:
    """Decides whether an actor may see version tables."""

    team_id: str
    viewers: Allowed
    people: People

    def refusal(self, actor: Actor) -> Refusal | None:
        """Return why this actor may not look, or None when they may."""
        refusal = self.unfit(actor)
        if refusal:
            return refusal
        try:
            return None if self.is_listed(actor) else Refusal(Reason.NOT_A_VIEWER)
        except PeopleError:
            return Refusal(Reason.CANNOT_LOOK_UP)

    def unfit(self, actor: Actor) -> Refusal | None:
        """Return why this is nobody who could be let in, whatever list they are on; None for a full member."""
        if actor.team_id != self.team_id:
            return Refusal(Reason.OTHER_WORKSPACE)
        try:
            person = self.people.find(actor.user_id)
        except PeopleError:
            return Refusal(Reason.CANNOT_LOOK_UP)
        faults = (
            (person.is_external or person.team_id != self.team_id, Reason.OTHER_WORKSPACE),
            (person.is_deactivated, Reason.DEACTIVATED),
            (person.is_bot, Reason.BOT),
            (person.is_guest, Reason.GUEST),
        )
        return next((Refusal(reason) for holds, reason in faults if holds), None)

    def is_listed(self, actor: Actor) -> bool:
        """Whether the list names this person. Raises PeopleError when a group cannot be read."""
        if self.viewers.is_anyone or actor.user_id in self.viewers.users:
            return True
        return any(actor.user_id in self.people.members(group) for group in self.viewers.groups)
