"""The installation: whom the tokens authenticate, which payloads are for it, and whether its channel is fit for votes.

Shapes: docs.slack.dev/interactivity (`team`, `enterprise`, `api_app_id`, `is_enterprise_install`), docs.slack.dev/
apis/events-api (`team_id`), docs.slack.dev/enterprise. A view also names the workspace where its app is installed.
"""

from __future__ import annotations

import re
from http.client import HTTPException
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import structlog
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.domain.refusal import Reason, Refusal
from bot.slack.socket_mode import ConnectionTimings, SlackAuthError, raise_if_fatal, reconnect_delays
from bot.slack.web_client import error_text, object_field, text_field
from bot.usecases.access import Installation

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

    from slack_sdk import WebClient

log = structlog.stdlib.get_logger(__name__)
ORG_WIDE = (
    "The bot token is of an installation for a whole organisation, and the bot works in one workspace: install the app"
    " to that workspace and use the bot token of there."
)
SCOPES = MappingProxyType(
    {
        "commands": "/pkgstatus and the buttons below its answers",
        "chat:write": "cards, the audit trail, direct messages",
        "files:write": "the CSV of a table",
        "users:read": "who is asking: member, guest, another workspace",
        "usergroups:read": "approvers and viewers named by user group",
        "channels:read": "whether the approvals channel is shared outside",
        "groups:read": "the same for a private channel",
    }
)
"""The bot token's scopes, and what each is for."""
_APP_TOKEN = re.compile(r"xapp-\d+-(A[A-Z0-9]+)-.+")


def authenticate(
    client: WebClient, stopping: threading.Event, timings: ConnectionTimings | None = None
) -> AuthorizeResult | None:
    """Call auth.test until Slack answers; None when `stopping` is set meanwhile.

    Raises SlackAuthError when the bot token is refused or of an organisation-wide installation.
    """
    for delay in reconnect_delays(timings or ConnectionTimings()):
        try:
            found = client.auth_test()
            if is_org_wide(found):
                raise SlackAuthError(ORG_WIDE)
            return AuthorizeResult(
                enterprise_id=found.get("enterprise_id"),
                team_id=text_field(found, "team_id"),
                url=found.get("url"),
                bot_user_id=found.get("user_id"),
                bot_id=found.get("bot_id"),
                bot_token=client.token,
            )
        except SlackApiError as error:
            raise_if_fatal("bot", error)
            log.warning("Slack does not say who we are", error=str(error.response.get("error")))
        except (OSError, HTTPException, SlackClientError) as error:
            log.warning("Slack cannot be reached", error=error_text(error))
        if stopping.wait(delay):
            return None
    raise AssertionError("the delays never end")


def is_org_wide(found: Any) -> bool:
    """Whether an answer of auth.test is for a whole organisation: it names that instead of a workspace."""
    team = found.get("team_id") or found.get("enterprise_id") or ""
    return bool(found.get("is_enterprise_install")) or str(team).startswith("E")


def installation_of(client: WebClient, identity: AuthorizeResult, app_token: str) -> Installation:
    """Return the workspace of the bot, and the ids by which payloads may name its app."""
    app_ids = {app_of_token(app_token), app_of_bot(client, identity.bot_id or "")} - {""}
    if len(app_ids) > 1:
        log.warning("the bot token and the app-level token are of two apps", apps=sorted(app_ids))
    url = f"{identity.url.rstrip('/')}/" if identity.url else ""
    return Installation(identity.team_id or "", identity.enterprise_id or "", frozenset(app_ids), url)


def app_of_token(app_token: str) -> str:
    """Return the app id in an app-level token: `A012ABCD` of `xapp-1-A012ABCD-...`; empty when it has none."""
    found = _APP_TOKEN.fullmatch(app_token)
    return found[1] if found else ""


def app_of_bot(client: WebClient, bot_id: str) -> str:
    """Return the app id of a bot by `bots.info` (scope `users:read`); empty when Slack does not answer."""
    try:
        return str(object_field(client.bots_info(bot=bot_id), "bot").get("app_id") or "")
    except (SlackClientError, HTTPException, OSError) as error:
        log.warning("Slack does not say which app the bot token is of", error=error_text(error))
        return ""


def rejection_reason(installation: Installation, body: Mapping[str, Any]) -> Reason | None:
    """Return why a payload is not for this installation; None when every id that it names belongs to it."""
    app_id = body.get("api_app_id")
    if app_id and installation.app_ids and app_id not in installation.app_ids:
        return Reason.OTHER_APP
    named = {_id(body.get(field)) for field in ("enterprise", "enterprise_id", "team", "team_id")}
    if isinstance(team := body.get("team"), dict):
        named.add(_id(team.get("enterprise_id")))
    if isinstance(view := body.get("view"), dict):
        named.add(_id(view.get("app_installed_team_id")))
    enterprises = {each for each in named if each.startswith("E")}  # also where a workspace is named
    teams = named - enterprises - {""}
    is_org_wide = not teams and str(body.get("is_enterprise_install")).lower() == "true"
    if enterprises - {installation.enterprise_id}:
        return Reason.OTHER_WORKSPACE
    if is_org_wide:
        return Reason.ORG_WIDE
    return None if teams == {installation.team_id} else Reason.OTHER_WORKSPACE


def _id(named: object) -> str:
    """Return the id of a team or an organisation, which is named by it or by an object."""
    return str((named.get("id") if isinstance(named, dict) else named) or "")


def channel_fault(client: WebClient, channel: str) -> Refusal | None:
    """Return why votes cannot be held in this channel, or None; without an answer of Slack they cannot."""
    try:
        found = object_field(client.conversations_info(channel=channel), "channel")
    except SlackApiError as error:
        is_gone = error.response.get("error") == "channel_not_found"
        return Refusal(Reason.CHANNEL_WITHOUT_BOT if is_gone else Reason.CANNOT_LOOK_UP)
    except (OSError, HTTPException, SlackClientError):
        return Refusal(Reason.CANNOT_LOOK_UP)
    faults = (
        (found.get("is_ext_shared") or found.get("is_pending_ext_shared"), Reason.CHANNEL_SHARED),
        (found.get("is_archived"), Reason.CHANNEL_ARCHIVED),
        (not found.get("is_member"), Reason.CHANNEL_WITHOUT_BOT),
    )
    return next((Refusal(reason) for holds, reason in faults if holds), None)
