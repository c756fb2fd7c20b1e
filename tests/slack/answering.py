"""Answers that Slack never gave: what a proxy or a broken line between us and it may say, byte by byte."""

from __future__ import annotations

import socketserver
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ANSWERS = {
    "502 page": b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 20\r\n\r\n<html>Sorry</html>\r\n",
    "200 page": b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n<html>Sorry</html>\r\n",
    "cut short": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
    "bad chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "429 without a word": b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n",
    "redirect": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",
}


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """Run a server that gives everybody the same bytes and hangs up."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65536)
            self.request.sendall(answer)

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/api/"
        server.shutdown()
        serving.join()
