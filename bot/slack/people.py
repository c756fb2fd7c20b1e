"""Who people are, from `users.info` and `usergroups.users.list`; implements the port `People`.

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

CACHED_FOR = timedelta(seconds=60)
NAMES_CACHED_FOR = timedelta(hours=1)
ERROR_PAUSE = timedelta(minutes=1)
_SLACKBOT = "USLACKBOT"
"""Slack does not flag it as a bot."""


class SlackPeople:
    """Calls Slack every time."""

    def __init__(self, client: WebClient) -> None:
        self._client = client

    def find(self, user_id: str) -> Person:
        """Look one person up. Raises PeopleError."""
        user = _call(lambda: object_field(self._client.users_info(user=user_id), "user"))
        known_as = _call(lambda: text_field(user, "id"))
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
        users = _call(lambda: self._client.usergroups_users_list(usergroup=group_id)).get("users")
        if not isinstance(users, list):
            raise PeopleError("Slack's answer has no users")
        return frozenset(users)


class CachedPeople:
    """Caches the answers of another `People` for CACHED_FOR; errors are not cached."""

    def __init__(self, people: People, clock: Clock) -> None:
        self._people = people
        self._clock = clock
        self._persons: dict[str, tuple[datetime, Person]] = {}
        self._groups: dict[str, tuple[datetime, frozenset[str]]] = {}
        self._guard = threading.Lock()

    def find(self, user_id: str) -> Person:
        """Look one person up. Raises PeopleError."""
        return self._cached(self._persons, user_id, self._people.find)

    def members(self, group_id: str) -> frozenset[str]:
        """Return the user ids of a user group. Raises PeopleError."""
        return self._cached(self._groups, group_id, self._people.members)

    def _cached(self, cache: dict[str, tuple[datetime, Result]], key: str, fetch: Callable[[str], Result]) -> Result:
        # One call at a time: a hundred commands of one person are one call of Slack, not a hundred.
        with self._guard:
            at, known = cache.get(key, (None, None))
            now = self._clock()
            if at is not None and known is not None and now - at < CACHED_FOR:
                return known
            answer = fetch(key)
            cache[key] = (now, answer)
            return answer


class SlackNames:
    """Display names of users, cached for NAMES_CACHED_FOR; the id where Slack does not answer. For one thread only.

    After an error Slack is not called for a minute, so that drawing does not wait for every name.
    """

    def __init__(self, client: WebClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._names: dict[str, tuple[datetime, str]] = {}
        self._paused_until: datetime | None = None

    def __call__(self, user_id: str) -> str:
        """Return the display name of a user id, or the id."""
        now = self._clock()
        at, name = self._names.get(user_id, (None, user_id))
        is_fresh = at is not None and now - at < NAMES_CACHED_FOR
        if is_fresh or (self._paused_until is not None and now < self._paused_until):
            return name
        try:
            name = _display_name(_call(lambda: object_field(self._client.users_info(user=user_id), "user"))) or user_id
        except PeopleError:
            self._paused_until = now + ERROR_PAUSE
        else:
            self._names[user_id] = (now, name)
        return name


def _display_name(user: Mapping[str, Any]) -> str:
    return str(user.get("real_name") or (user.get("profile") or {}).get("real_name") or user.get("name") or "")


def _call(method: Callable[[], Result]) -> Result:
    try:
        return method()
    except SlackApiError as error:
        raise PeopleError(str(error.response.get("error") or error.response.status_code)) from error
    except (SlackClientError, HTTPException, OSError) as error:
        raise PeopleError(error_text(error)) from error
