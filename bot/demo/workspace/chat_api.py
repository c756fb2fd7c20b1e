"""The chat.* methods: post, update, delete, whisper, link.

Plays Slack's server towards the app; who sees a message afterwards is the message's own business.
"""

from bot.demo.workspace import people
from bot.demo.workspace.arguments import Arguments
from bot.demo.workspace.content import MAX_UPDATE_TEXT, content_of, metadata_of
from bot.demo.workspace.failure import Failure, Json, Refused
from bot.demo.workspace.messages import Message, as_payload
from bot.demo.workspace.people import Channel
from bot.demo.workspace.workspace import Workspace


def writable_channel(workspace: Workspace, reference: str) -> Channel:
    """Return the channel the app may post to, or fail as Slack does."""
    channel = known_channel(workspace, reference)
    is_member = people.BOT_USER_ID in channel.members
    if not is_member and channel.is_private:
        raise Failure("channel_not_found")
    if channel.is_archived:
        raise Failure("is_archived")
    if not is_member and "chat:write.public" not in workspace.manifest.scopes:
        raise Failure("not_in_channel")
    if channel.is_im and not workspace.manifest.has_messages_tab:
        raise Failure("messages_tab_disabled")
    return channel


def known_channel(workspace: Workspace, reference: str) -> Channel:
    """Return the channel for an id, a name, or the direct message for a person's id."""
    conversations = workspace.conversations
    person = conversations.known(reference)
    if person is not None and not person.is_bot and not person.deleted:
        return conversations.direct_message(person)
    try:
        return conversations.channel(reference.replace("@", "?"))
    except Refused:
        raise Failure("channel_not_found") from None


def own_message(workspace: Workspace, arguments: Arguments, error: str) -> Message:
    """Return the app's own message at `channel` and `ts`; ephemeral ones cannot be found."""
    channel = workspace.conversations.channels.get(arguments.required("channel"))
    if channel is None:
        raise Failure("channel_not_found")
    message = workspace.conversations.find(channel.id, arguments.required("ts"))
    if message is None or message.is_ephemeral:
        raise Failure("message_not_found")
    if not message.is_from_bot:
        raise Failure(error)
    return message


def _visible_payload(workspace: Workspace, message: Message) -> Json:
    return as_payload(message, workspace.hidden_block_types.get("answers", ()))


def post_message(workspace: Workspace, arguments: Arguments) -> Json:
    """Answer chat.postMessage."""
    channel = writable_channel(workspace, arguments.required("channel"))
    text, blocks = content_of(arguments)
    workspace.limit_posts(channel)
    message = Message(workspace.conversations.next_ts(), channel.id, people.BOT_USER_ID, text, blocks)
    message.metadata = metadata_of(arguments)
    message.thread_ts = arguments.text("thread_ts") or None
    message.is_broadcast = arguments.flag("reply_broadcast")
    workspace.post(message)
    return {"channel": channel.id, "ts": message.ts, "message": _visible_payload(workspace, message)}


def post_ephemeral(workspace: Workspace, arguments: Arguments) -> Json:
    """Answer chat.postEphemeral."""
    channel = writable_channel(workspace, arguments.required("channel"))
    reader = arguments.required("user")
    if reader not in channel.members:
        raise Failure("user_not_in_channel")
    text, blocks = content_of(arguments)
    message = Message(workspace.conversations.next_ts(), channel.id, people.BOT_USER_ID, text, blocks, reader=reader)
    message.thread_ts = arguments.text("thread_ts") or None
    workspace.post(message)
    return {"message_ts": message.ts}


def update(workspace: Workspace, arguments: Arguments) -> Json:
    """Answer chat.update: what is sent replaces what was there, and text alone removes the blocks."""
    message = own_message(workspace, arguments, "cant_update_message")
    text, blocks = content_of(arguments, MAX_UPDATE_TEXT)
    if arguments.has("metadata"):
        message.metadata = metadata_of(arguments)
    workspace.rewrite(message, text, blocks)
    return {"channel": message.channel, "ts": message.ts, "text": text, "message": _visible_payload(workspace, message)}


def delete(workspace: Workspace, arguments: Arguments) -> Json:
    """Answer chat.delete."""
    message = own_message(workspace, arguments, "cant_delete_message")
    workspace.delete(message)
    return {"channel": message.channel, "ts": message.ts}


def get_permalink(workspace: Workspace, arguments: Arguments) -> Json:
    """Answer chat.getPermalink with an address of this server."""
    channel = workspace.conversations.channels.get(arguments.required("channel"))
    if channel is None:
        raise Failure("channel_not_found")
    ts = arguments.required("message_ts")
    if workspace.conversations.find(channel.id, ts) is None:
        raise Failure("message_not_found")
    permalink = f"{workspace.url}/archives/{channel.id}/p{ts.replace('.', '')}"
    return {"channel": channel.id, "permalink": permalink}
