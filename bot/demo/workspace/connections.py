"""The open Socket Mode connections and the one-use tickets that open them.

It sends frames and answers pings; what goes out and what an acknowledgement means is decided in `sockets`.
"""

import asyncio
import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from bot.demo.workspace import people
from bot.demo.workspace.failure import Json

MAX_CONNECTIONS = 10
PING = b"Ping from applink-1"


@dataclass(eq=False)
class Connection:
    """One WebSocket of the app."""

    socket: web.WebSocketResponse
    request: web.Request
    last_received_at: float = field(default_factory=time.monotonic)
    is_silent: bool = False
    """A dead link: nothing arrives in either direction, though TCP stays up."""
    is_leaving: bool = False
    """Asked to disconnect; gets no more envelopes while another connection is open."""

    async def send(self, document: Json) -> None:
        """Send one text frame, unless the link is dead or just gone."""
        if not self.is_silent and not self.socket.closed:
            with suppress(ConnectionError):
                await self.socket.send_str(json.dumps(document))

    def cut(self) -> None:
        """Drop the TCP connection without a word."""
        if self.request.transport is not None:
            self.request.transport.abort()

    async def listen(self, hear: Callable[[str], None]) -> None:
        """Pass on text frames and answer pings until the connection ends."""
        async for frame in self.socket:
            if self.is_silent:
                continue
            self.last_received_at = time.monotonic()
            if frame.type is WSMsgType.TEXT:
                hear(frame.data)
            elif frame.type is WSMsgType.PING:
                await self.socket.pong(frame.data)

    async def keep_alive(self, interval_s: float, timeout_s: float) -> None:
        """Ping at an interval; cut a connection that was not heard for too long."""
        while not self.socket.closed and time.monotonic() - self.last_received_at < timeout_s:
            await asyncio.sleep(interval_s)
            if self.is_silent:
                return  # a dead link is left to the app to notice
            with suppress(ConnectionError):
                await self.socket.ping(PING)
        self.cut()


class Connections:
    """All open connections, in the order they were opened."""

    def __init__(self) -> None:
        self._open: list[Connection] = []

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._open))

    def pick(self) -> Connection | None:
        """Return any connection, as Slack promises no pattern."""
        staying = [connection for connection in self._open if not connection.is_leaving]
        return random.choice(staying or self._open) if self._open else None  # noqa: S311 - not a secret

    def add(self, connection: Connection) -> bool:
        """Add a connection unless there are too many."""
        if len(self._open) >= MAX_CONNECTIONS:
            return False
        self._open.append(connection)
        return True

    def remove(self, connection: Connection) -> None:
        """Forget a connection that ended."""
        self._open.remove(connection)


def hello(count: int) -> Json:
    """Return the first frame of a connection."""
    debug = {"host": "applink-1", "build_number": 1, "approximate_connection_time": 18060}
    return {
        "type": "hello",
        "num_connections": count,
        "debug_info": debug,
        "connection_info": {"app_id": people.APP_ID},
    }


def disconnect(reason: str) -> Json:
    """Return the frame that asks a client to go."""
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-1"}}
