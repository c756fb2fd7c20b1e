"""The Web API as one table: each method with its function, the scopes that allow it, its token and its pace.

A method that is not here does not exist. Tiers are Slack's: calls a minute.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bot.demo.workspace import chat_api, files_api, people, people_api, views_api
from bot.demo.workspace.arguments import Arguments
from bot.demo.workspace.failure import Failure, Json
from bot.demo.workspace.workspace import Workspace

TIER_2, TIER_3, TIER_4, SPECIAL = 20, 50, 100, 600
ANY_CONVERSATION = ("channels:read", "groups:read", "im:read", "mpim:read")
OPEN_CONVERSATION = ("channels:manage", "groups:write", "im:write", "mpim:write")
NO_TOKEN = ""


@dataclass(frozen=True)
class Method:
    """One Web API method."""

    answer: Callable[[Workspace, Arguments], Json]
    per_minute: int
    scopes: tuple[str, ...] = ()
    """One of these is enough; none means no scope is needed."""
    token: str = people.BOT_TOKEN


def open_connection(workspace: Workspace, _: Arguments) -> Json:
    """Answer apps.connections.open with the address of one new connection."""
    if not workspace.manifest.has_socket_mode:
        raise Failure("socket_mode_not_enabled")
    address = workspace.url.replace("http://", "ws://")
    return {"url": f"{address}/link?ticket={workspace.sockets.ticket()}&app_id={people.APP_ID}"}


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "apps.connections.open": Method(open_connection, TIER_3, token=people.APP_TOKEN),
        "auth.test": Method(people_api.auth_test, SPECIAL),
        "blocks.validate": Method(views_api.validate_blocks, SPECIAL, token=NO_TOKEN),
        "bots.info": Method(people_api.bots_info, TIER_3, ("users:read",)),
        "chat.delete": Method(chat_api.delete, TIER_3, ("chat:write",)),
        "chat.getPermalink": Method(chat_api.get_permalink, SPECIAL),
        "chat.postEphemeral": Method(chat_api.post_ephemeral, TIER_4, ("chat:write",)),
        "chat.postMessage": Method(chat_api.post_message, SPECIAL, ("chat:write",)),
        "chat.update": Method(chat_api.update, TIER_3, ("chat:write",)),
        "conversations.info": Method(people_api.conversations_info, TIER_3, ANY_CONVERSATION),
        "conversations.list": Method(people_api.conversations_list, TIER_2, ANY_CONVERSATION),
        "conversations.members": Method(people_api.conversations_members, TIER_4, ANY_CONVERSATION),
        "conversations.open": Method(people_api.conversations_open, TIER_3, OPEN_CONVERSATION),
        "files.completeUploadExternal": Method(files_api.complete_upload, TIER_4, ("files:write",)),
        "files.getUploadURLExternal": Method(files_api.get_upload_url, TIER_4, ("files:write",)),
        "usergroups.list": Method(people_api.usergroups_list, TIER_2, ("usergroups:read",)),
        "usergroups.users.list": Method(people_api.usergroups_users_list, TIER_2, ("usergroups:read",)),
        "users.info": Method(people_api.users_info, TIER_4, ("users:read",)),
        "users.list": Method(people_api.users_list, TIER_2, ("users:read",)),
        "views.open": Method(views_api.open_view, TIER_4),
        "views.publish": Method(views_api.publish_view, TIER_4),
        "views.push": Method(views_api.push_view, TIER_4),
        "views.update": Method(views_api.update_view, TIER_4),
    }
)
