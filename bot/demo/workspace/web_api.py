"""One Web API call from HTTP to HTTP: arguments, token, pace, scope, answer, log.

What a method does is in the method table; this file treats all of them alike.
"""

from aiohttp import web

from bot.demo.workspace import people
from bot.demo.workspace.arguments import Arguments, read_arguments
from bot.demo.workspace.failure import Failure, Json
from bot.demo.workspace.methods import METHODS, NO_TOKEN, Method
from bot.demo.workspace.workspace import RateLimited, Workspace


def authenticate(method: Method, request: web.Request, arguments: Arguments) -> None:
    """Check the token of a call against the kind its method takes."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    token = token.strip() if scheme.lower() == "bearer" else str(arguments.values.get("token", ""))
    if method.token == NO_TOKEN:
        return
    if not token:
        raise Failure("not_authed")
    if token not in (people.BOT_TOKEN, people.APP_TOKEN):
        raise Failure("invalid_auth")
    if token != method.token:
        raise Failure("not_allowed_token_type")


def perform(workspace: Workspace, name: str, request: web.Request, arguments: Arguments) -> Json:
    """Carry out one call and return its answer, or raise."""
    method = METHODS.get(name)
    if method is None:
        raise Failure("unknown_method", req_method=name)
    authenticate(method, request, arguments)
    retry_after = workspace.rates.wait_for_method(name, method.per_minute)
    if retry_after:
        raise RateLimited(retry_after)
    workspace.manifest.require(method.scopes)
    return {"ok": True, **method.answer(workspace, arguments)}


async def answer_call(workspace: Workspace, request: web.Request) -> web.Response:
    """Serve one call."""
    name = request.match_info["method"]
    arguments, headers, status = (
        Arguments({}),
        {"X-OAuth-Scopes": ",".join(sorted(workspace.manifest.scopes))},
        200,
    )
    try:
        arguments = await read_arguments(request)
        body = perform(workspace, name, request, arguments)
    except Failure as failure:
        body = failure.body
    except RateLimited as limited:
        body, status = {"ok": False, "error": "ratelimited"}, 429
        headers["Retry-After"] = str(limited.retry_after)
    shown = {key: value for key, value in arguments.values.items() if key != "token"}
    workspace.journal.write(method=name, ok=body["ok"], error=body.get("error"), status=status, args=shown)
    return web.json_response(body, status=status, headers=headers)
