"""Looks at the lists of people: whether the groups can be read, and how many could vote today."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.domain.finding import Area, Finding, Mark
from bot.domain.quorum import QUORUM
from bot.usecases.access import Access, Actor, Allowed
from bot.usecases.checks.slack import NETWORK
from bot.usecases.ports import PeopleError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.usecases.ports import People

ADMIN = "Copy the id from the user group's menu (it begins with S); user groups need a paid plan and usergroups:read."
MEMBER_ID = "Copy the member ID from the person's profile (⋮, Copy member ID), or take it off the list."
_NOBODY = {"user_not_found", "user_not_visible"}


@dataclass(frozen=True, slots=True)
class PeopleCheck:
    """Looks people up as a vote does; `lists` are all lists of the settings by their names."""

    team_id: str
    people: People
    lists: Mapping[str, Allowed]
    requester_counts: bool

    def findings(self) -> Iterator[Finding]:
        """Look at each list, then at who could vote."""
        readable = True
        for name, allowed in self.lists.items():
            for user in sorted(allowed.users):
                yield from self._unknown(f"{name} {user}", user)
            for group in sorted(allowed.groups):
                finding = self._group(f"{name} group {group}", group)
                readable = readable and finding.mark is not Mark.WRONG
                yield finding
        if readable:
            yield self._voters(self.lists["approvers"])

    def _unknown(self, subject: str, user: str) -> Iterator[Finding]:
        try:
            self.people.find(user)
        except PeopleError as error:
            is_nobody = str(error) in _NOBODY
            sentence = "nobody has this id" if is_nobody else f"Slack does not say who this is: {error}"
            yield Finding(Area.PEOPLE, Mark.WRONG, subject, sentence, MEMBER_ID if is_nobody else NETWORK)

    def _group(self, subject: str, group: str) -> Finding:
        try:
            count = len(self.people.members(group))
        except PeopleError as error:
            return Finding(Area.PEOPLE, Mark.WRONG, subject, f"Slack does not say who is in it: {error}", ADMIN)
        if count:
            return Finding(Area.PEOPLE, Mark.GOOD, subject, _people(count))
        return Finding(Area.PEOPLE, Mark.WRONG, subject, "nobody is in it", "Add people to the user group in Slack.")

    def _voters(self, approvers: Allowed) -> Finding:
        named = set(approvers.users).union(*map(self.people.members, approvers.groups))
        access = Access(self.team_id, approvers, self.people)
        unfit = {user: refusal for user in sorted(named) if (refusal := access.unfit(Actor(user, self.team_id)))}
        count = len(named) - len(unfit)
        who = "".join(f"; {user} may not: {refusal.reason}" for user, refusal in unfit.items())
        if count < QUORUM:
            cure = "Name more people in PKGSTATUS_APPROVERS__USERS, or add them to the group."
            return Finding(Area.PEOPLE, Mark.WRONG, "votes", f"{_people(count)} could vote today, two must{who}", cure)
        if count == QUORUM and not self.requester_counts:
            cure = "Name a third approver, so that one of them can be away or ask for a reset."
            sentence = f"only {_people(count)} could vote today, so neither may ask or be away{who}"
            return Finding(Area.PEOPLE, Mark.WARNING, "votes", sentence, cure)
        mark = Mark.WARNING if unfit else Mark.GOOD
        cure = "Take them off the list of approvers." if unfit else ""
        return Finding(Area.PEOPLE, mark, "votes", f"{_people(count)} could vote today{who}", cure)


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"
