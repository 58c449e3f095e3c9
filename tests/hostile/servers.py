"""Two strangers on loopback: one who only listens, and one whose every answer is hostile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiohttp import web

from tests.hostile.attacks import EVIL_PORT


@asynccontextmanager
async def listening(heard: list[str]) -> AsyncIterator[None]:
    """Whatever is sent to the attacker's host is `heard`. Tests side by side share the port: no word may come."""

    async def hear(request: web.Request) -> web.Response:
        heard.append(f"{request.method} {request.path_qs}")
        return web.Response(text="thank you")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", hear)
    async with _serving(app, EVIL_PORT):
        yield


@asynccontextmanager
async def speaking(said: Mapping[int, str]) -> AsyncIterator[str]:
    """A component that answers to `n` with what is `said` there: `/look` well, `/refuse` with a 400."""

    async def speak(request: web.Request) -> web.Response:
        text = said.get(int(request.query["n"]), "")
        status = 400 if request.path == "/refuse" else 200
        return web.json_response({"text": text, "message": text, "error": text}, status=status)

    app = web.Application()
    app.add_routes([web.get("/look", speak), web.get("/refuse", speak)])
    async with _serving(app, 0) as url:
        yield url


@asynccontextmanager
async def _serving(app: web.Application, port: int) -> AsyncIterator[str]:
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port, reuse_port=True).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
