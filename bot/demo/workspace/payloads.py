"""The payloads of envelopes, shaped as Slack shapes them.

Pure building: everything an envelope says is passed in.
"""

import html
import secrets
import time
from typing import Any

from bot.demo.workspace import people
from bot.demo.workspace.failure import Json
from bot.demo.workspace.people import Channel, Person

TEAM: Json = {"id": people.TEAM_ID, "domain": people.TEAM_DOMAIN}


def escaped(text: str) -> str:
    """Return text with the three characters Slack escapes."""
    return html.escape(text, quote=False)


def channel_name(channel: Channel) -> str:
    """Return the name payloads give a channel."""
    return "directmessage" if channel.is_im else "privategroup" if channel.is_private else channel.name


def slash_command(person: Person, channel: Channel, command: str, text: str) -> Json:
    """Return a command without its trigger id and response URL."""
    return {
        "token": people.VERIFICATION_TOKEN,
        "team_id": person.team_id,
        "team_domain": people.TEAM_DOMAIN if person.is_ours else "fabrikam",
        "channel_id": channel.id,
        "channel_name": channel_name(channel),
        "user_id": person.id,
        "user_name": person.handle,
        "command": command,
        "text": escaped(text.strip()),
        "api_app_id": people.APP_ID,
        "is_enterprise_install": "false",
    }


def interaction(kind: str, person: Person, **parts: Any) -> Json:
    """Return what all interactions have in common, with the given parts."""
    user = {"id": person.id, "username": person.handle, "name": person.handle, "team_id": person.team_id}
    return {
        "type": kind,
        "user": user,
        "api_app_id": people.APP_ID,
        "token": people.VERIFICATION_TOKEN,
        "team": TEAM,
        "enterprise": None,
        "is_enterprise_install": False,
        **parts,
    }


def event(document: Json, *, is_ext_shared: bool = False) -> Json:
    """Return an event with the callback around it."""
    now = time.time()
    authorization = {
        "enterprise_id": None,
        "team_id": people.TEAM_ID,
        "user_id": people.BOT_USER_ID,
        "is_bot": True,
    }
    return {
        "token": people.VERIFICATION_TOKEN,
        "team_id": people.TEAM_ID,
        "api_app_id": people.APP_ID,
        "event": document | {"event_ts": f"{now:.6f}"},
        "type": "event_callback",
        "event_id": f"Ev{secrets.token_hex(5).upper()}",
        "event_time": int(now),
        "authorizations": [authorization | {"is_enterprise_install": False}],
        "is_ext_shared_channel": is_ext_shared,
    }
