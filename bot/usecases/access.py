"""Who may look: the first question of every story.

Refuses when it cannot tell who somebody is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.domain.refusal import Reason, Refusal
from bot.usecases.ports import People, PeopleError, Person

if TYPE_CHECKING:
    from collections.abc import Iterable


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
        if actor.team_id != self.team_id:
            return Refusal(Reason.OTHER_WORKSPACE)
        try:
            person = self.people.find(actor.user_id)
            return self._unfit(person) or self._unlisted(person)
        except PeopleError:
            return Refusal(Reason.CANNOT_LOOK_UP)

    def _unfit(self, person: Person) -> Refusal | None:
        faults = (
            (person.is_external or person.team_id != self.team_id, Reason.OTHER_WORKSPACE),
            (person.is_deactivated, Reason.DEACTIVATED),
            (person.is_bot, Reason.BOT),
            (person.is_guest, Reason.GUEST),
        )
        return next((Refusal(reason) for holds, reason in faults if holds), None)

    def _unlisted(self, person: Person) -> Refusal | None:
        if self.viewers.is_anyone or person.id in self.viewers.users:
            return None
        if _is_in_a_group(person, self.viewers.groups, self.people):
            return None
        return Refusal(Reason.NOT_A_VIEWER)


def _is_in_a_group(person: Person, groups: Iterable[str], people: People) -> bool:
    return any(person.id in people.members(group) for group in groups)
