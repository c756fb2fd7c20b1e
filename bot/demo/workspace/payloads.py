"""The payloads of envelopes, shaped as Slack shapes them.

Pure building: everything an envelope says is passed in.
"""

import html
import secrets
import time
from typing import Any

from bot.demo.workspace import people
from bot.demo.workspace.failure import Json
from bot.demo.workspace.people import Channel, Person, Place


def escaped(text: str) -> str:
    """Return text with the three characters Slack escapes."""
    return html.escape(text, quote=False)


def channel_name(channel: Channel) -> str:
    """Return the name payloads give a channel."""
    return "directmessage" if channel.is_im else "privategroup" if channel.is_private else channel.name


def slash_command(place: Place, person: Person, channel: Channel, command: str, text: str) -> Json:
    """Return a command without its trigger id and response URL."""
    return {
        "token": people.VERIFICATION_TOKEN,
        "team_id": place.team_id if person.is_ours else person.team_id,
        "team_domain": people.TEAM_DOMAIN if person.is_ours else "fabrikam",
        "channel_id": channel.id,
        "channel_name": channel_name(channel),
        "user_id": person.acts_as or person.id,
        "user_name": person.handle,
        "command": command,
        "text": escaped(text.strip()),
        "api_app_id": place.app_id,
        "is_enterprise_install": str(place.is_org_wide).lower(),
        **({"enterprise_id": place.enterprise_id, "enterprise_name": people.ORG_NAME} if place.enterprise_id else {}),
    }


def interaction(place: Place, kind: str, person: Person, **parts: Any) -> Json:
    """Return what all interactions have in common, with the given parts."""
    user = {"id": person.acts_as or person.id, "username": person.handle, "name": person.handle}
    user["team_id"] = person.acts_in or person.team_id
    if place.is_org_wide and "view" in parts:
        parts["view"] |= {"team_id": None, "app_installed_team_id": place.enterprise_id}
    return {
        "type": kind,
        "user": user,
        "api_app_id": place.app_id,
        "token": people.VERIFICATION_TOKEN,
        "team": place.team,
        "enterprise": place.enterprise,
        "is_enterprise_install": place.is_org_wide,
        **parts,
    }


def event(place: Place, document: Json, *, is_ext_shared: bool = False) -> Json:
    """Return an event with the callback around it."""
    now = time.time()
    authorization = {
        "enterprise_id": place.enterprise_id or None,
        "team_id": None if place.is_org_wide else place.team_id,
        "user_id": people.BOT_USER_ID,
        "is_bot": True,
    }
    return {
        "token": people.VERIFICATION_TOKEN,
        "team_id": place.team_id,
        "api_app_id": place.app_id,
        **({"enterprise_id": place.enterprise_id} if place.enterprise_id else {}),
        "event": document | {"event_ts": f"{now:.6f}"},
        "type": "event_callback",
        "event_id": f"Ev{secrets.token_hex(5).upper()}",
        "event_time": int(now),
        "authorizations": [authorization | {"is_enterprise_install": place.is_org_wide}],
        "is_ext_shared_channel": is_ext_shared,
    }
