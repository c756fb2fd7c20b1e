"""The upload in three steps: ask for an address, post the bytes there, complete the file in a channel.

Plays Slack's server towards the app; the old files.upload does not exist.
"""

from aiohttp import web

from bot.demo.workspace import people
from bot.demo.workspace.arguments import Arguments
from bot.demo.workspace.chat_api import writable_channel
from bot.demo.workspace.failure import Failure, Json, with_messages
from bot.demo.workspace.files import File, as_payload
from bot.demo.workspace.messages import Message
from bot.demo.workspace.people import Channel
from bot.demo.workspace.workspace import Workspace


def get_upload_url(workspace: Workspace, arguments: Arguments) -> Json:
    """Answer files.getUploadURLExternal."""
    length = arguments.number("length", 0)
    if length <= 0:
        raise with_messages("invalid_arguments", ["must be greater than 0 [json-pointer:/length]"])
    file = workspace.files.expect(arguments.required("filename"), length)
    return {"upload_url": f"{workspace.url}/upload/v1/{file.ticket}", "file_id": file.id}


async def receive_upload(workspace: Workspace, request: web.Request) -> web.Response:
    """Serve the POST of the bytes, raw or as a form's file."""
    if request.content_type == "multipart/form-data":
        fields = [field for field in (await request.post()).values() if isinstance(field, web.FileField)]
        content = fields[0].file.read() if fields else b""
    else:
        content = await request.read()
    try:
        workspace.files.receive(request.match_info["ticket"], content)
    except Failure as failure:
        workspace.journal.write(kind="upload", ok=False, error=failure.error)
        return web.Response(status=400, text=failure.error)
    workspace.journal.write(kind="upload", ok=True, size=len(content))
    return web.Response(text=f"OK - {len(content)}")


def complete_upload(workspace: Workspace, arguments: Arguments) -> Json:
    """Answer files.completeUploadExternal: the files become visible in one message a channel."""
    listed = arguments.structure("files", "invalid_arguments")
    if not isinstance(listed, list) or not listed or not all(isinstance(item, dict) for item in listed):
        raise with_messages("invalid_arguments", ["must be a list of files [json-pointer:/files]"])
    channels = [_target(workspace, reference) for reference in _references(arguments)]
    files = [workspace.files.complete(str(item.get("id"))) for item in listed]
    for file, item in zip(files, listed, strict=True):
        file.is_complete, file.title = True, item.get("title") or file.name
        file.channels = [channel.id for channel in channels]
    for channel in channels:
        _share(workspace, channel, files, arguments)
    return {"files": [as_payload(file, workspace.url) for file in files]}


def _references(arguments: Arguments) -> list[str]:
    references = [arguments.text("channel_id"), *arguments.text("channels").split(",")]
    return [reference for reference in references if reference]


def _target(workspace: Workspace, reference: str) -> Channel:
    """Return the channel of an id; names and people's ids are not taken here."""
    if reference not in workspace.conversations.channels:
        raise Failure("channel_not_found")
    channel = writable_channel(workspace, reference)
    if people.BOT_USER_ID not in channel.members:
        raise Failure("not_in_channel")
    return channel


def _share(workspace: Workspace, channel: Channel, files: list[File], arguments: Arguments) -> None:
    ts, comment = workspace.conversations.next_ts(), arguments.text("initial_comment")
    message = Message(ts, channel.id, people.BOT_USER_ID, comment)
    message.thread_ts = arguments.text("thread_ts") or None
    message.files = [as_payload(file, workspace.url) for file in files]
    workspace.post(message)
