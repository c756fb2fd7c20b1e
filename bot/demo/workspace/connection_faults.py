"""What can be done to the Socket Mode connections on purpose: cut, refresh, silence, refuse, repeat.

Each disturbance is one function in a table; the connections themselves notice nothing special.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType

from bot.demo.workspace.connections import Connection, disconnect
from bot.demo.workspace.envelopes import Retry
from bot.demo.workspace.failure import Refused
from bot.demo.workspace.sockets import Sockets
from bot.demo.workspace.timing import Timing


async def disturb(sockets: Sockets, timing: Timing, action: str) -> None:
    """Carry out a disturbance by its name."""
    disturbance = DISTURBANCES.get(action)
    if disturbance is None:
        raise Refused(f"The socket knows only {', '.join(DISTURBANCES)}.", 400)
    await disturbance(sockets, timing)


async def _dismiss(sockets: Sockets, reason: str) -> list[Connection]:
    """Ask every connection to go and return them."""
    leaving = list(sockets.connections)
    for connection in leaving:
        connection.is_leaving = True
        await connection.send(disconnect(reason))
    return leaving


async def _cut_after(seconds: float, leaving: Sequence[Connection]) -> None:
    await asyncio.sleep(seconds)
    for connection in leaving:
        connection.cut()


async def _refresh_after_warning(timing: Timing, leaving: Sequence[Connection]) -> None:
    await asyncio.sleep(timing.warning_s)
    for connection in leaving:
        await connection.send(disconnect("refresh_requested"))
    await _cut_after(timing.closing_s, leaving)


async def drop(sockets: Sockets, _: Timing) -> None:
    """Cut every TCP connection."""
    await _cut_after(0, list(sockets.connections))


async def refresh(sockets: Sockets, timing: Timing) -> None:
    """Ask every connection to be replaced, and cut those that stay."""
    leaving = await _dismiss(sockets, "refresh_requested")
    sockets.begin(_cut_after(timing.closing_s, leaving))


async def warn(sockets: Sockets, timing: Timing) -> None:
    """Announce the refresh first, as Slack sometimes does."""
    leaving = await _dismiss(sockets, "warning")
    sockets.begin(_refresh_after_warning(timing, leaving))


async def disable(sockets: Sockets, timing: Timing) -> None:
    """Switch Socket Mode off until `accept`."""
    sockets.is_refusing = True
    leaving = await _dismiss(sockets, "link_disabled")
    sockets.begin(_cut_after(timing.closing_s, leaving))


async def silence(sockets: Sockets, _: Timing) -> None:
    """Let every open link go dead without closing it."""
    for connection in sockets.connections:
        connection.is_silent = True


async def refuse(sockets: Sockets, _: Timing) -> None:
    """Refuse new connections."""
    sockets.is_refusing = True


async def dismiss(sockets: Sockets, _: Timing) -> None:
    """Let new connections open and ask them to go at once, as when there are too many."""
    sockets.is_dismissing = True


async def accept(sockets: Sockets, _: Timing) -> None:
    """Take new connections again."""
    sockets.is_refusing = sockets.is_dismissing = False


async def redeliver_last(sockets: Sockets, _: Timing) -> None:
    """Deliver the last envelope once more, as Slack sometimes does."""
    if sockets.last is None:
        raise Refused("Nothing was delivered yet.")
    await sockets.deliver(sockets.last, Retry(1))


DISTURBANCES: Mapping[str, Callable[[Sockets, Timing], Awaitable[None]]] = MappingProxyType(
    {
        "accept": accept,
        "disable": disable,
        "dismiss": dismiss,
        "drop": drop,
        "redeliver_last": redeliver_last,
        "refresh": refresh,
        "refuse": refuse,
        "silence": silence,
        "warning": warn,
    }
)
