"""Scripted faults: how the next request of a route goes wrong.

`applied` says whether the request takes effect all the same, and only its answer goes wrong.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass, field

from aiohttp import web

_CHUNK = b" " * 65_536


@dataclass(frozen=True, slots=True)
class Status:
    """An answer with this status, and perhaps a Retry-After (seconds, or an HTTP date)."""

    status: int
    retry_after: str | None = None
    applied: bool = False

    async def happen(self, request: web.Request, stopping: asyncio.Event) -> web.StreamResponse:
        """Answer."""
        headers = {} if self.retry_after is None else {"Retry-After": self.retry_after}
        document = {"error": {"code": "scripted", "message": "This fault was asked for."}}
        return web.json_response(document, status=self.status, headers=headers)


@dataclass(frozen=True, slots=True)
class Hang:
    """No answer at all, until the client gives up or the town stops."""

    applied: bool = False

    async def happen(self, request: web.Request, stopping: asyncio.Event) -> web.StreamResponse:
        """Wait."""
        await stopping.wait()
        return _cut(request)


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is reset once the request was received."""

    applied: bool = False

    async def happen(self, request: web.Request, stopping: asyncio.Event) -> web.StreamResponse:
        """Reset."""
        return _cut(request)


@dataclass(frozen=True, slots=True)
class Endless:
    """An answer whose body never ends."""

    applied: bool = False

    async def happen(self, request: web.Request, stopping: asyncio.Event) -> web.StreamResponse:
        """Write until nobody reads any more."""
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        try:
            while not stopping.is_set():
                await response.write(_CHUNK)
        except ConnectionError:
            pass
        return response


@dataclass(frozen=True, slots=True)
class Hold:
    """The request takes effect; its answer waits until a test says `released.set()`. `reached`: it has come."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def held(self, stopping: asyncio.Event) -> None:
        """Wait until it may be answered, or the town stops."""
        self.reached.set()
        ends = [asyncio.create_task(event.wait()) for event in (self.released, stopping)]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()


@dataclass(frozen=True, slots=True)
class Slow:
    """The request takes effect, and is answered so many seconds later."""

    seconds: float

    async def held(self, stopping: asyncio.Event) -> None:
        """Wait so long, or until the town stops."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), self.seconds)


Fault = Status | Hang | Reset | Endless | Hold | Slow


def _cut(request: web.Request) -> web.StreamResponse:
    transport = request.transport
    if transport is not None:
        # With this the system sends a reset, and not an orderly end.
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
    return web.Response()
