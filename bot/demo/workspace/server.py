"""The workspace on the network: routes, the guard against foreign pages, and the thread it runs in.

Listens on 127.0.0.1 only. `RunningWorkspace` is the way in for the demo and for tests.
"""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from aiohttp import web

from bot.demo.workspace import people
from bot.demo.workspace.control_api import ACTIONS
from bot.demo.workspace.failure import Refused
from bot.demo.workspace.fault_injection import answer_with_faults
from bot.demo.workspace.files_api import receive_upload
from bot.demo.workspace.manifest import read_manifest
from bot.demo.workspace.queries import QUERIES, stream_changes
from bot.demo.workspace.response_posts import answer_response_url
from bot.demo.workspace.timing import Timing
from bot.demo.workspace.web_api import answer_call
from bot.demo.workspace.workspace import Workspace

HOST = "127.0.0.1"
PAGE = Path(__file__).parent.parent / "page"
MAX_BODY = 64 * 1024 * 1024
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def is_local(request: web.Request, port: int) -> bool:
    """Tell whether a request is meant for this server and comes from no foreign page."""
    names = {f"{name}{suffix}" for name in (HOST, "localhost") for suffix in ("", f":{port}")}
    origins = {f"http://{name}" for name in names} | {None}
    return request.host in names and request.headers.get("Origin") in origins


class Routes:
    """What answers which address."""

    def __init__(self, workspace: Workspace, port: int) -> None:
        self._workspace = workspace
        self._port = port

    def application(self) -> web.Application:
        """Return the application with all its routes."""
        application = web.Application(middlewares=[self.guard], client_max_size=MAX_BODY)
        application.router.add_routes(
            [
                web.route("*", "/api/{method}", self.web_api),
                web.get("/link", self._workspace.sockets.link),
                web.post("/response/{key}", self.response_url),
                web.post("/upload/v1/{ticket}", self.upload),
                web.get("/files/{id}", self.download),
                web.get("/archives/{channel}/{message}", self.permalink),
                web.get("/team/{user}", self.profile),
                web.get("/control/events", partial(stream_changes, self._workspace)),
                web.get("/control/{query}", self.query),
                web.post("/control/{action}", self.act),
                web.get("/", self.index),
            ]
        )
        if PAGE.is_dir():
            application.router.add_static("/page", PAGE)
        return application

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse foreign hosts and pages; turn refusals into sentences."""
        if not is_local(request, self._port):
            return web.json_response({"error": "Only this machine's own page may ask."}, status=403)
        try:
            return await handler(request)
        except Refused as refused:
            return web.json_response({"error": refused.sentence}, status=refused.status)

    async def web_api(self, request: web.Request) -> web.StreamResponse:
        """Serve a Web API method."""
        answer = partial(answer_call, self._workspace, request)
        return await answer_with_faults(self._workspace, request.match_info["method"], request, answer)

    async def response_url(self, request: web.Request) -> web.StreamResponse:
        """Serve a response URL."""
        answer = partial(answer_response_url, self._workspace, request)
        return await answer_with_faults(self._workspace, "response_url", request, answer)

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """Serve the second step of an upload."""
        answer = partial(receive_upload, self._workspace, request)
        return await answer_with_faults(self._workspace, "files.upload", request, answer)

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Serve a complete file."""
        file = self._workspace.files.files.get(request.match_info["id"])
        if file is None or not file.is_complete:
            raise Refused("There is no such file.", 404)
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"}
        return web.Response(body=file.content, content_type=file.mimetype, headers=headers)

    async def permalink(self, request: web.Request) -> web.StreamResponse:
        """Lead a permalink to the page."""
        channel, digits = request.match_info["channel"], request.match_info["message"].removeprefix("p")
        raise web.HTTPFound(f"/?channel={channel}&ts={digits[:-6]}.{digits[-6:]}")

    async def profile(self, request: web.Request) -> web.StreamResponse:
        """Lead a link to somebody's profile to the page."""
        self._workspace.conversations.person(request.match_info["user"])
        raise web.HTTPFound("/")

    async def query(self, request: web.Request) -> web.StreamResponse:
        """Serve a view of the workspace."""
        query = QUERIES.get(request.match_info["query"])
        if query is None:
            raise Refused(f"There is only {', '.join(QUERIES)} to look at.", 404)
        return web.json_response(query(self._workspace, request.query))

    async def act(self, request: web.Request) -> web.StreamResponse:
        """Serve an action of a person or a test."""
        action = ACTIONS.get(request.match_info["action"])
        if action is None:
            raise Refused(f"One can only {', '.join(ACTIONS)} here.", 404)
        try:
            document = await request.json()
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise Refused("The body must be a JSON object.", 400)
        return web.json_response(await action(self._workspace, document))

    async def index(self, _: web.Request) -> web.StreamResponse:
        """Serve the page."""
        if not (PAGE / "index.html").is_file():
            raise Refused("The page is not there.", 404)
        return web.FileResponse(PAGE / "index.html")


class RunningWorkspace:
    """A workspace that listens for as long as the `with` block runs."""

    bot_token = people.BOT_TOKEN
    app_token = people.APP_TOKEN

    def __init__(self, *, manifest: Path, port: int = 0, timing: Timing | None = None) -> None:
        self._listener = socket.create_server((HOST, port))
        self._port: int = self._listener.getsockname()[1]
        self.url = f"http://{HOST}:{self._port}"
        self._manifest = read_manifest(manifest)
        self._timing = timing or Timing()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="workspace", daemon=True)

    @property
    def api_url(self) -> str:
        """Return the address of the Web API."""
        return f"{self.url}/api/"

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self) -> None:
        self._workspace = Workspace(self._manifest, self._timing, self.url)
        application = Routes(self._workspace, self._port).application()
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.SockSite(self._runner, self._listener, backlog=512).start()

    async def _stop(self) -> None:
        self._workspace.journal.close()
        await self._workspace.sockets.stop()
        await self._runner.cleanup()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
