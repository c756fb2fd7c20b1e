"""Apply injected faults to any HTTP answer: before or after its effect, late, with an error, or not at all."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

from aiohttp import web

from bot.demo.workspace.faults import Fault
from bot.demo.workspace.workspace import Workspace

Answer = Callable[[], Awaitable[web.StreamResponse]]
NO_FAULT = Fault("")


async def answer_with_faults(
    workspace: Workspace, name: str, request: web.Request, answer: Answer
) -> web.StreamResponse:
    """Return the answer, unless a fault was injected for this name."""
    fault = workspace.faults.take(name, await _channel(request)) or NO_FAULT
    if fault.after_effect:
        response = await answer()
        await asyncio.sleep(fault.delay_s)
        return _faulty_response(workspace, request, fault) if fault.replaces_answer else response
    await asyncio.sleep(fault.delay_s)
    return _faulty_response(workspace, request, fault) if fault.replaces_answer else await answer()


async def _channel(request: web.Request) -> str | None:
    """Return the channel that a call is about, however its arguments are written; an upload is about none."""
    if request.content_type not in {"application/json", "application/x-www-form-urlencoded"}:
        return None
    body = await request.text()
    try:
        arguments = json.loads(body)
    except ValueError:
        return next(iter(parse_qs(body).get("channel", ())), None)
    return arguments.get("channel") if isinstance(arguments, dict) else None


def _faulty_response(workspace: Workspace, request: web.Request, fault: Fault) -> web.StreamResponse:
    status, headers, body = fault.answer
    workspace.journal.write(method=fault.method, ok=False, error=body["error"], status=status, fault=True)
    if fault.drop and request.transport is not None:
        request.transport.abort()
    return web.json_response(body, status=status, headers=headers)
