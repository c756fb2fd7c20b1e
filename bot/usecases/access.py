"""Who may see version tables: the first check of every use case.

Refuses when it cannot tell who somebody is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.domain.refusal import Reason, Refusal
from bot.usecases.ports.slack import People, PeopleError, Person

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, by the ids that Slack put into the payload."""

    user_id: str
    team_id: str


@dataclass(frozen=True, slots=True)
class Installation:
    """The workspace that installed the bot, and the Enterprise Grid organisation that it belongs to, if any."""

    team_id: str
    enterprise_id: str = ""
    app_ids: frozenset[str] = frozenset()
    """By which payloads name this app; empty when Slack does not tell."""
    url: str = ""
    """The workspace's address, with a slash at its end."""

    def has(self, person: Person) -> bool:
        """Whether somebody is of this workspace, at home here or elsewhere in the organisation."""
        return not person.is_external and self.team_id in {person.team_id, *person.teams}

    def may_act_as(self, person: Person, team_id: str) -> bool:
        """Whether a payload about this person may name that workspace.

        In an organisation Slack names any of a person's workspaces, or the organisation itself.
        """
        return bool(self.enterprise_id) or team_id in {self.team_id, person.team_id, *person.teams}


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

    installation: Installation
    viewers: Allowed
    people: People

    def refusal(self, actor: Actor) -> Refusal | None:
        """Return why this actor may not look, or None when they may."""
        found = self.viewer(actor)
        return found if isinstance(found, Refusal) else None

    def viewer(self, actor: Actor) -> Person | Refusal:
        """Return who this actor is, or why they may not look."""
        return self.listed(actor, Reason.NOT_A_VIEWER, Reason.CANNOT_LOOK_UP)

    def member(self, actor: Actor) -> Person | Refusal:
        """Return who this full member is, or why this is nobody who could be let in, whatever list they are on."""
        try:
            person = self.people.find(actor.user_id)
        except PeopleError:
            return Refusal(Reason.CANNOT_LOOK_UP)
        is_ours = self.installation.has(person) and self.installation.may_act_as(person, actor.team_id)
        faults = (
            (not is_ours, Reason.OTHER_WORKSPACE),
            (person.is_deactivated, Reason.DEACTIVATED),
            (person.is_bot, Reason.BOT),
            (person.is_guest, Reason.GUEST),
        )
        return next((Refusal(reason) for holds, reason in faults if holds), person)

    def listed(self, actor: Actor, otherwise: Reason, unreadable: Reason) -> Person | Refusal:
        """Return who this member on the list is; `otherwise` for one who is not, `unreadable` without an answer."""
        person = self.member(actor)
        if isinstance(person, Refusal) or self.viewers.is_anyone:
            return person
        ids = person.ids | {actor.user_id}
        try:
            is_listed = ids & self.viewers.users or any(ids & self.people.members(each) for each in self.viewers.groups)
        except PeopleError:
            return Refusal(unreadable)
        return person if is_listed else Refusal(otherwise)


def distinct(people: Iterable[frozenset[str]]) -> int:
    """Count humans, each given by their ids: who shares an id with another is the same one."""
    known: list[frozenset[str]] = []
    for ids in people:
        same = [each for each in known if each & ids]
        known = [*(each for each in known if not each & ids), ids.union(*same)]
    return len(known)
