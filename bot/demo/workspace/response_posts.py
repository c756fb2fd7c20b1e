"""What a post to a response URL does: a new message, or another content for the message that was clicked.

It works where the app is no member, speaks to one person unless told otherwise, and never changes who sees a
message.
"""

from aiohttp import web

from bot.demo.workspace import people
from bot.demo.workspace.arguments import Arguments, read_arguments
from bot.demo.workspace.content import content_of, metadata_of
from bot.demo.workspace.failure import Failure
from bot.demo.workspace.messages import Message
from bot.demo.workspace.responses import ResponseUrl
from bot.demo.workspace.workspace import Workspace

GONE = frozenset({"invalid_url", "expired_url", "used_url"})


def respond(workspace: Workspace, response_url: ResponseUrl, arguments: Arguments) -> None:
    """Carry out one answer."""
    origin = response_url.origin
    if arguments.flag("delete_original"):
        if origin is None:
            raise Failure("message_not_found")
        return workspace.delete(origin)
    text, blocks = content_of(arguments)
    if arguments.flag("replace_original") and origin is not None:
        return workspace.rewrite(origin, text, blocks)
    message = Message(
        ts=workspace.conversations.next_ts(),
        channel=response_url.channel,
        author=people.BOT_USER_ID,
        text=text,
        blocks=blocks,
        reader=None if arguments.text("response_type") == "in_channel" else response_url.user,
        thread_ts=arguments.text("thread_ts") or (origin.thread_ts if origin else None),
        metadata=metadata_of(arguments),
    )
    return workspace.post(message)


async def answer_response_url(workspace: Workspace, request: web.Request) -> web.Response:
    """Serve one POST: `ok`, or the error as Slack words it."""
    try:
        response_url = workspace.responses.use(request.match_info["key"])
        arguments = await read_arguments(request)
        respond(workspace, response_url, arguments)
    except Failure as failure:
        workspace.journal.write(kind="response_url", ok=False, error=failure.error, **failure.extra)
        return _refusal(failure)
    workspace.journal.write(kind="response_url", ok=True, uses=response_url.uses, args=arguments.values)
    return web.Response(text="ok")


def _refusal(failure: Failure) -> web.Response:
    if failure.error in GONE:
        return web.Response(status=404, text=failure.error)
    if failure.extra:
        return web.json_response(failure.body, status=400)
    return web.Response(status=400, text=failure.error)
