"""The control API's queries: messages, modals, Home tabs, files, log, stream of changes.

It shows each person what that person may see, and changes nothing.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from types import MappingProxyType

from aiohttp import web

from bot.demo.workspace import people
from bot.demo.workspace.failure import Json, Refused
from bot.demo.workspace.files import as_payload as file_payload
from bot.demo.workspace.journal import Listener
from bot.demo.workspace.messages import as_seen
from bot.demo.workspace.people import Channel, Person
from bot.demo.workspace.views import as_payload
from bot.demo.workspace.workspace import Workspace

KEEP_ALIVE_S = 15.0
Query = Mapping[str, str]


def _reader(workspace: Workspace, query: Query) -> Person | None:
    return workspace.conversations.person(query["user"]) if query.get("user") else None


def _required_reader(workspace: Workspace, query: Query) -> Person:
    reader = _reader(workspace, query)
    if reader is None:
        raise Refused("The query needs a user.", 400)
    return reader


def _may_read(workspace: Workspace, channel: Channel, reader: Person | None) -> bool:
    if reader is None or workspace.conversations.is_member(channel, reader.id):
        return True
    return reader.is_ours and not (reader.is_guest or channel.is_private or channel.is_im)


def messages(workspace: Workspace, query: Query) -> Json:
    """Return a channel's messages as one person sees them; without a person, those that all may see."""
    reader, channel = _reader(workspace, query), workspace.conversations.channel(query.get("channel", ""))
    if not _may_read(workspace, channel, reader):
        raise Refused("This person cannot see that channel.", 403)
    conversations, names = (
        workspace.conversations,
        {p.id: p.name for p in workspace.conversations.people.values()},
    )
    visible = conversations.visible(channel, reader.id if reader else None, query.get("thread_ts") or None)
    seen = [as_seen(m, names.get(m.author, "Slackbot"), conversations.reply_count(m)) for m in visible]
    return {"messages": seen}


def views(workspace: Workspace, query: Query) -> Json:
    """Return a person's open modals, the top one last."""
    return {"views": [as_payload(v) for v in workspace.views.stacks[_required_reader(workspace, query).id]]}


def home(workspace: Workspace, query: Query) -> Json:
    """Return a person's Home tab."""
    view = workspace.views.homes.get(_required_reader(workspace, query).id)
    return {"view": as_payload(view) if view else None}


def files(workspace: Workspace, query: Query) -> Json:
    """Return the complete files of all channels a person sees."""
    reader, conversations = _reader(workspace, query), workspace.conversations
    shared = [(f, c) for f in workspace.files.files.values() for c in f.channels if f.is_complete]
    seen = [(f, c) for f, c in shared if _may_read(workspace, conversations.channels[c], reader)]
    return {"files": [file_payload(f, workspace.url) | {"channel": c, "text": f.text} for f, c in seen]}


def log(workspace: Workspace, _: Query) -> Json:
    """Return everything that happened."""
    return {"entries": list(workspace.journal.entries)}


def overview(workspace: Workspace, _: Query) -> Json:
    """Return who and what is here."""
    conversations = workspace.conversations
    users = [_person(person) for person in conversations.people.values()]
    shown = [channel for channel in conversations.channels.values() if not channel.is_im]
    return {
        "team": {"id": people.TEAM_ID, "name": people.TEAM_NAME, "domain": people.TEAM_DOMAIN},
        "users": users,
        "channels": [asdict(channel) for channel in shown],
        "groups": [{"id": group.id, "handle": group.handle} for group in conversations.groups.values()],
        "commands": [asdict(command) for command in workspace.manifest.commands],
        "connected": len(workspace.sockets.connections),
        "has_home_tab": workspace.manifest.has_home_tab,
    }


def _person(person: Person) -> Json:
    shown = {"id": person.id, "handle": person.handle, "name": person.name, "team_id": person.team_id}
    return shown | {"is_guest": person.is_guest, "is_bot": person.is_bot, "color": f"#{person.color}"}


async def stream_changes(workspace: Workspace, request: web.Request) -> web.StreamResponse:
    """Serve the stream of changes until the reader leaves."""
    reader = _reader(workspace, request.query)
    headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    await response.write(b": listening\n\n")
    listener = Listener(reader.id if reader else None)
    workspace.journal.listeners.add(listener)
    try:
        while lines := await _next_lines(listener):
            await response.write(lines)
    except ConnectionError:
        pass
    finally:
        workspace.journal.listeners.discard(listener)
    return response


async def _next_lines(listener: Listener) -> bytes:
    """Return the next change, after a while a comment that finds out if the reader is there, at the end nothing."""
    try:
        async with asyncio.timeout(KEEP_ALIVE_S):
            change = await listener.changes.get()
    except TimeoutError:
        return b": still here\n\n"
    if change is None:
        return b""
    document = {"kind": change.kind} | ({"channel": change.channel} if change.channel else {})
    return f"data: {json.dumps(document)}\n\n".encode()


QUERIES: Mapping[str, Callable[[Workspace, Query], Json]] = MappingProxyType(
    {
        "files": files,
        "home": home,
        "log": log,
        "messages": messages,
        "views": views,
        "workspace": overview,
    }
)
