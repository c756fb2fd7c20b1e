"""Socket Mode: tickets, the link itself, envelopes out and acknowledgements in.

It measures how long an acknowledgement took; what the person then sees is decided by the callers.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Coroutine
from typing import Any

from aiohttp import web

from bot.demo.workspace.connections import Connection, Connections, disconnect, hello
from bot.demo.workspace.envelopes import Delivery, Envelope, Outcome, Retry
from bot.demo.workspace.failure import Json
from bot.demo.workspace.journal import Change, Journal
from bot.demo.workspace.timing import Timing


class Sockets:
    """The app's side of Socket Mode as Slack runs it."""

    def __init__(self, timing: Timing, journal: Journal) -> None:
        self.connections = Connections()
        self.is_refusing = False
        self.is_dismissing = False
        self.last: Envelope | None = None
        self._timing = timing
        self._journal = journal
        self._tickets: set[str] = set()
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self._errands: set[asyncio.Task[Any]] = set()

    def ticket(self) -> str:
        """Return a new one-use ticket."""
        ticket = secrets.token_urlsafe(16)
        self._tickets.add(ticket)
        return ticket

    def begin(self, errand: Coroutine[Any, Any, Any]) -> None:
        """Run something in the background until it is done or the workspace stops."""
        task = asyncio.ensure_future(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def stop(self) -> None:
        """Cut every connection and stop every errand."""
        self.is_refusing = True
        for connection in self.connections:
            connection.cut()
        errands = list(self._errands)
        for errand in errands:
            errand.cancel()
        await asyncio.gather(*errands, return_exceptions=True)

    async def link(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection from its ticket to its end."""
        ticket = request.query.get("ticket", "")
        if self.is_refusing or ticket not in self._tickets:
            return web.Response(status=503 if self.is_refusing else 404, text="no such ticket")
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse(autoping=False, compress=False)
        await socket.prepare(request)
        connection = Connection(socket, request)
        if self.is_dismissing or not self.connections.add(connection):
            await connection.send(disconnect("too_many_websockets"))
            await socket.close()
        else:
            await self._serve(connection)
        return socket

    async def _serve(self, connection: Connection) -> None:
        self._note("connected")
        await connection.send(hello(len(self.connections)))
        timing = self._timing
        self.begin(connection.keep_alive(timing.server_ping_s, timing.server_timeout_s))
        try:
            await connection.listen(self._hear)
        finally:
            self.connections.remove(connection)
            self._note("disconnected")

    def _note(self, kind: str) -> None:
        self._journal.write(kind=kind, ok=True, connections=len(self.connections))
        self._journal.announce(Change("connection"))

    def _hear(self, text: str) -> None:
        try:
            acknowledgement = json.loads(text)
            waiting = self._waiting.pop(str(acknowledgement["envelope_id"]))
        except (ValueError, KeyError, TypeError):
            self._journal.write(kind="ack", ok=False, error="unknown_envelope", frame=text)
        else:
            waiting.set_result(acknowledgement)

    async def deliver(self, envelope: Envelope, retry: Retry | None = None) -> Delivery:
        """Send an envelope to any connection and wait for its acknowledgement as long as Slack does."""
        self.last = envelope
        connection, envelope_id = self.connections.pick(), secrets.token_hex(16)
        names = {"type": envelope.kind, "envelope_id": envelope_id, "retry_attempt": retry and retry.attempt}
        self._journal.write(kind="envelope", ok=connection is not None, payload=envelope.payload, **names)
        if connection is None:
            return Delivery(Outcome.NOBODY_CONNECTED)
        delivery = await self._acknowledgement(connection, envelope_id, envelope.frame(envelope_id, retry))
        fate = {"ok": delivery.is_acknowledged, "ms": delivery.ack_ms, "payload": delivery.payload}
        error = None if delivery.is_acknowledged else delivery.outcome
        self._journal.write(kind="ack", type=envelope.kind, envelope_id=envelope_id, error=error, **fate)
        return delivery

    async def _acknowledgement(self, connection: Connection, envelope_id: str, frame: Json) -> Delivery:
        answer = self._waiting[envelope_id] = asyncio.get_running_loop().create_future()
        sent_at = time.perf_counter()
        await connection.send(frame)
        try:
            async with asyncio.timeout(self._timing.acknowledge_s + self._timing.linger_s):
                acknowledgement = await answer
        except TimeoutError:
            return Delivery(Outcome.TIMED_OUT)
        finally:
            self._waiting.pop(envelope_id, None)
        ack_ms = round((time.perf_counter() - sent_at) * 1000, 3)
        if ack_ms > self._timing.acknowledge_s * 1000:
            return Delivery(Outcome.TIMED_OUT, ack_ms)
        return Delivery(Outcome.ACKNOWLEDGED, ack_ms, acknowledgement.get("payload"))

    async def deliver_event(self, payload: Json) -> None:
        """Send an event, and again at Slack's intervals until it is acknowledged."""
        envelope = Envelope("events_api", payload)
        delivery = await self.deliver(envelope)
        for attempt, pause_s in enumerate(self._timing.redeliver_after_s, start=1):
            if delivery.is_acknowledged:
                return
            await asyncio.sleep(pause_s)
            delivery = await self.deliver(envelope, Retry(attempt))
