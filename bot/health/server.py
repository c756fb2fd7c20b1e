"""A small HTTP server for three pages, on a loopback port unless the settings say otherwise.

A port that is taken is said in the log and costs the pages, not the bot: people's answers matter more than probes, and
a probe that gets no answer is an alarm already.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple

import structlog
from prometheus_client import MetricsHandler, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

if TYPE_CHECKING:
    import threading

    from prometheus_client import CollectorRegistry

log = structlog.stdlib.get_logger(__name__)

METRICS = "/metrics"
LOOK_SECONDS = 0.5
CLIENT_SECONDS = 5
OK, NOT_FOUND, UNAVAILABLE = 200, 404, 503


class Page(NamedTuple):
    """An answer to a probe."""

    status: int
    kind: str
    body: bytes


Pages = Mapping[str, Callable[[], Page]]


class _ServerV6(ThreadingHTTPServer):
    address_family = socket.AF_INET6


def serve(host: str, port: int, registry: CollectorRegistry, pages: Pages, stopping: threading.Event) -> None:
    """Answer until stopped; return at once where nobody can listen. An IPv6 address has no brackets here."""
    kind, shown = (_ServerV6, f"[{host}]") if ":" in host else (ThreadingHTTPServer, host)
    try:
        server = kind((host, port), _handler(registry, pages))
    except OSError as error:
        log.error("health cannot be served", address=f"{shown}:{port}", error=str(error))
        return
    log.info("serving health", address=f"http://{shown}:{server.server_address[1]}")
    server.daemon_threads = True
    server.timeout = LOOK_SECONDS
    with server:
        while not stopping.is_set():
            server.handle_request()


def _handler(registry: CollectorRegistry, probes: Pages) -> type[MetricsHandler]:
    pages: Pages = {**probes, METRICS: lambda: Page(OK, CONTENT_TYPE_PLAIN_0_0_4, generate_latest(registry))}
    missing = Page(NOT_FOUND, "text/plain", f"There is only {', '.join(pages)} here.\n".encode())

    class Handler(MetricsHandler):
        """Prometheus' own handler, which also answers probes."""

        timeout = CLIENT_SECONDS

        def do_GET(self) -> None:  # noqa: N802 - the library's name
            """Answer with a page; the metrics in the format and compression that the client asks for."""
            if self.path.partition("?")[0] == METRICS:
                super().do_GET()
            else:
                self.wfile.write(self._head())

        def do_HEAD(self) -> None:  # noqa: N802
            """Answer with the head of a page."""
            self._head()

        def _head(self) -> bytes:
            """Send the head of the page that is asked for; return its body."""
            page = pages.get(self.path.partition("?")[0], lambda: missing)()
            self.send_response(page.status)
            self.send_header("Content-Type", page.kind)
            self.send_header("Content-Length", str(len(page.body)))
            self.end_headers()
            return page.body

    Handler.registry = registry
    return Handler
