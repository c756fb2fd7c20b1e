"""What Slack's errors mean for somebody who waits for a message, and who can cure them.

Errors: docs.slack.dev/reference/methods/chat.postMessage and chat.update.
"""

from __future__ import annotations

import re

from bot.views.block_kit import escape

_NAME = re.compile(r"\w{1,80}", re.ASCII)
_ARCHIVED = "the channel is archived: unarchive it, or name another one in the bot's settings"
_INVITE = "I am not in that channel: type `/invite @pkgstatus` there"
_RULES = "the workspace's rules do not let me post there: a workspace admin can allow it"
_SCOPES = "I lack a right in this workspace: an admin reinstalls me with the scopes of manifest.yml"
_TOKEN = "my token no longer counts: an admin reinstalls me and gives me the new token"  # noqa: S105 - no secret
_DRAWING = "Slack refuses how I draw it, in every form that I have: tell the bot's admin"

_CURES_BY_ERROR = {
    "not_in_channel": _INVITE,
    "channel_not_found": _INVITE,
    "is_archived": _ARCHIVED,
    "channel_is_archived": _ARCHIVED,
    "no_permission": _RULES,
    "access_denied": _RULES,
    "team_access_not_granted": _RULES,
    "posting_to_general_channel_denied": _RULES,
    "missing_scope": _SCOPES,
    "account_inactive": _TOKEN,
    "invalid_auth": _TOKEN,
    "not_authed": _TOKEN,
    "token_revoked": _TOKEN,
    "token_expired": _TOKEN,
}
_CURES_BY_PART = {
    "restricted_action": _RULES,
    "blocks": _DRAWING,
    "too_": _DRAWING,
    "too ": _DRAWING,
    "attachment": _DRAWING,
    "cannot be drawn": _DRAWING,
}


def explain(error: str) -> str:
    """Return an error as Slack names it, and what it means where that is known."""
    means = _CURES_BY_ERROR.get(error) or next((cure for part, cure in _CURES_BY_PART.items() if part in error), "")
    name = f"`{error if _NAME.fullmatch(error) else escape(error, 80)}`"
    return f"{name}, which means that {means}" if means else name
