"""A city's API on loopback, of which a test says what it answers, and which keeps what it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web


class City:
    """`/look` and `/watch` answer a GET, of which `/watch` keeps the query; what is POSTed anywhere is kept."""

    def __init__(self, answer: Any) -> None:
        self.received: list[Any] = []
        self.url = ""
        self._answer = answer

    async def look(self, _: web.Request) -> web.Response:
        """Answer, and keep nothing."""
        return web.json_response(self._answer)

    async def watch(self, request: web.Request) -> web.Response:
        """Answer, and keep what was asked for."""
        self.received.append(dict(request.query))
        return web.json_response(self._answer)

    async def take(self, request: web.Request) -> web.Response:
        """Keep the body."""
        self.received.append(await request.json())
        return web.json_response({"ok": True}, status=201)


@asynccontextmanager
async def city_with(answer: Any) -> AsyncIterator[City]:
    """A city at `url` that gives this answer, for as long as the block lasts."""
    city = City(answer)
    app = web.Application()
    app.add_routes([web.get("/look", city.look), web.get("/watch", city.watch), web.post("/{name}", city.take)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        city.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield city
    finally:
        await runner.cleanup()
