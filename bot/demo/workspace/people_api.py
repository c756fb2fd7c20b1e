"""The users.*, usergroups.* and conversations.* methods, and auth.test: who and where, never what was said.

Answers from the memory as Slack would; changes nothing but opening a direct message.
"""

from collections.abc import Sequence
from typing import Any

from bot.demo.workspace import people
from bot.demo.workspace.arguments import Arguments
from bot.demo.workspace.failure import Failure, Json
from bot.demo.workspace.people import Channel, as_conversation, as_user
from bot.demo.workspace.workspace import Workspace

MAX_PAGE = 1000


def page(items: Sequence[Any], arguments: Arguments) -> tuple[list[Any], Json]:
    """Return one page of a list and the metadata that names the next."""
    start, limit = arguments.number("cursor", 0), arguments.number("limit", 100)
    if not 1 <= limit <= MAX_PAGE:
        raise Failure("invalid_limit")
    cursor = str(start + limit) if start + limit < len(items) else ""
    return list(items[start : start + limit]), {"next_cursor": cursor}


def auth_test(workspace: Workspace, _: Arguments) -> Json:
    """Answer auth.test for the bot token."""
    place = workspace.place
    return {
        "url": f"{workspace.url}/",
        "team": people.ORG_NAME if place.is_org_wide else people.TEAM_NAME,
        "user": "pkgstatus",
        "team_id": place.enterprise_id if place.is_org_wide else place.team_id,
        "user_id": people.BOT_USER_ID,
        "bot_id": people.BOT_ID,
        "is_enterprise_install": place.is_org_wide,
        **({"enterprise_id": place.enterprise_id} if place.enterprise_id else {}),
    }


def bots_info(workspace: Workspace, arguments: Arguments) -> Json:
    """Answer bots.info for the app's own bot."""
    if arguments.required("bot") != people.BOT_ID:
        raise Failure("bot_not_found")
    names = {"id": people.BOT_ID, "name": "pkgstatus", "user_id": people.BOT_USER_ID}
    return {"bot": names | {"app_id": workspace.place.app_id, "deleted": False, "updated": 1_700_000_000}}


def users_info(workspace: Workspace, arguments: Arguments) -> Json:
    """Answer users.info."""
    person = workspace.conversations.known(arguments.required("user"))
    if person is None:
        raise Failure("user_not_found")
    return {"user": as_user(person, workspace.place)}


def users_list(workspace: Workspace, arguments: Arguments) -> Json:
    """Answer users.list: this workspace's people and those who share a channel with it."""
    members, metadata = page(list(workspace.conversations.people.values()), arguments)
    return {"members": [as_user(person, workspace.place) for person in members], "response_metadata": metadata}


def usergroups_list(workspace: Workspace, arguments: Arguments) -> Json:
    """Answer usergroups.list."""
    groups = []
    for group in workspace.conversations.groups.values():
        entry: Json = {"id": group.id, "team_id": people.TEAM_ID, "handle": group.handle, "name": group.name}
        entry |= {"is_usergroup": True, "date_delete": 0, "user_count": len(group.users)}
        groups.append(entry | ({"users": group.users} if arguments.flag("include_users") else {}))
    return {"usergroups": groups}


def usergroups_users_list(workspace: Workspace, arguments: Arguments) -> Json:
    """Answer usergroups.users.list: active members only, as Slack keeps no deactivated ones in a group."""
    group = workspace.conversations.groups.get(arguments.required("usergroup"))
    if group is None:
        raise Failure("no_such_subteam")
    members = {user: workspace.conversations.known(user) for user in group.users}
    return {"users": [user for user, person in members.items() if person and not person.deleted]}


def _readable(workspace: Workspace, arguments: Arguments) -> Channel:
    """Return the channel asked for, checked against the scope that its kind needs."""
    channel = workspace.conversations.channels.get(arguments.required("channel"))
    if channel is None or (channel.is_private and people.BOT_USER_ID not in channel.members):
        raise Failure("channel_not_found")
    needed = "im:read" if channel.is_im else "groups:read" if channel.is_private else "channels:read"
    workspace.manifest.require((needed,))
    return channel


def conversations_info(workspace: Workspace, arguments: Arguments) -> Json:
    """Answer conversations.info."""
    return {"channel": as_conversation(_readable(workspace, arguments))}


def conversations_members(workspace: Workspace, arguments: Arguments) -> Json:
    """Answer conversations.members."""
    members, metadata = page(_readable(workspace, arguments).members, arguments)
    return {"members": members, "response_metadata": metadata}


def conversations_list(workspace: Workspace, arguments: Arguments) -> Json:
    """Answer conversations.list for the kinds asked for."""
    kinds = (arguments.text("types") or "public_channel").split(",")
    scopes = {"public_channel": "channels:read", "private_channel": "groups:read", "im": "im:read"}
    if not set(kinds) <= set(scopes):
        raise Failure("invalid_types")
    for kind in kinds:
        workspace.manifest.require((scopes[kind],))
    found = [c for c in workspace.conversations.channels.values() if _kind(c) in kinds and _is_listed(c)]
    channels, metadata = page(found, arguments)
    return {"channels": [as_conversation(channel) for channel in channels], "response_metadata": metadata}


def _kind(channel: Channel) -> str:
    return "im" if channel.is_im else "private_channel" if channel.is_private else "public_channel"


def _is_listed(channel: Channel) -> bool:
    return not channel.is_private or people.BOT_USER_ID in channel.members


def conversations_open(workspace: Workspace, arguments: Arguments) -> Json:
    """Answer conversations.open for one person."""
    person = workspace.conversations.known(arguments.required("users"))
    if person is None:
        raise Failure("user_not_found")
    return {"channel": {"id": workspace.conversations.direct_message(person).id}}
