"""Looks at the lists of people: whether the groups can be read, and how many could vote today."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.domain.check_finding import Area, Finding, Severity
from bot.domain.quantity import number, quantity
from bot.domain.refusal import Reason, Refusal
from bot.usecases.access import Access, Actor, Allowed, Installation, distinct
from bot.usecases.checks.slack import NETWORK
from bot.usecases.ports.slack import PeopleError, Person

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.usecases.ports.slack import People

ADMIN = "Copy the id from the user group's menu (it begins with S); user groups need a paid plan and usergroups:read."
MEMBER_ID = "Copy the member ID from the person's profile (⋮, Copy member ID), or take it off the list."
KNOWN = "First let Slack say who they are: the app needs users:read, and each of them a right id."
_NOBODY = {"user_not_found", "user_not_visible"}


@dataclass(frozen=True, slots=True)
class PeopleCheck:
    """Looks people up as a vote does; `lists` are all lists of the settings by their names."""

    installation: Installation
    people: People
    lists: Mapping[str, Allowed]
    requester_counts: bool
    quorum: int

    def findings(self) -> Iterator[Finding]:
        """Look at each list, then at who could vote."""
        readable = True
        for name, allowed in self.lists.items():
            for user in sorted(allowed.users):
                yield from self._unknown(f"{name} {user}", user)
            for group in sorted(allowed.groups):
                finding = self._group(f"{name} group {group}", group)
                readable = readable and finding.mark is not Severity.WRONG
                yield finding
        if readable:
            yield self._voters(self.lists["approvers"])

    def _unknown(self, subject: str, user: str) -> Iterator[Finding]:
        try:
            self.people.find(user)
        except PeopleError as error:
            is_nobody = str(error) in _NOBODY
            sentence = "nobody has this id" if is_nobody else f"Slack does not say who this is: {error}"
            yield Finding(Area.PEOPLE, Severity.WRONG, subject, sentence, MEMBER_ID if is_nobody else NETWORK)

    def _group(self, subject: str, group: str) -> Finding:
        try:
            count = len(self.people.members(group))
        except PeopleError as error:
            return Finding(Area.PEOPLE, Severity.WRONG, subject, f"Slack does not say who is in it: {error}", ADMIN)
        if count:
            return Finding(Area.PEOPLE, Severity.GOOD, subject, quantity(count, "person"))
        return Finding(
            Area.PEOPLE, Severity.WRONG, subject, "nobody is in it", "Add people to the user group in Slack."
        )

    def _voters(self, approvers: Allowed) -> Finding:
        named = set(approvers.users).union(*map(self.people.members, approvers.groups))
        access = Access(self.installation, approvers, self.people)
        found = {user: access.member(Actor(user, self.installation.team_id)) for user in sorted(named)}
        unfit = {user: refusal for user, refusal in found.items() if isinstance(refusal, Refusal)}
        count = distinct(person.ids | {user} for user, person in found.items() if isinstance(person, Person))
        who = "".join(f"; {user} may not: {refusal.reason}" for user, refusal in unfit.items())
        if count < len(named) - len(unfit):
            who += "; some are named by two of their ids"
        if count < self.quorum:
            is_unknown = any(refusal.reason is Reason.CANNOT_LOOK_UP for refusal in unfit.values())
            cure = KNOWN if is_unknown else "Name more people in PKGSTATUS_APPROVERS__USERS, or add them to the group."
            return Finding(
                Area.PEOPLE,
                Severity.WRONG,
                "votes",
                f"{quantity(count, 'person')} could vote today, {number(self.quorum)} must{who}",
                cure,
            )
        if count == self.quorum and not self.requester_counts:
            cure = "Name a third approver, so that one of them can be away or ask for a reset."
            sentence = f"only {quantity(count, 'person')} could vote today, so neither may ask or be away{who}"
            return Finding(Area.PEOPLE, Severity.WARNING, "votes", sentence, cure)
        mark = Severity.WARNING if unfit else Severity.GOOD
        cure = "Take them off the list of approvers." if unfit else ""
        return Finding(Area.PEOPLE, mark, "votes", f"{quantity(count, 'person')} could vote today{who}", cure)
