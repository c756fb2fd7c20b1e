"""Slash commands from the composer to the answer in the channel.

Plays Slack's client and server: who may run what where, and what is shown when the app fails.
"""

from bot.demo.workspace import payloads, people
from bot.demo.workspace.arguments import Arguments
from bot.demo.workspace.content import content_of
from bot.demo.workspace.envelopes import Delivery, Envelope
from bot.demo.workspace.failure import Failure, Json, Refused
from bot.demo.workspace.messages import Message
from bot.demo.workspace.people import Channel, Person
from bot.demo.workspace.workspace import Workspace


def require_composer(workspace: Workspace, person: Person, channel: Channel) -> None:
    """Refuse a person who could not type in this channel."""
    if not workspace.conversations.is_member(channel, person.id) or person.deleted:
        raise Refused(f"{person.name} is not a member of this channel.", 403)
    if channel.is_archived:
        raise Refused("This channel is archived.", 403)
    if channel.is_im and workspace.manifest.is_messages_tab_read_only:
        raise Refused("The app's messages tab is read-only.", 403)


def require_command(workspace: Workspace, person: Person, channel: Channel, command: str) -> None:
    """Refuse a command Slack's client would not send."""
    if "commands" not in workspace.manifest.scopes or command not in [
        known.command for known in workspace.manifest.commands
    ]:
        raise Refused(f"{command} is not a command of any installed app.", 404)
    if not person.is_ours:
        raise Refused("Slash commands of this app work only for people of its own workspace.", 403)
    require_composer(workspace, person, channel)


async def run_command(workspace: Workspace, person: Person, channel: Channel, command: str, text: str) -> Delivery:
    """Send a command to the app and show what it answers at once."""
    payload = payloads.slash_command(workspace.named, person, channel, command, text)
    payload["response_url"] = workspace.response_url(channel, person.id)
    payload["trigger_id"] = workspace.triggers.issue(person.id)
    delivery = await workspace.sockets.deliver(Envelope("slash_commands", payload, accepts_response=True))
    if not delivery.is_acknowledged:
        show_error(workspace, person, channel, command, delivery.outcome)
    elif delivery.payload:
        _show_answer(workspace, person, channel, f"{command} {text}".strip(), delivery.payload)
    return delivery


def show_error(workspace: Workspace, person: Person, channel: Channel, command: str, error: str) -> None:
    """Show what Slack's client shows when a command fails."""
    workspace.notify(channel, person.id, f'{command} failed with the error "{error}"')


def _show_answer(workspace: Workspace, person: Person, channel: Channel, line: str, answer: Json) -> None:
    is_public = answer.get("response_type") == "in_channel"
    try:
        text, blocks = content_of(Arguments(answer))
    except Failure as failure:
        workspace.journal.write(kind="ack_payload", ok=False, error=failure.error, **failure.extra)
        return show_error(workspace, person, channel, line.split(maxsplit=1)[0], "invalid_command_response")
    next_ts, bot = workspace.conversations.next_ts, people.BOT_USER_ID
    if is_public:
        workspace.post(Message(next_ts(), channel.id, person.id, line))
    reader = None if is_public else person.id
    return workspace.post(Message(next_ts(), channel.id, bot, text, blocks, reader=reader))
