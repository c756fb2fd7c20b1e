"""Who people are, from `users.info` and `usergroups.users.list`; fills the port `People`.

Flags and their meaning: docs.slack.dev/reference/objects/user-object. Being external is no flag of its own: it is a
team id that is not ours. In an Enterprise Grid organisation the team id may be missing or be that of the person's home
workspace; `enterprise_user` then says which workspaces they belong to, and under which id the organisation knows them.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, TypeVar

from slack_sdk.errors import SlackApiError, SlackClientError

from bot.slack.web_client import error_text, object_field, text_field
from bot.usecases.ports.slack import PeopleError, Person

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slack_sdk import WebClient

    from bot.usecases.ports.clock import Clock
    from bot.usecases.ports.slack import People

Result = TypeVar("Result")

REMEMBERED_FOR = timedelta(seconds=60)
NAMES_REMEMBERED_FOR = timedelta(hours=1)
SILENT_FOR = timedelta(minutes=1)
_SLACKBOT = "USLACKBOT"
"""Which Slack does not flag as a bot."""


class SlackPeople:
    """Asks Slack every time."""

    def __init__(self, client: WebClient) -> None:
        self._client = client

    def find(self, user_id: str) -> Person:
        """Look one person up. Raises PeopleError."""
        user = _ask(lambda: object_field(self._client.users_info(user=user_id), "user"))
        known_as = _ask(lambda: text_field(user, "id"))
        enterprise = user.get("enterprise_user") or {}
        return Person(
            id=known_as,
            team_id=user.get("team_id") or "",
            is_bot=bool(user.get("is_bot") or known_as == _SLACKBOT),
            is_deactivated=bool(user.get("deleted")),
            is_guest=bool(user.get("is_restricted") or user.get("is_ultra_restricted") or user.get("is_invited_user")),
            is_external=bool(user.get("is_stranger")),
            teams=frozenset(enterprise.get("teams") or ()),
            global_id=enterprise.get("id") or "",
        )

    def members(self, group_id: str) -> frozenset[str]:
        """Return the user ids of a user group. Raises PeopleError."""
        users = _ask(lambda: self._client.usergroups_users_list(usergroup=group_id)).get("users")
        if not isinstance(users, list):
            raise PeopleError("Slack's answer has no users")
        return frozenset(users)


class CachedPeople:
    """Asks another `People` at most once a minute about the same thing; errors are not remembered."""

    def __init__(self, people: People, clock: Clock) -> None:
        self._people = people
        self._clock = clock
        self._persons: dict[str, tuple[datetime, Person]] = {}
        self._groups: dict[str, tuple[datetime, frozenset[str]]] = {}
        self._guard = threading.Lock()

    def find(self, user_id: str) -> Person:
        """Look one person up. Raises PeopleError."""
        return self._remembered(self._persons, user_id, self._people.find)

    def members(self, group_id: str) -> frozenset[str]:
        """Return the user ids of a user group. Raises PeopleError."""
        return self._remembered(self._groups, group_id, self._people.members)

    def _remembered(self, memory: dict[str, tuple[datetime, Result]], key: str, ask: Callable[[str], Result]) -> Result:
        # One at a time: a hundred commands of one person are one question to Slack, not a hundred.
        with self._guard:
            at, known = memory.get(key, (None, None))
            now = self._clock()
            if at is not None and known is not None and now - at < REMEMBERED_FOR:
                return known
            answer = ask(key)
            memory[key] = (now, answer)
            return answer


class SlackNames:
    """What people are called, for display only; the id where Slack does not say. One thread asks.

    A Slack that does not answer is left alone for a minute, so that nothing waits for a name again and again.
    """

    def __init__(self, client: WebClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._names: dict[str, tuple[datetime, str]] = {}
        self._silent_until: datetime | None = None

    def __call__(self, user_id: str) -> str:
        """Return a person's name, or their id."""
        now = self._clock()
        at, name = self._names.get(user_id, (None, user_id))
        is_fresh = at is not None and now - at < NAMES_REMEMBERED_FOR
        if is_fresh or (self._silent_until is not None and now < self._silent_until):
            return name
        try:
            name = _name(_ask(lambda: object_field(self._client.users_info(user=user_id), "user"))) or user_id
        except PeopleError:
            self._silent_until = now + SILENT_FOR
        else:
            self._names[user_id] = (now, name)
        return name


def _name(user: Mapping[str, Any]) -> str:
    return str(user.get("real_name") or (user.get("profile") or {}).get("real_name") or user.get("name") or "")


def _ask(question: Callable[[], Result]) -> Result:
    try:
        return question()
    except SlackApiError as error:
        raise PeopleError(str(error.response.get("error") or error.response.status_code)) from error
    except (SlackClientError, HTTPException, OSError) as error:
        raise PeopleError(error_text(error)) from error
