"""A small HTTP server for three pages, on a loopback port unless the settings say otherwise.

A port that is taken is said in the log and costs the pages, not the bot: people's answers matter more than probes, and
a probe that gets no answer is an alarm already.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    import threading

log = structlog.stdlib.get_logger(__name__)

LOOK_SECONDS = 0.5
CLIENT_SECONDS = 5
NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Page:
    """An answer."""

    status: int
    kind: str
    body: bytes


Pages = Mapping[str, Callable[[], Page]]


def serve(host: str, port: int, pages: Pages, stopping: threading.Event) -> None:
    """Answer until stopped; return at once where nobody can listen."""
    try:
        server = ThreadingHTTPServer((host, port), _handler(pages))
    except OSError as error:
        log.error("health cannot be served", address=f"{host}:{port}", error=str(error))
        return
    log.info("serving health", address=f"http://{host}:{server.server_address[1]}")
    server.daemon_threads = True
    server.timeout = LOOK_SECONDS
    with server:
        while not stopping.is_set():
            server.handle_request()


def _handler(pages: Pages) -> type[BaseHTTPRequestHandler]:
    missing = Page(NOT_FOUND, "text/plain", f"There is only {', '.join(pages)} here.\n".encode())

    class Handler(BaseHTTPRequestHandler):
        """Answers GET and HEAD."""

        timeout = CLIENT_SECONDS

        def do_GET(self) -> None:
            """Answer with a page."""
            page = pages.get(self.path.partition("?")[0], lambda: missing)()
            self.send_response(page.status)
            self.send_header("Content-Type", page.kind)
            self.send_header("Content-Length", str(len(page.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(page.body)

        do_HEAD = do_GET  # noqa: N815 - the library's name

        def log_message(self, *_: Any) -> None:
            """Say nothing: probes come every few seconds."""

    return Handler
