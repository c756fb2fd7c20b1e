"""What people do without the app's elements: say something, open the app's Home tab.

The app hears of it only through the events its manifest subscribes to.
"""

from bot.demo.workspace import payloads, people
from bot.demo.workspace.commands import require_composer
from bot.demo.workspace.failure import Json, Refused
from bot.demo.workspace.messages import Message
from bot.demo.workspace.people import Channel, Person
from bot.demo.workspace.views import as_payload
from bot.demo.workspace.workspace import Workspace

MENTION = f"<@{people.BOT_USER_ID}>"


def say(workspace: Workspace, person: Person, channel: Channel, text: str, thread_ts: str | None) -> Message:
    """Post a person's message."""
    require_composer(workspace, person, channel)
    if thread_ts and workspace.conversations.find(channel.id, thread_ts) is None:
        raise Refused("There is no such thread.", 404)
    ts = workspace.conversations.next_ts()
    message = Message(ts, channel.id, person.id, payloads.escaped(text), thread_ts=thread_ts)
    message.text = message.text.replace("@pkgstatus", MENTION)
    workspace.post(message)
    for kind, document in _events(channel, message).items():
        _emit(workspace, kind, document | {"team": person.team_id}, channel)
    return message


def _events(channel: Channel, message: Message) -> dict[str, Json]:
    """Return the events a message causes, by the name a manifest subscribes to."""
    said: Json = {"user": message.author, "text": message.text, "ts": message.ts, "channel": channel.id}
    said |= {"thread_ts": message.thread_ts} if message.thread_ts else {}
    kind = "im" if channel.is_im else "group" if channel.is_private else "channel"
    name = "message.im" if channel.is_im else f"message.{kind}s"
    events: dict[str, Json] = {name: said | {"type": "message", "channel_type": kind}}
    if MENTION in message.text and people.BOT_USER_ID in channel.members:
        events["app_mention"] = said | {"type": "app_mention"}
    return events


def open_home(workspace: Workspace, person: Person) -> None:
    """Open the app's Home tab as this person."""
    if not workspace.manifest.has_home_tab:
        raise Refused("This app has no Home tab.")
    if not person.is_ours:
        raise Refused("Only people of the app's own workspace can open its Home tab.", 403)
    channel = workspace.conversations.direct_message(person)
    document: Json = {
        "type": "app_home_opened",
        "user": person.acts_as or person.id,
        "channel": channel.id,
        "tab": "home",
    }
    home = workspace.views.homes.get(person.id)
    document |= {"view": as_payload(home)} if home else {}
    _emit(workspace, "app_home_opened", document, channel)


def _emit(workspace: Workspace, kind: str, document: Json, channel: Channel) -> None:
    if kind in workspace.manifest.events:
        payload = payloads.event(workspace.named, document, is_ext_shared=channel.is_ext_shared)
        workspace.sockets.begin(workspace.sockets.deliver_event(payload))
