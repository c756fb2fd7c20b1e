"""The bot scopes that are asked for, and what each is for; manifest.yml asks for the same."""

from __future__ import annotations

from types import MappingProxyType

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
